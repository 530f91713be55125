package posstream

import (
	"sync"
	"sync/atomic"
)

// item waits for the worker of a connection: a notice, or the end of the connection.
type item struct {
	Notice
	end *ending
}

// size is the bytes that an event takes while it waits, those of its item included: many tiny events are no small matter either.
func (it item) size() int { return len(it.Data) + len(it.MsgID) + len(it.MsgType) + itemSize }

// ending is why a connection ends, and a last answer to the POS.
type ending struct {
	err  error // nil: the POS closed it
	last *message
}

// queue holds what a connection brought, in order.
type queue struct {
	// total is the bytes that wait on all connections.
	total *atomic.Int64

	mu sync.Mutex
	// Guarded by mu.
	items         []item
	events, bytes int
	dropped       bool
	// ready has a token when something waits.
	ready chan struct{}
}

func newQueue(total *atomic.Int64) *queue { return &queue{total: total, ready: make(chan struct{}, 1)} }

// put adds an item. It reports false for an event that is one too many.
func (q *queue) put(it item) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.dropped {
		return true
	}
	if it.Kind == Event {
		size := it.size()
		if q.events >= maxQueued || q.bytes+size > maxQueuedBytes {
			return false
		}
		// Where nothing waits there is always room: what others pile up must not close a connection whose handler keeps up.
		if q.events > 0 && q.total.Load()+int64(size) > maxQueuedTotal {
			return false
		}
		q.account(1, size)
	}
	q.items = append(q.items, it)
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return true
}

// take waits for the next item, or for over.
func (q *queue) take(over <-chan struct{}) (item, bool) {
	for {
		select {
		case <-over:
			return item{}, false
		default:
		}
		if it, ok := q.first(); ok {
			return it, true
		}
		select {
		case <-q.ready:
		case <-over:
			return item{}, false
		}
	}
}

func (q *queue) first() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false
	}
	it := q.items[0]
	q.items[0] = item{} // its data is the handler's now
	if q.items = q.items[1:]; len(q.items) == 0 {
		q.items = nil // a burst's memory goes with it
	}
	if it.Kind == Event {
		q.account(-1, -it.size())
	}
	return it, true
}

// drop forgets what waits and what comes: the POS sends it again.
func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.account(-q.events, -q.bytes)
	q.items, q.dropped = nil, true
}

func (q *queue) account(events, bytes int) {
	q.events += events
	q.bytes += bytes
	q.total.Add(int64(bytes))
}

func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.events
}
