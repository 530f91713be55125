package clock

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel is asked for the time since boot at most once in askEvery: Go's own clocks are several times cheaper to read.
const (
	askEvery = time.Second
	// drift is how far the wall clock and the monotonic clock may part before the kernel is asked: only the first runs on
	// while the device sleeps.
	drift = 50 * time.Millisecond
)

// start serves sinceBoot where the kernel has no CLOCK_BOOTTIME.
var start = time.Now()

// anchor is a reading of both clocks.
type anchor struct {
	now  time.Time
	boot time.Duration
}

// follow is the time since boot at now, as far as the anchor tells it.
func (a *anchor) follow(now time.Time) (boot time.Duration, ok bool) {
	if a == nil {
		return 0, false
	}
	mono := now.Sub(a.now)
	wall := time.Duration(now.UnixNano() - a.now.UnixNano())
	return a.boot + mono, mono >= 0 && mono < askEvery && (wall-mono).Abs() < drift
}

var lastAnchor atomic.Pointer[anchor]

// sinceBoot counts suspended time, which Go's own monotonic clock does not: a terminal sleeps most of the night.
func sinceBoot() time.Duration {
	now := time.Now()
	told, ok := lastAnchor.Load().follow(now)
	if ok {
		return told
	}
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Since(start)
	}
	boot := time.Duration(ts.Nano())
	if ahead := told - boot; ahead > 0 && ahead < time.Millisecond {
		boot = told // the two readings were not made at one moment; time does not go back for it
	}
	lastAnchor.Store(&anchor{now: now, boot: boot})
	return boot
}
