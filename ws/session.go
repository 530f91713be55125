package ws

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

const (
	// outgoing is how many messages may wait for a slow connection.
	outgoing = 64
	// sleepNoticed is how much longer than asked a pause must have been for the device to have slept through it.
	sleepNoticed = 15 * time.Second
	// usefulAfter is how long a connection must hold to count as one that works, when it brings no event.
	usefulAfter = 30 * time.Second
	// refreshAgain is the pause after a refresh for which there was no token.
	refreshAgain = 20 * time.Second
)

// session is one connection after the upgrade. Its fields belong to the goroutine of serve; acknowledge, resume and resuming are for
// the delivery.
type session struct {
	c    *Channel
	link link

	in    chan message
	out   chan []byte
	fresh chan refreshed
	// lost takes why the connection ended; the first one counts.
	lost chan error
	// life ends with the connection.
	life context.Context //nolint:containedctx // the life of the object, not of a call.
	stop context.CancelFunc
	// written is closed when what waited to go out at the end went out, or could not.
	written chan struct{}
	parts   sync.WaitGroup

	heart      heart
	online     time.Time // zero before the welcome
	handled    int64     // the delivery's count when the connection began
	hurried    bool
	lastReport time.Time
	reported   *Status
	lastBeat   time.Duration // of options.Clock
	greetBy    *time.Timer
	beatAt     *time.Timer
	missAt     *time.Timer
	refreshAt  *time.Timer
	reportAt   *time.Timer

	resumed atomic.Bool
}

func newSession(c *Channel, l link, hurried bool) *session {
	s := &session{
		c: c, link: l, hurried: hurried, handled: c.delivery.handledCount.Load(),
		in: make(chan message), out: make(chan []byte, outgoing), fresh: make(chan refreshed, 1), lost: make(chan error, 1),
		written: make(chan struct{}),
		greetBy: time.NewTimer(attemptWithin), beatAt: unset(), missAt: unset(), refreshAt: unset(), reportAt: unset(),
	}
	s.life, s.stop = context.WithCancel(c.life)
	if hurried {
		s.greetBy.Reset(hurryWithin)
	}
	return s
}

// unset is a timer that is not running.
func unset() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// serve says hello and serves the connection to its end.
func (s *session) serve() ending {
	defer s.stop()
	defer s.link.kill()
	s.parts.Go(s.readAll)
	s.parts.Go(s.writeAll)
	s.send(typeHello, helloData{
		DeviceID: s.c.options.DeviceID, AppVersions: s.c.options.AppVersions, LastEventID: s.c.delivery.position().ID,
	})
	err := s.loop()
	s.end(err)
	return s.ending(err)
}

// loop reacts to everything that happens until the connection ends; nil is the end of the channel.
func (s *session) loop() error {
	for {
		var err error
		select {
		case m := <-s.in:
			err = s.received(m)
		case err = <-s.lost:
		case <-s.life.Done():
			return nil
		case <-s.c.woken:
			s.wake()
		case <-s.c.reported:
			s.report()
		case <-s.reportAt.C:
			s.report()
		case <-s.greetBy.C:
			err = fault.New(fault.Timeout, "ws: hello", "no welcome")
		case <-s.beatAt.C:
			err = s.beat()
		case <-s.missAt.C:
			err = s.miss()
		case <-s.refreshAt.C:
			s.refresh()
		case r := <-s.fresh:
			err = s.refreshed(r)
		}
		if err != nil {
			return err
		}
	}
}

// received acts on a message. One that may not come now closes the connection.
func (s *session) received(m message) error {
	switch m.kind {
	case typeWelcome:
		if s.online.IsZero() {
			s.welcomed(m)
		}
		return nil
	case typeError:
		s.c.options.Log.Warn("the server reports an error", "code", httpx.Clip(m.code, logged))
		return nil
	case "":
		return nil
	}
	if s.online.IsZero() {
		return errFrame
	}
	switch m.kind {
	case typePong:
		s.heart.pong(m.re)
		s.armMiss()
	case typeEvent:
		s.c.delivery.put(item{Notice: Notice{Kind: NoticeEvent, Event: m.event}, from: s})
	case typeResync:
		s.c.delivery.put(item{Notice: Notice{Kind: ResyncRequired}, from: s})
	}
	return nil
}

func (s *session) welcomed(m message) {
	s.greetBy.Stop()
	s.online, s.hurried = time.Now(), false
	s.heart.every = m.heartbeat
	s.lastBeat = s.c.options.Clock.Elapsed()
	s.beatAt.Reset(m.heartbeat)
	s.refreshAt.Reset(refreshEvery)
	s.c.to(welcomed, "")
	s.c.delivery.put(item{Notice: Notice{Kind: NoticeOnline}})
	s.report()
}

// wake finds out at once whether the connection outlived the change of network.
func (s *session) wake() {
	if s.online.IsZero() {
		if !s.hurried {
			s.hurried = true
			s.greetBy.Reset(hurryWithin)
		}
		return
	}
	if !s.heart.probing() {
		s.ping(probeWithin, true)
	}
}

// report sends the last status, once on each connection, when it may: nothing acknowledges it.
func (s *session) report() {
	if s.online.IsZero() {
		return
	}
	if early := statusEvery - time.Since(s.lastReport); early > 0 {
		s.reportAt.Reset(early)
		return
	}
	s.c.mu.Lock()
	status := s.c.status
	s.c.mu.Unlock()
	if status != nil && status != s.reported {
		s.lastReport, s.reported = time.Now(), status
		s.send(typeStatus, statusData{Battery: status.Battery, Paper: status.Paper})
	}
}
