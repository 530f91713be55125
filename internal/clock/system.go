package clock

import "time"

// System is the device's real time, moved by Offset.
type System struct {
	// Offset moves the wall clock, for tests of a wrong clock; 0 is the device's own.
	Offset time.Duration
}

// Wall is the device's clock plus the offset.
func (s System) Wall() time.Time { return time.Now().Round(0).Add(s.Offset) }

// Elapsed is time since boot, time asleep included.
func (s System) Elapsed() time.Duration { return sinceBoot() }
