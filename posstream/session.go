package posstream

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/smartpos-go/terminal/fault"
)

// session is one connection: this file reads it, worker.go hands out what came.
type session struct {
	client *Client
	conn   net.Conn
	// socket is conn, or what is below its TLS: closed by itself, since TLS would first wait for the POS to take a last record.
	socket net.Conn
	peer   string
	number int64
	since  time.Time

	handshake *handshake // of the reader alone
	queue     *queue
	// over is closed when nothing more may be handed out.
	over chan struct{}

	mu sync.Mutex
	// Guarded by mu: where it stands, why it is over, and whether the client ends, so that nothing is read any more.
	state              State
	events, duplicates int64
	why                error
	isOver, stopped    bool
	// sending guards the writes.
	sending sync.Mutex
}

var errPanic = fault.New(fault.Internal, "posstream: connection", "a panic was caught; please report what led to it")

// read takes messages until the connection ends, and leaves the reason to the worker, behind what came before it.
func (s *session) read() {
	end := &ending{err: errPanic}
	defer func() {
		_ = recover()
		s.handshake.cipher = nil
		s.queue.put(item{end: end})
	}()
	frames := newFrameReader(s.conn)
	s.readWithin(stepTime)
	for {
		m, err := s.next(frames)
		if err != nil {
			end = &ending{err: ended(err)}
			return
		}
		last, err := s.take(m)
		if err != nil {
			end = &ending{err: err, last: last}
			return
		}
	}
}

// next reads one message. Until the connection is enabled it has what is left of the step's time.
func (s *session) next(frames *frameReader) (message, error) {
	n, err := frames.length()
	if err != nil {
		return message{}, err
	}
	waits := s.handshake.state == Enabled && frames.r.Buffered() < n
	if waits {
		s.readWithin(frameTime)
	}
	text, err := frames.body(n)
	if err != nil {
		return message{}, err
	}
	if waits {
		s.readWithin(0)
	}
	return readMessage(text)
}

// take acts on one message. On an error the connection ends, after a last answer if there is one.
func (s *session) take(m message) (last *message, err error) {
	in, out, err := s.handshake.take(m)
	s.mu.Lock()
	s.state = s.handshake.state
	s.mu.Unlock()
	for _, each := range out {
		if failed := s.send(each); err == nil {
			err = failed
		}
	}
	if err != nil {
		return nil, err
	}
	switch in {
	case initRequest:
		s.readWithin(stepTime)
	case registerAck:
		s.readWithin(0)
		s.client.counters.enabled.Add(1)
		s.queue.put(item{Notice: s.notice(NoticeEnabled)})
	case registerRefusal:
		s.client.counters.refused.Add(1)
		n := s.notice(Refused)
		n.Response = m.Resp
		s.queue.put(item{Notice: n})
		return nil, fault.New(fault.RegistrationRefused, "posstream: register_client", "the POS answered otherwise than ack")
	case eventRequest:
		return s.event(m)
	case strayAnswer, misplaced:
	}
	return nil, nil
}

// event opens an event and puts it before the worker. Clear text that is no JSON is a failed decryption like any other: under CBC a
// changed message may well open.
func (s *session) event(m message) (last *message, err error) {
	clear, good := []byte("null"), true // msg_data may be missing (protocol section 7.2)
	if m.Data != "" {
		sealed, err := base64.StdEncoding.DecodeString(m.Data)
		if good = err == nil; good {
			clear, good = s.handshake.cipher.open(nil, sealed)
		}
	}
	if valid := utf8.Valid(clear) && json.Valid(clear); !good || !valid {
		nack := answer(m, respNackDecrypt)
		return &nack, ErrDecrypt
	}
	n := s.notice(Event)
	n.MsgID, n.MsgType, n.Data = m.ID, m.Type, clear
	if !s.queue.put(item{Notice: n}) {
		err := fault.New(fault.ListenerSlow, "posstream: event", "too many events wait for the listener")
		s.abort(err)
		return nil, err
	}
	return nil, nil
}

func (s *session) notice(kind Kind) Notice {
	return Notice{Kind: kind, Peer: s.peer, Connection: s.number}
}

// send writes one message.
func (s *session) send(m message) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	s.writeWithin(stepTime)
	if _, err := s.conn.Write(m.encode()); err != nil {
		return ended(err)
	}
	return nil
}

// readWithin sets how long reading may take, 0 for no limit. It does nothing once reading was stopped.
func (s *session) readWithin(limit time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var until time.Time
	if limit > 0 {
		until = time.Now().Add(limit)
	}
	if !s.stopped {
		_ = s.conn.SetReadDeadline(until) // as above, the read says so
	}
}

// writeWithin sets how long a write may take.
func (s *session) writeWithin(limit time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		limit = partingTime
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(limit)) // a connection without one is closed: the write says so
}

// stopReading ends the reader, and soon a write that the POS does not take.
func (s *session) stopReading() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	_ = s.conn.SetReadDeadline(time.Unix(1, 0))
	_ = s.conn.SetWriteDeadline(time.Now().Add(partingTime))
}

// abort ends the connection at once: what waits is dropped and comes again from the POS. The first reason stays.
func (s *session) abort(why error) {
	s.mu.Lock()
	first := !s.isOver
	if first {
		s.isOver, s.why = true, why
		close(s.over)
	}
	s.mu.Unlock()
	if !first {
		return
	}
	s.queue.drop()
	if errors.Is(why, fault.ListenerSlow) {
		s.client.counters.slow.Add(1)
	}
	_ = s.socket.Close()
}

// ended says why reading or writing ended; nil is a POS that closed between two messages.
func ended(err error) error {
	var known *fault.Fault
	switch {
	case err == io.EOF: //nolint:errorlint // within a message it is another error.
		return nil
	case errors.As(err, &known):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.New(fault.Timeout, "posstream: connection", "the POS did not go on in time")
	}
	return fault.Wrap(fault.NetworkUnavailable, "posstream: connection", err)
}
