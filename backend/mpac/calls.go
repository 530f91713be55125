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

// find errors: not_found for a key that has none open, storage_damaged.
func (c *calls) find(op, key string) (Pending, error) {
	values, err := c.values(op, key)
	if err != nil {
		return Pending{}, err
	}
	value, open := values[settingCall+key]
	if !open {
		return Pending{}, fault.New(fault.NotFound, op, "no call without an answer has this idempotency key")
	}
	p, err := pending(key, value)
	if err != nil {
		return Pending{}, fault.Wrap(fault.StorageDamaged, op, err)
	}
	return p, nil
}

// list keeps a damaged one, of which only the key is known.
func (c *calls) list() ([]Pending, error) {
	values, err := c.values("mpac: open calls", "")
	if err != nil {
		return nil, err
	}
	open := make([]Pending, 0, len(values))
	for name, value := range values {
		p, _ := pending(strings.TrimPrefix(name, settingCall), value)
		open = append(open, p)
	}
	slices.SortFunc(open, func(a, b Pending) int {
		if order := a.StartedAt.Compare(b.StartedAt); order != 0 {
			return order
		}
		return strings.Compare(a.Key, b.Key)
	})
	return open, nil
}

// values are the stored operations whose keys begin with a text, by the names of their settings.
func (c *calls) values(op, begin string) (map[string]string, error) {
	if c.memory == nil {
		return nil, nil
	}
	values, err := c.memory.Settings(settingCall + begin)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return values, nil
}

// pending reads a stored operation; with an error it has its key alone.
func pending(key, value string) (Pending, error) {
	var s stored
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		return Pending{Key: key}, err //nolint:wrapcheck // find says where.
	}
	return Pending{key, s.Method, s.Path, s.Body, s.StartedAt}, nil
}
