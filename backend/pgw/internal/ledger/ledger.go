// Package ledger keeps the calls to the gateway that may have been carried out without an answer: each with its idempotency key,
// on disk before its first byte goes out. A Ledger is safe for concurrent use as far as its Memory is; two over one Memory are not.
package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/fault"
)

// Memory remembers small values durably; the offline.Store is one.
type Memory interface {
	// SetSetting stores a value, or forgets it when it is ""; it is on disk when the call returns.
	SetSetting(key, value string) error
	// Settings gives the values of all keys that begin with prefix.
	Settings(prefix string) (map[string]string, error)
}

// Call is a call that was begun.
type Call struct {
	// Name tells the calls of one ledger apart: what must be done once.
	Name string `json:"-"`
	// Key is its idempotency key.
	Key string `json:"key"`
	// Body is what was sent, without any secret.
	Body string `json:"body"`
	// StartedAt is UTC.
	StartedAt time.Time `json:"startedAt"`
}

// Ledger keeps calls under a prefix.
type Ledger struct {
	Memory Memory
	Prefix string
	Now    func() time.Time

	beginning sync.Mutex // two callers must not both find nothing, and write two keys for what must be done once
}

// Begin writes a call down, or gives the one that has this name already.
func (l *Ledger) Begin(op, name, body string) (call Call, again bool, err error) {
	l.beginning.Lock()
	defer l.beginning.Unlock()
	call, again, err = l.Find(op, name)
	if err != nil || again {
		return call, again, err
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return Call{}, false, fault.Wrap(fault.Internal, op, err)
	}
	call = Call{Name: name, Key: id.String(), Body: body, StartedAt: l.Now().UTC().Truncate(time.Second)}
	value, err := json.Marshal(call)
	if err != nil {
		return Call{}, false, fault.Wrap(fault.Internal, op, err)
	}
	if err := l.Memory.SetSetting(l.Prefix+name, string(value)); err != nil {
		return Call{}, false, fmt.Errorf("%s: keep the call: %w", op, err)
	}
	return call, false, nil
}

// Find gives the call of a name.
func (l *Ledger) Find(op, name string) (Call, bool, error) {
	values, err := l.Memory.Settings(l.Prefix + name)
	if err != nil {
		return Call{}, false, fmt.Errorf("%s: open calls: %w", op, err)
	}
	value := values[l.Prefix+name]
	if value == "" {
		return Call{}, false, nil
	}
	call, err := read(op, name, value)
	return call, err == nil, err
}

// End forgets a call.
func (l *Ledger) End(op, name string) error {
	if err := l.Memory.SetSetting(l.Prefix+name, ""); err != nil {
		return fmt.Errorf("%s: forget the call: %w", op, err)
	}
	return nil
}

// EndBefore forgets the calls that were begun before a time. One that cannot be read stays: List tells of it.
func (l *Ledger) EndBefore(op string, at time.Time) error {
	values, err := l.Memory.Settings(l.Prefix)
	if err != nil {
		return fmt.Errorf("%s: open calls: %w", op, err)
	}
	for key, value := range values {
		name := strings.TrimPrefix(key, l.Prefix)
		if call, err := read(op, name, value); err != nil || !call.StartedAt.Before(at) {
			continue
		}
		if err := l.End(op, name); err != nil {
			return err
		}
	}
	return nil
}

// List gives all calls, oldest first.
func (l *Ledger) List(op string) ([]Call, error) {
	values, err := l.Memory.Settings(l.Prefix)
	if err != nil {
		return nil, fmt.Errorf("%s: open calls: %w", op, err)
	}
	calls := make([]Call, 0, len(values))
	for key, value := range values {
		if value == "" {
			continue
		}
		call, err := read(op, strings.TrimPrefix(key, l.Prefix), value)
		if err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	slices.SortFunc(calls, func(a, b Call) int {
		if order := a.StartedAt.Compare(b.StartedAt); order != 0 {
			return order
		}
		return strings.Compare(a.Name, b.Name)
	})
	return calls, nil
}

func read(op, name, value string) (Call, error) {
	call := Call{}
	if err := json.Unmarshal([]byte(value), &call); err != nil || call.Key == "" {
		return Call{}, fault.New(fault.StorageDamaged, op, "a call that was begun cannot be read")
	}
	call.Name = name
	return call, nil
}
