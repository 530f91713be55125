package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// start serves sinceBoot where the kernel has no CLOCK_BOOTTIME.
var start = time.Now()

// sinceBoot counts suspended time, which Go's own monotonic clock does not: a terminal sleeps most of the night.
func sinceBoot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Since(start)
	}
	return time.Duration(ts.Nano())
}
