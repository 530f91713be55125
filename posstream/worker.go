package posstream

import (
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// work hands out what the reader brought, one at a time and in order, and ends the connection.
func (s *session) work() {
	defer s.client.forget(s)
	defer func() {
		if recover() != nil {
			s.abort(errPanic)
		}
	}()
	watch := time.AfterFunc(time.Hour, func() {
		s.abort(fault.New(fault.ListenerSlow, "posstream: listener", "it took more than 4 s"))
	})
	watch.Stop()
	for {
		it, ok := s.queue.take(s.over)
		switch {
		case !ok:
			s.finish(s.reason(), watch)
			return
		case it.end != nil:
			if it.end.last != nil {
				_ = s.send(*it.end.last) // the connection ends either way
			}
			s.finish(it.end.err, watch)
			return
		case it.Kind == Event:
			s.give(it.Notice, watch)
		default:
			s.tell(it.Notice, watch)
		}
	}
}

// finish closes the connection and tells the handler.
func (s *session) finish(why error, watch *time.Timer) {
	s.abort(why)
	n := s.notice(Disconnected)
	n.Code = fault.CodeOf(why)
	s.tell(n, watch)
}

func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// give hands out an event that was not handled before, and acknowledges it.
func (s *session) give(n Notice, watch *time.Timer) {
	key := keyOf(n.MsgID)
	before, busy := s.client.seen.claim(key)
	for busy != nil { // on a connection that its POS gave up, say: acknowledged only when that handler is through
		if !s.await(busy) {
			return
		}
		before, busy = s.client.seen.claim(key)
	}
	if !before {
		handled := s.tell(n, watch)
		s.client.seen.finish(key, handled)
		if !handled {
			s.abort(fault.New(fault.ListenerFailed, "posstream: listener", "it threw, or the client was closed"))
			return
		}
	}
	s.count(before)
	if err := s.send(answer(message{ID: n.MsgID, Type: n.MsgType}, respAck)); err != nil {
		// The reader ends. What came before that is handed out all the same.
		_ = s.socket.Close()
	}
}

// await waits for another connection's handler, as long as for one of this connection.
func (s *session) await(busy <-chan struct{}) bool {
	timer := time.NewTimer(handlerTime)
	defer timer.Stop()
	select {
	case <-busy:
		return true
	case <-timer.C:
		s.abort(fault.New(fault.ListenerSlow, "posstream: listener", "it still has this event from another connection"))
	case <-s.over:
	}
	return false
}

func (s *session) count(duplicate bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if duplicate {
		s.duplicates++
		s.client.counters.duplicates.Add(1)
		return
	}
	s.events++
	s.client.counters.events.Add(1)
}

// tell gives the client's handler a notice and reports whether it took it. Past handlerTime the connection is closed, while the
// handler goes on.
func (s *session) tell(n Notice, watch *time.Timer) (taken bool) {
	watch.Reset(handlerTime)
	defer watch.Stop()
	return s.client.tell(n)
}
