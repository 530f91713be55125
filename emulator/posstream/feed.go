package posstream

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/google/uuid"
)

const (
	// ackTime is how long an event waits for its acknowledgement; it is sent twice on a connection.
	ackTime = 5 * time.Second
	// window is how many events are under way at once.
	window = 100
	// maxWaiting events are kept while the client is not enabled.
	maxWaiting = 1000
)

// event waits until it is acknowledged, over connections.
type event struct {
	id, kind string
	data     json.RawMessage
	// Of this connection: how often it was sent, and when last.
	times int
	at    time.Time
}

// enqueue adds an event. While the client is not enabled the oldest make room.
func (c *client) enqueue(kind string, data json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, &event{id: uuid.NewString(), kind: kind, data: data})
	if surplus := len(c.waiting) - maxWaiting; c.state != enabled && surplus > 0 {
		c.waiting = slices.Delete(c.waiting, 0, surplus)
		c.dropped += int64(surplus)
	}
	c.poke()
}

func (c *client) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// feed sends what waits until the connection ends.
func (c *client) feed(conn net.Conn, in *bufio.Reader, seal func([]byte) (string, error)) {
	c.mu.Lock()
	c.state, c.refusal = enabled, ""
	for _, e := range c.waiting {
		e.times = 0 // what was not acknowledged goes out again
	}
	c.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		c.listen(in)
	}()
	defer func() {
		_ = conn.Close()
		<-gone
	}()
	for {
		due, wait, err := c.due(time.Now())
		if err != nil {
			return
		}
		for _, e := range due {
			sealed, err := seal(e.data)
			if err != nil {
				return
			}
			_ = conn.SetWriteDeadline(time.Now().Add(stepTime))
			if transmit(conn, envelope{Source: c.POS, MsgID: e.id, MsgType: e.kind, MsgData: sealed}) != nil {
				return
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-c.wake:
			timer.Stop()
		case <-timer.C:
		case <-gone:
			timer.Stop()
			return
		}
	}
}

var errSilent = errors.New("an event was sent twice and not acknowledged")

// due gives what must be sent now and how long nothing else is.
func (c *client) due(now time.Time) (due []*event, wait time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait = time.Hour
	for _, e := range c.waiting[:min(window, len(c.waiting))] {
		if e.times > 0 && now.Sub(e.at) < ackTime {
			wait = min(wait, ackTime-now.Sub(e.at))
			continue
		}
		if e.times == 2 {
			return nil, 0, errSilent
		}
		e.times++
		e.at = now
		c.sent++
		due = append(due, e)
		wait = min(wait, ackTime)
	}
	return due, wait, nil
}

// listen takes answers until the connection ends or cannot go on.
func (c *client) listen(in *bufio.Reader) {
	for {
		m, err := receive(in)
		if err != nil {
			return
		}
		switch m.MsgResp {
		case "", nackBusy: // requests are not served here; a busy client application gets the event again
		case nackDecrypt:
			return // another handshake brings another key
		default:
			c.answered(m.MsgID, m.MsgResp == ack)
		}
	}
}

// answered takes an event off: acknowledged, or refused in a way that sending it again does not change.
func (c *client) answered(id string, good bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	under := c.waiting[:min(window, len(c.waiting))]
	i := slices.IndexFunc(under, func(e *event) bool { return e.id == id && e.times > 0 })
	switch {
	case i < 0:
		return
	case i == 0: // nearly always, and it moves nothing
		c.waiting[0] = nil
		c.waiting = c.waiting[1:]
	default:
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
	if good {
		c.acknowledged++
	} else {
		c.dropped++
	}
	c.poke()
}
