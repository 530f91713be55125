package ws

import (
	"context"
	"slices"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// probeWithin is how long a pong may take when the network has changed.
const probeWithin = 3 * time.Second

// ping is a ping without its pong.
type ping struct {
	id  string
	due time.Time
	// probe: a miss of this one is enough.
	probe bool
}

// heart keeps count of pings and pongs. A connection may be dead without saying so, when a router on the way forgot it.
type heart struct {
	every  time.Duration
	pings  []ping
	missed int
}

// pong takes an answer: to the ping that it names and those before it, or to all when it names none.
func (h *heart) pong(re string) {
	at := len(h.pings) - 1
	if re != "" {
		at = slices.IndexFunc(h.pings, func(p ping) bool { return p.id == re })
	}
	if at >= 0 {
		h.pings, h.missed = slices.Delete(h.pings, 0, at+1), 0
	}
}

// miss drops the pings whose time is over and says whether the connection is dead.
func (h *heart) miss(now time.Time) error {
	var dead error
	h.pings = slices.DeleteFunc(h.pings, func(p ping) bool {
		if p.due.After(now) {
			return false
		}
		h.missed++
		switch {
		case p.probe:
			dead = errNetwork
		case h.missed > missesAllowed && dead == nil:
			dead = errDead
		}
		return true
	})
	return dead
}

// next is when the first ping will be missed.
func (h *heart) next() (due time.Time, any bool) {
	for _, p := range h.pings {
		if !any || p.due.Before(due) {
			due, any = p.due, true
		}
	}
	return due, any
}

func (h *heart) probing() bool {
	return slices.ContainsFunc(h.pings, func(p ping) bool { return p.probe })
}

func (s *session) ping(within time.Duration, probe bool) {
	id := s.send(typePing, struct{}{})
	s.heart.pings = append(s.heart.pings, ping{id: id, due: time.Now().Add(within), probe: probe})
	s.armMiss()
}

func (s *session) armMiss() {
	if due, any := s.heart.next(); any {
		s.missAt.Reset(time.Until(due))
	} else {
		s.missAt.Stop()
	}
}

// beat pings, unless the device slept: then the connection is as old as the sleep, and a new one is faster than finding out.
func (s *session) beat() error {
	now := s.c.options.Clock.Elapsed()
	slept := now-s.lastBeat > s.heart.every+sleepNoticed
	s.lastBeat = now
	if slept {
		return errSlept
	}
	s.ping(pongWithin, false)
	s.beatAt.Reset(s.heart.every)
	return nil
}

func (s *session) miss() error {
	err := s.heart.miss(time.Now())
	s.armMiss()
	return err
}

// refreshed is a token for the connection that stands.
type refreshed struct {
	token string
	err   error
}

// refresh fetches a token beside the connection.
func (s *session) refresh() {
	s.parts.Go(func() {
		ctx, cancel := context.WithTimeout(s.life, attemptWithin)
		defer cancel()
		token, err := s.c.askToken(ctx)
		s.fresh <- refreshed{token, err}
	})
}

// refreshed sends the new token, or tries again before the server loses patience.
func (s *session) refreshed(r refreshed) error {
	switch {
	case r.err == nil:
		s.c.token = r.token
		s.send(typeRefresh, refreshData{Token: r.token})
		s.refreshAt.Reset(refreshEvery)
	case final(fault.CodeOf(r.err)):
		return r.err
	default:
		s.refreshAt.Reset(refreshAgain)
	}
	return nil
}
