package clock

import (
	"sync"
	"time"
)

// Fake is a Source for tests: time passes when told to.
type Fake struct {
	mu      sync.Mutex
	wall    time.Time
	elapsed time.Duration
}

// NewFake returns a source that stands at wall.
func NewFake(wall time.Time) *Fake { return &Fake{wall: wall} }

// Wall is the faked device clock.
func (f *Fake) Wall() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wall
}

// Elapsed is the faked monotonic time.
func (f *Fake) Elapsed() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.elapsed
}

// Advance lets time pass: both clocks move.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wall = f.wall.Add(d)
	f.elapsed += d
}

// Move moves the device's clock alone, as a person or a network does.
func (f *Fake) Move(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wall = f.wall.Add(d)
}
