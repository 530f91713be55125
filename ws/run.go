package ws

import (
	"context"
	"errors"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// to moves the state machine. A pair that the table forbids is a defect; it is logged and moves nothing.
func (c *Channel) to(e event, why fault.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state, err := next(c.state, e)
	if err != nil {
		c.options.Log.Error("defect", "error", err.Error())
		return
	}
	if state != c.state {
		c.options.Log.Info("channel", "state", string(state), "fault", string(why))
	}
	c.state, c.reason = state, why
}

// ending says how an attempt or a connection ended.
type ending struct {
	code fault.Code
	// atOnce: no pause, the network is there.
	atOnce bool
	// useful: the connection did what it is for, so that the pauses begin anew.
	useful bool
	// wait is the least pause, asked for by the server.
	wait time.Duration
}

// run connects and connects again until the channel is closed or refused for good.
func (c *Channel) run() {
	defer close(c.done)
	defer func() {
		if r := recover(); r != nil {
			c.options.Log.Error("defect", "error", "a panic in the channel")
			c.finish(closed, fault.Internal)
		}
	}()
	c.follow()
	var pauses pauses
	for {
		end := c.attempt()
		switch {
		case c.life.Err() != nil:
			c.to(closed, fault.Closed)
			return
		case final(end.code):
			c.finish(refused, end.code)
			return
		}
		c.to(lost, end.code)
		c.delivery.put(item{Notice: Notice{Kind: NoticeOffline, Code: end.code}})
		if end.useful {
			pauses.reset()
		}
		pause := max(pauses.next(c.options.Random), end.wait)
		if end.atOnce {
			pause = 0
		}
		if !c.pause(pause) {
			c.to(closed, fault.Closed)
			return
		}
		c.to(due, end.code)
	}
}

// follow waits for the channel before this one, and for one that that one still waited for when it was closed. What does not end in
// time is left behind.
func (c *Channel) follow() {
	late, cancel := context.WithTimeout(c.life, closeWait)
	defer cancel()
	for before := c.after.Load(); before != nil; before = before.after.Load() {
		for _, ended := range []chan struct{}{before.done, before.delivery.done} {
			select {
			case <-ended:
			case <-late.Done():
			}
		}
		if late.Err() != nil && c.life.Err() == nil {
			before.delivery.abandon()
		}
	}
	if c.life.Err() != nil {
		return
	}
	c.after.Store(nil) // or every channel would keep all that were before it
	c.delivery.reread()
}

// finish ends the channel for a reason that trying again does not mend.
func (c *Channel) finish(e event, code fault.Code) {
	c.to(e, code)
	c.delivery.put(item{Notice: Notice{Kind: NoticeOffline, Code: code, Final: true}})
}

// pause waits, and reports whether to go on.
func (c *Channel) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.woken:
		return true
	case <-c.life.Done():
		return false
	}
}

// attempt opens one connection and serves it to its end.
func (c *Channel) attempt() ending {
	l, hurried, err := c.open()
	if err != nil {
		var asked waitError
		end := ending{code: fault.CodeOf(err), atOnce: hurried}
		if errors.As(err, &asked) {
			end.wait = asked.wait
		}
		return end
	}
	c.to(upgraded, "")
	return newSession(c, l, hurried).serve()
}
