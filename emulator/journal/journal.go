// Package journal remembers the last requests to the emulated systems, with everything masked that must not be kept: card
// numbers, pairing codes, tokens, hashes and secrets. It is safe for concurrent use and lives in memory.
package journal

import (
	"sort"
	"strings"
	"sync"
	"time"
)

// MaxBody is how much of a body is kept, in bytes.
const MaxBody = 4 << 10

// capacity is how many requests are remembered.
const capacity = 20_000

// Row is one request.
type Row struct {
	ID           int64     `json:"id"`
	At           time.Time `json:"at"`
	System       string    `json:"system"`
	Method       string    `json:"method"`
	Path         string    `json:"path"`
	SerialNumber string    `json:"serialNumber"`
	Status       int       `json:"status"` // 0: no answer was sent
	Fault        string    `json:"fault,omitempty"`
	RequestBody  string    `json:"requestBody"`
	ResponseBody string    `json:"responseBody"`
}

// Journal is the memory. Make one with New.
type Journal struct {
	mu     sync.Mutex
	rows   []Row
	next   int64
	hidden []string
}

// New returns an empty journal that masks the given secrets wherever they stand. Its ids begin at the time in milliseconds, so
// that whoever watches it over a restart misses nothing.
func New(now time.Time, hidden ...string) *Journal {
	return &Journal{next: now.UnixMilli(), hidden: hidden}
}

// Add keeps a request and gives it as it is kept: masked, cut, with its id. The serial number stays as it is: give it only when
// there is such a terminal.
func (j *Journal) Add(row Row) Row {
	row.At = row.At.Truncate(time.Millisecond)
	row.Method, row.Path = mask(row.Method, j.hidden, true), mask(row.Path, j.hidden, true)
	row.RequestBody, row.ResponseBody = mask(row.RequestBody, j.hidden, true), mask(row.ResponseBody, j.hidden, false)
	// A masked body may be a piece of a far larger one.
	row.RequestBody, row.ResponseBody = strings.Clone(row.RequestBody), strings.Clone(row.ResponseBody)
	j.mu.Lock()
	defer j.mu.Unlock()
	row.ID = j.next
	j.next++
	if len(j.rows) >= capacity {
		j.rows = append(j.rows[:0:0], j.rows[capacity/10:]...)
	}
	j.rows = append(j.rows, row)
	return row
}

// Since gives at most limit requests behind an id, oldest first.
func (j *Journal) Since(id int64, limit int) []Row {
	j.mu.Lock()
	defer j.mu.Unlock()
	from := sort.Search(len(j.rows), func(i int) bool { return j.rows[i].ID > id })
	return append([]Row{}, j.rows[from:min(from+limit, len(j.rows))]...)
}
