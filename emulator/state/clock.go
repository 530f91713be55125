package state

import (
	"sync/atomic"
	"time"
)

// Clock is the server's time: a base, moved. The zero value is the machine's time, not moved.
type Clock struct {
	// Base is the time that is moved; nil is time.Now. It is not changed once the clock is in use.
	Base   func() time.Time
	offset atomic.Int64
}

// Now is the server's time, UTC.
func (c *Clock) Now() time.Time {
	base := time.Now
	if c.Base != nil {
		base = c.Base
	}
	return base().Add(time.Duration(c.offset.Load())).UTC()
}

// Move sets how far the server's time is ahead.
func (c *Clock) Move(offset time.Duration) { c.offset.Store(int64(offset)) }
