package ws

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// queued is how many events wait for a slow listener, 64 KiB each at most. Those beyond are left to the server, which sends them
// again when the listener has caught up and the channel resumes.
const queued = 64

// source is the connection that an event came over.
type source interface {
	// acknowledge sends an ack, unless the connection is over.
	acknowledge(id string)
	// resume ends the connection, so that the next one brings what is missing after the last handled event.
	resume(why error)
	// resuming tells that resume was called: the rest of what this connection brought is of no use.
	resuming() bool
}

// item is a notice that waits, and where it came from; from is nil for what is no event.
type item struct {
	Notice
	from source
}

// delivery gives notices to the listener, one at a time and in order, on one goroutine.
type delivery struct {
	listener Listener
	memory   Memory
	log      *slog.Logger

	// stop is closed when nothing may be given any more, done when the goroutine has ended.
	stop, done chan struct{}
	// ready has a token when something waits.
	ready chan struct{}
	// handledCount rises with each handled event.
	handledCount atomic.Int64
	// owed: the listener was to be told to read the state anew and did not take it; of run alone.
	owed bool

	mu sync.Mutex
	// Guarded by mu: what waits, how many of it are events, which connection brought more than fits, and the last handled event.
	waiting []item
	events  int
	behind  source
	last    Position
	// inside is the goroutine that runs the listener now, 0 for none.
	inside  int64
	stopped bool
	// abandoned: another channel went on without waiting for the listener.
	abandoned bool
}

// startDelivery returns a delivery that close must end.
func startDelivery(listener Listener, memory Memory, log *slog.Logger) (*delivery, error) {
	last, err := memory.Position()
	if err != nil {
		return nil, fmt.Errorf("ws: last event: %w", err)
	}
	d := &delivery{
		listener: listener, memory: memory, log: log, last: last,
		stop: make(chan struct{}), done: make(chan struct{}), ready: make(chan struct{}, 1),
	}
	go d.run()
	return d, nil
}

// position is the last handled event.
func (d *delivery) position() Position {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// reread takes the position of Memory again: the channel before this one may have moved it.
func (d *delivery) reread() {
	last, err := d.memory.Position()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.last = last
	}
}

// put adds a notice; it never waits. Of two tidings of on and off that nobody heard the later one is enough.
func (d *delivery) put(it item) {
	d.mu.Lock()
	defer d.mu.Unlock()
	tail := len(d.waiting) - 1
	switch {
	case it.Kind == NoticeEvent && d.events == queued:
		d.behind = it.from
		return
	case it.Kind == NoticeEvent:
		d.events++
	case tail >= 0 && d.waiting[tail].Kind != NoticeEvent && (d.waiting[tail].Kind == ResyncRequired) == (it.Kind == ResyncRequired):
		d.waiting[tail] = it
		return
	}
	d.waiting = append(d.waiting, it)
	select {
	case d.ready <- struct{}{}:
	default:
	}
}

// ended is for a connection that is over: there is nothing to resume on it. What it brought stays good.
func (d *delivery) ended(over source) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.behind == over {
		d.behind = nil
	}
}

// take gives the next notice, and the connection that is to resume because nothing waits any more and it brought too much.
func (d *delivery) take() (it item, ok bool, behind source) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return item{}, false, nil
	}
	if len(d.waiting) == 0 {
		behind, d.behind = d.behind, nil
		return item{}, false, behind
	}
	it = d.waiting[0]
	d.waiting[0] = item{} // the payload is the listener's now
	d.waiting = d.waiting[1:]
	if it.Kind == NoticeEvent {
		d.events--
	}
	return it, true, nil
}

func (d *delivery) run() {
	defer func() {
		d.listener = nil // an app's listener may hold the app
		close(d.done)
	}()
	var told Notice
	var o *order
	var current source
	for {
		it, ok, behind := d.take()
		if behind != nil {
			behind.resume(errBehind)
		}
		if !ok {
			select {
			case <-d.ready:
				continue
			case <-d.stop:
				return
			}
		}
		if it.from != nil && it.from.resuming() {
			continue
		}
		if it.from != current && it.from != nil {
			if o == nil {
				o = &order{last: d.position()}
			}
			current = it.from
			o.begin()
		}
		switch it.Kind {
		case NoticeEvent:
			d.event(o, it)
		case ResyncRequired:
			d.resync(o)
		default:
			if same := told.Kind == it.Kind && told.Code == it.Code && told.Final == it.Final; !same {
				told = it.Notice
				d.tell(it.Notice)
			}
		}
	}
}

// event judges one event and does what follows.
func (d *delivery) event(o *order, it item) {
	switch o.judge(it.Event) {
	case duplicate:
		it.from.acknowledge(it.Event.ID)
		return
	case gap:
		it.from.resume(errResume)
		return
	case unclosed:
		d.log.Warn("events are missing and the server does not send them", "after", o.last.Seq, "next", it.Event.Seq)
		d.owed = true
	case deliver:
	}
	if d.owed {
		d.resync(o)
	}
	if !d.insist(it.Notice) && !d.passOver(o, it.Event) {
		return // not handled: the next channel gets it again
	}
	o.handled(it.Event)
	d.mu.Lock()
	d.last = o.last
	abandoned := d.abandoned
	d.mu.Unlock()
	if abandoned {
		return // the position is the other channel's now
	}
	d.handledCount.Add(1)
	if err := d.remember(o.last); err != nil {
		// Not acknowledged: after a restart it comes again, which is better than never.
		d.log.Error("the last event could not be stored", "fault", string(fault.CodeOf(err)))
		return
	}
	it.from.acknowledge(it.Event.ID)
}

func (d *delivery) remember(p Position) (err error) {
	defer caught("ws: last event", &err)
	return d.memory.SetPosition(p) //nolint:wrapcheck // logged by its code.
}

// passOver gives an event up that the listener does not take, and tells it so. false: the delivery was stopped before that was told.
func (d *delivery) passOver(o *order, e Event) bool {
	if d.isStopped() {
		return false
	}
	d.log.Error("the listener failed each time; the event is passed over", "event", httpx.Clip(e.Name, logged), "seq", e.Seq)
	d.resync(o)
	return !d.owed || !d.isStopped()
}

// resync tells that the state must be read anew; what comes next need not join on. A listener that does not take it hears it again
// before the next event.
func (d *delivery) resync(o *order) {
	d.owed = !d.insist(Notice{Kind: ResyncRequired})
	o.free = true
}

// close ends the delivery: nothing is given any more. It does not wait for a call of the listener that runs; done tells its end.
func (d *delivery) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.stopped {
		d.stopped = true
		close(d.stop)
	}
}

// abandon is for a delivery whose listener did not return in time: what it handled yet is not remembered.
func (d *delivery) abandon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.abandoned = true
}
