//go:build !linux

package clock

import "time"

var start = time.Now()

// sinceBoot is time since the process started; the desktop systems this serves are for development.
func sinceBoot() time.Duration { return time.Since(start) }
