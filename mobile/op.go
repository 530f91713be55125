package mobile

import (
	"context"
	"sync"
)

// Op cancels a call that is under way. One Op serves any number of calls; once cancelled it cancels them all. Cancel works from
// any thread, any number of times. A call takes a nil Op too.
type Op struct {
	once sync.Once
	done chan struct{}
}

// NewOp returns an Op for the calls to come.
func NewOp() *Op { return &Op{done: make(chan struct{})} }

// Cancel ends the calls of this Op with the fault cancelled, and every later one at once.
func (o *Op) Cancel() {
	if o == nil || o.done == nil {
		return
	}
	o.once.Do(func() { close(o.done) })
}

// context is cancelled by the Op and by the terminal's end. Call release when the call is over.
func (o *Op) context(life context.Context) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancel(life)
	if o == nil || o.done == nil {
		return ctx, cancel
	}
	select {
	case <-o.done: // already cancelled: nothing may go out
		cancel()
		return ctx, cancel
	default:
	}
	go func() {
		select {
		case <-o.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
