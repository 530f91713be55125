package mobile

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/smartpos-go/terminal/fault"
)

// call is the one wrapper of every method: refuse when closed, count, cancel with op and Close, recover, encode the answer.
func (t *Terminal) call(name string, op *Op, do func(ctx context.Context) (any, error)) (answer string, err error) {
	defer recovered("mobile: "+name, &err)
	if err := t.begin(name); err != nil {
		return "", err
	}
	defer t.ended()
	ctx, release := op.context(t.life)
	defer release()
	if ctx.Err() != nil {
		return "", fault.New(fault.Cancelled, "mobile: "+name, "before it began")
	}
	value, err := do(ctx)
	if err != nil {
		return "", t.outward(name, err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "mobile: "+name, err)
	}
	return string(encoded), nil
}

// begin counts a call, unless the terminal is closed. One that Java made with new was never open.
func (t *Terminal) begin(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shut || t.life == nil {
		return fault.New(fault.Closed, "mobile: "+name, "the terminal is closed; open it again")
	}
	t.running++
	return nil
}

// ended counts a call off. The last one of a closed terminal gives everything back.
func (t *Terminal) ended() {
	t.mu.Lock()
	t.running--
	last := t.shut && t.running == 0
	t.mu.Unlock()
	if last {
		t.release()
	}
}

// outward gives every error that leaves a code: what Close cancelled is closed, what has none is internal.
func (t *Terminal) outward(name string, err error) error {
	if t.life.Err() != nil && fault.CodeOf(err) == fault.Cancelled {
		return fault.Wrap(fault.Closed, "mobile: "+name, err)
	}
	var known *fault.Fault
	if errors.As(err, &known) {
		return err
	}
	return fault.Wrap(fault.CodeOf(err), "mobile: "+name, err)
}
