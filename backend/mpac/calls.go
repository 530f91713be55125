package mpac

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// settingCall is before the key of an open operation in the Memory.
const settingCall = "mpac.call."

// calls keeps the operations without an answer.
type calls struct {
	memory Memory
	now    func() time.Time
}

// stored is an open operation as it is remembered.
type stored struct {
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Body      string    `json:"body,omitempty"`
	StartedAt time.Time `json:"startedAt"`
}

// begin writes an operation down and gives it a key when it has none. again is true when it was open before.
func (c *calls) begin(op string, o *Operation) (again bool, err error) {
	if o.Key == "" {
		if o.Key, err = newKey(op); err != nil {
			return false, err
		}
	} else if again, err = c.isOpen(op, *o); again || err != nil {
		return again, err
	}
	if c.memory == nil {
		return false, nil
	}
	value, err := json.Marshal(stored{o.Method, o.Path, string(o.Body), c.now().UTC().Truncate(time.Second)})
	if err != nil {
		return false, fault.Wrap(fault.Internal, op, err)
	}
	if err := c.memory.SetSetting(settingCall+o.Key, string(value)); err != nil {
		return false, fmt.Errorf("%s: keep the call: %w", op, err)
	}
	return false, nil
}

// isOpen looks for an open operation of a key. Under one key there is one operation.
func (c *calls) isOpen(op string, o Operation) (bool, error) {
	open, err := c.find(op, o.Key)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return false, nil
	case err != nil:
		return false, err
	case open.Method != o.Method || open.Path != o.Path || open.Body != string(o.Body):
		return true, fault.New(fault.Conflict, op, "this idempotency key belongs to another call that has no answer yet: resolve that one, or make a new key")
	}
	return true, nil
}

// end forgets an operation.
func (c *calls) end(key string) error {
	if c.memory == nil {
		return nil
	}
	if err := c.memory.SetSetting(settingCall+key, ""); err != nil {
		return fmt.Errorf("mpac: forget the call: %w", err)
	}
	return nil
}

func (c *calls) find(op, key string) (Pending, error) {
	all, err := c.list()
	if err != nil {
		return Pending{}, err
	}
	for _, open := range all {
		if open.Key == key {
			return open, nil
		}
	}
	return Pending{}, fault.New(fault.NotFound, op, "no call without an answer has this idempotency key")
}

func (c *calls) list() ([]Pending, error) {
	if c.memory == nil {
		return nil, nil
	}
	values, err := c.memory.Settings(settingCall)
	if err != nil {
		return nil, fmt.Errorf("mpac: open calls: %w", err)
	}
	open := make([]Pending, 0, len(values))
	for key, value := range values {
		var s stored
		if err := json.Unmarshal([]byte(value), &s); err != nil {
			return nil, fault.Wrap(fault.StorageDamaged, "mpac: open calls", err)
		}
		open = append(open, Pending{strings.TrimPrefix(key, settingCall), s.Method, s.Path, s.Body, s.StartedAt})
	}
	slices.SortFunc(open, func(a, b Pending) int {
		if order := a.StartedAt.Compare(b.StartedAt); order != 0 {
			return order
		}
		return strings.Compare(a.Key, b.Key)
	})
	return open, nil
}
