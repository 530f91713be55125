package mpac

import (
	"database/sql"
	"errors"
	"net"
	"time"

	"github.com/coder/websocket"
)

// deliver sends the device's events in the order of their numbers, each once in this session.
func (s *session) deliver() {
	for {
		s.mu.Lock()
		from := s.lastSeq
		s.mu.Unlock()
		var list []event
		err := s.channel.state.Do(func(tx *sql.Tx) (err error) {
			list, err = eventsAfter(tx, s.deviceID, from)
			return err
		})
		if err == nil {
			err = s.deliverAll(list)
		}
		if err != nil {
			s.endFor(err)
			return
		}
		if len(list) > 0 {
			continue
		}
		select {
		case <-s.wake:
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *session) deliverAll(list []event) error {
	for _, e := range list {
		text, err := writeEvent(e)
		if err != nil {
			return err
		}
		if err := s.write(text); err != nil {
			return err
		}
		s.mu.Lock()
		s.lastSeq = e.seq
		s.mu.Unlock()
	}
	return nil
}

// watch ends a session whose client is silent or did not renew its token, and one whose network a fault takes away.
func (s *session) watch() {
	tick := time.NewTicker(s.channel.patience.look)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if s.channel.refused() {
			s.hangUp(true)
			return
		}
		if end := s.overdue(time.Now(), s.channel.clock.Now()); end != nil {
			s.endFor(end)
		}
	}
}

// overdue says how a session ends that waited too long, nil when it did not.
func (s *session) overdue(machine, virtual time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := s.channel.patience.silence
	if !s.welcomed {
		limit = s.channel.patience.hello
	}
	switch {
	case machine.Sub(s.heard) > limit:
		return closing{closeSilent, "heartbeat"}
	case virtual.Sub(s.authorized) > s.channel.patience.refresh:
		return closing{closeAuth, "the token was not refreshed"}
	}
	return nil
}

// endFor ends a session for an error: with its close code, or without one when the connection is what failed.
func (s *session) endFor(err error) {
	var c closing
	if errors.As(err, &c) {
		s.end(c)
		return
	}
	s.hangUp(false)
}

// end closes the socket with a code. Only the first call counts.
func (s *session) end(c closing) {
	s.ending.Do(func() {
		s.over.Store(true)
		s.channel.leave(s)
		s.channel.spawn(func() {
			late := time.AfterFunc(s.channel.patience.closing, func() { s.hangUp(false) })
			defer late.Stop()
			_ = s.conn.Close(websocket.StatusCode(c.code), c.reason) // a client that is gone has no need of it
			s.cancel()
		})
	})
}

// hangUp ends the connection below TLS, without a goodbye; with a reset what was not sent yet is lost.
func (s *session) hangUp(reset bool) {
	conn := s.raw
	for {
		wrapped, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapped.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
	s.cancel()
}
