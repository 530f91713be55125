// Package clock keeps trusted time on a device whose own clock may be wrong or moved.
//
// It starts from the device's clock and what an earlier run saved, and is corrected by Date headers of answers over
// verified TLS ([Clock.Observe]). From then on it follows a monotonic source, so moving the device's clock moves nothing.
// Without an observation in this run it believes the latest of the device's clock (with the last known offset) and the
// highest time ever given out: a clock moved forward makes lists and tokens older, a clock moved back does not make them
// younger. Only an observation can move trusted time back.
//
// All methods are safe for concurrent use.
package clock

import (
	"sync"
	"time"
)

// tolerance is how far a Date header may be from the estimate without moving it: Date has whole seconds and the answer
// was on its way for a while.
const tolerance = 2 * time.Second

// rollbackNotice is how far behind the highest known time the device's clock must be to be called moved back.
const rollbackNotice = time.Minute

// Source is the device's time.
type Source interface {
	// Wall is the device's clock; people and networks move it.
	Wall() time.Time
	// Elapsed is time since some fixed moment, time asleep included; it never goes back.
	Elapsed() time.Duration
}

// State is what survives a restart.
type State struct {
	// Offset is server time minus the device's clock at the last observation.
	Offset time.Duration `json:"offset"`
	// HighWater is the latest trusted time ever given out.
	HighWater time.Time `json:"highWater"`
}

// Status says how sure the clock is.
type Status struct {
	// Observed: a server's Date was seen in this run.
	Observed bool
	// Offset is trusted time minus the device's clock; large when the device's clock is wrong.
	Offset time.Duration
	// MovedBack: the device's clock stands before a time that was already reached.
	MovedBack bool
}

// Clock is trusted time. Make one with New.
type Clock struct {
	source Source

	mu       sync.Mutex
	state    State
	observed bool
	anchor   time.Time     // trusted time at the last anchoring
	at       time.Duration // source.Elapsed() then
}

// New returns a clock that continues from what an earlier run saved.
func New(source Source, saved State) *Clock {
	c := &Clock{source: source, state: saved}
	c.anchor = latest(source.Wall().Add(saved.Offset), saved.HighWater)
	c.at = source.Elapsed()
	return c
}

// Now is trusted time, UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	now := c.anchor.Add(c.source.Elapsed() - c.at)
	if !c.observed {
		now = latest(now, c.source.Wall().Add(c.state.Offset))
	}
	if now.After(c.state.HighWater) {
		c.state.HighWater = now
	}
	return now.UTC()
}

// Estimate is the best guess at the time now, UTC: the device's clock with the last known offset, or, once a server's Date was
// seen in this run, that and what has passed since. Unlike Now it may lie before a time that was given out. It is for what
// another clock checks, such as a token's iat.
func (c *Clock) Estimate() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.observed {
		return c.now()
	}
	return c.source.Wall().Add(c.state.Offset).UTC()
}

// Wall is the device's own clock, UTC, for checks that must not depend on what was learnt before.
func (c *Clock) Wall() time.Time { return c.source.Wall().UTC() }

// Elapsed is time since some fixed moment, time asleep included; nobody can move it. It is for lives that were told in seconds,
// such as a token's.
func (c *Clock) Elapsed() time.Duration { return c.source.Elapsed() }

// Observe takes the Date of an answer that came over verified TLS and took rtt from request to answer. It corrects the
// estimate when they do not agree, and reports by how much it moved.
func (c *Clock) Observe(date time.Time, rtt time.Duration) time.Duration {
	if date.IsZero() {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	moved := date.Sub(now)
	if moved > tolerance || -moved > tolerance+rtt {
		c.anchor = date.UTC()
		c.at = c.source.Elapsed()
		c.state.HighWater = c.anchor
	} else {
		moved = 0
		c.anchor, c.at = now, c.source.Elapsed()
	}
	c.observed = true
	c.state.Offset = c.anchor.Sub(c.source.Wall())
	if c.state.Offset.Abs() <= tolerance {
		c.state.Offset = 0
	}
	return moved
}

// State is what the next run's New wants.
func (c *Clock) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now()
	return c.state
}

// Status says how far the device's clock can be believed.
func (c *Clock) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	wall := c.source.Wall()
	return Status{
		Observed:  c.observed,
		Offset:    now.Sub(wall),
		MovedBack: !c.observed && wall.Add(c.state.Offset).Before(now.Add(-rollbackNotice)),
	}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
