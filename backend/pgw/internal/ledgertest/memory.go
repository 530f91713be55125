// Package ledgertest has the disk that tests of a ledger write to.
package ledgertest

import (
	"maps"
	"strings"
	"sync"

	"github.com/smartpos-go/terminal/fault"
)

// Memory is a ledger's Memory that outlives clients, as a disk does. It can be full. It is safe for concurrent use; its fields are
// for the time before and after.
type Memory struct {
	// Values are what is stored.
	Values map[string]string
	// Full makes every change storage_full.
	Full bool

	mu sync.Mutex
}

// SetSetting stores a value, or forgets it when it is "".
func (m *Memory) SetSetting(key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.Full:
		return fault.New(fault.StorageFull, "test: memory", "")
	case value == "":
		delete(m.Values, key)
	default:
		if m.Values == nil {
			m.Values = map[string]string{}
		}
		m.Values[key] = value
	}
	return nil
}

// Settings gives the values of all keys that begin with prefix.
func (m *Memory) Settings(prefix string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := maps.Clone(m.Values)
	maps.DeleteFunc(found, func(key, _ string) bool { return !strings.HasPrefix(key, prefix) })
	return found, nil
}
