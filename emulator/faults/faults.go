// Package faults makes the emulator's worst days: each kind of fault is a small file, one table lists the kinds, and rules say
// whom a fault hits and how often. Everything is safe for concurrent use.
package faults

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// Fault is a rule as the admin API takes and gives it. Empty fields do not limit it.
type Fault struct {
	ID           string `json:"id"`
	Kind         string `json:"kind"`
	System       string `json:"system,omitempty"`
	Path         string `json:"path,omitempty"`
	SerialNumber string `json:"serialNumber,omitempty"`
	// Times is how often it hits; 0 is until it is deleted.
	Times     int    `json:"times,omitempty"`
	LatencyMs int    `json:"latencyMs,omitempty"`
	Status    int    `json:"status,omitempty"`
	Body      string `json:"body,omitempty"`
	Bytes     int    `json:"bytes,omitempty"`
	// Remaining hits; null is endless.
	Remaining *int `json:"remaining"`
}

// kind is what a fault does to a request. Each has a file of its own.
type kind struct {
	// check says what is wrong with a rule's own fields.
	check func(f Fault) error
	// apply answers in place of next, or calls it. It is nil for refuse, which acts before there is a request.
	apply func(f Fault, next http.Handler) http.Handler
	// ends: apply never calls next, so that later faults do not act on the request.
	ends bool
}

var kinds = map[string]kind{
	"refuse":      refuse,
	"latency":     latency,
	"status":      status,
	"reset":       reset,
	"cut":         cut,
	"drop_answer": dropAnswer,
}

// Systems that a fault may name.
var systems = map[string]bool{"": true, "macs": true}

// ErrBad is wrapped by what Add refuses.
var ErrBad = errors.New("bad fault")

func bad(text string) error { return fmt.Errorf("%w: %s", ErrBad, text) }

// Table holds the faults that are in force.
type Table struct {
	mu    sync.Mutex
	rules []*Fault
	next  int
}

// NewTable returns an empty table.
func NewTable() *Table { return &Table{} }

// Add puts a fault in force and gives its id.
func (t *Table) Add(f Fault) (string, error) {
	k, known := kinds[f.Kind]
	switch {
	case !known:
		return "", bad("kind must be refuse, latency, status, reset, cut or drop_answer")
	case !systems[f.System]:
		return "", bad("system is not emulated")
	case f.Times < 0:
		return "", bad("times cannot be negative")
	}
	if k.check != nil {
		if err := k.check(f); err != nil {
			return "", err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	f.ID = fmt.Sprintf("f%d", t.next)
	f.Remaining = nil
	if f.Times > 0 {
		remaining := f.Times
		f.Remaining = &remaining
	}
	t.rules = append(t.rules, &f)
	return f.ID, nil
}

// List gives what is in force, used-up faults too.
func (t *Table) List() []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]Fault, len(t.rules))
	for i, rule := range t.rules {
		list[i] = *rule
		if rule.Remaining != nil {
			remaining := *rule.Remaining
			list[i].Remaining = &remaining
		}
	}
	return list
}

// Delete ends one fault; it reports whether there was one.
func (t *Table) Delete(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, rule := range t.rules {
		if rule.ID == id {
			t.rules = append(t.rules[:i], t.rules[i+1:]...)
			return true
		}
	}
	return false
}

// Clear ends all faults.
func (t *Table) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rules = nil
}

// take gives the faults that act on a request now, in the order they were added, and counts the hits.
func (t *Table) take(connection bool, system, path, serialNumber string) []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	var hits []Fault
	for _, rule := range t.rules {
		switch {
		case (kinds[rule.Kind].apply == nil) != connection,
			rule.System != "" && rule.System != system,
			rule.Path != "" && rule.Path != path,
			rule.SerialNumber != "" && rule.SerialNumber != serialNumber,
			rule.Remaining != nil && *rule.Remaining == 0:
			continue
		}
		if rule.Remaining != nil {
			*rule.Remaining--
		}
		hits = append(hits, *rule)
		if kinds[rule.Kind].ends {
			break
		}
	}
	return hits
}

// Wrap gives the handler with the faults of one request around it, and the name of the first of them, "" for none.
func (t *Table) Wrap(next http.Handler, system, path, serialNumber string) (http.Handler, string) {
	hits := t.take(false, system, path, serialNumber)
	if len(hits) == 0 {
		return next, ""
	}
	for i := len(hits) - 1; i >= 0; i-- {
		next = kinds[hits[i].Kind].apply(hits[i], next)
	}
	return next, hits[0].Kind
}
