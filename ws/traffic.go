package ws

import (
	"errors"
	"time"

	"github.com/coder/websocket"

	"github.com/smartpos-go/terminal/fault"
)

// send queues a message and gives its id. When the queue is full the connection stands still, and is given up.
func (s *session) send(kind string, data any) string {
	id, text := writeMessage(kind, s.c.options.Clock.Now(), data)
	select {
	case s.out <- text:
	default:
		s.lose(fault.New(fault.Timeout, "ws: send", "the connection takes nothing any more"))
	}
	return id
}

// lose ends the connection.
func (s *session) lose(why error) {
	select {
	case s.lost <- why:
	default:
	}
}

// acknowledge queues an ack; a full queue holds the delivery up, not the connection.
func (s *session) acknowledge(id string) {
	_, text := writeMessage(typeAck, s.c.options.Clock.Now(), ackData{ID: id})
	select {
	case s.out <- text:
	case <-s.life.Done():
	}
}

func (s *session) resume(why error) {
	s.resumed.Store(true)
	s.lose(why)
}

func (s *session) resuming() bool { return s.resumed.Load() }

func (s *session) readAll() {
	defer s.guard()
	for {
		text, err := s.link.read()
		var m message
		if err == nil {
			m, err = readMessage(text)
		}
		if err != nil {
			s.lose(err)
			return
		}
		select {
		case s.in <- m:
		case <-s.life.Done():
			return
		}
	}
}

func (s *session) writeAll() {
	defer close(s.written)
	defer s.guard()
	for {
		select {
		case text := <-s.out:
			if err := s.link.write(text); err != nil {
				s.lose(err)
				return
			}
		case <-s.life.Done(): // what waits still goes out: acknowledgements
			for {
				select {
				case text := <-s.out:
					if s.link.write(text) != nil {
						return
					}
				default:
					return
				}
			}
		}
	}
}

// guard makes a panic of a goroutine the end of the connection, not of the app.
func (s *session) guard() {
	if r := recover(); r != nil {
		s.lose(fault.New(fault.Internal, "ws: connection", "a panic was caught"))
	}
}

// end closes the connection and waits for its goroutines.
func (s *session) end(why error) {
	s.c.delivery.ended(s)
	s.stop()
	if code := goodbye(why); code != 0 {
		late := time.AfterFunc(closeWithin, s.link.kill)
		<-s.written
		s.link.close(code, "")
		late.Stop()
	}
	s.link.kill()
	s.parts.Wait()
	for _, t := range []*time.Timer{s.greetBy, s.beatAt, s.missAt, s.refreshAt, s.reportAt} {
		t.Stop()
	}
}

// goodbye is the close code for an end of ours; 0 is none, because nobody listens.
func goodbye(why error) websocket.StatusCode {
	switch {
	case why == nil, errors.Is(why, errResume), errors.Is(why, errBehind):
		return websocket.StatusNormalClosure
	case errors.Is(why, errNotUTF8):
		return websocket.StatusInvalidFramePayloadData
	case errors.Is(why, errNotText), errors.Is(why, errFrame), errors.Is(why, errVersion):
		return closeBadFrame
	}
	return 0
}

// ending says what the end means for the next connection.
func (s *session) ending(why error) ending {
	end := ending{code: lossOf(why)}
	for _, atOnce := range []error{errNetwork, errSlept, errBehind} {
		end.atOnce = end.atOnce || errors.Is(why, atOnce)
	}
	end.atOnce = end.atOnce || s.hurried || s.heart.probing()
	if end.code == fault.TokenRefused {
		s.c.options.Tokens.Refused(s.c.token)
	}
	brought := s.c.delivery.handledCount.Load() > s.handled
	end.useful = brought || !s.online.IsZero() && time.Since(s.online) >= usefulAfter
	return end
}
