package ws

import (
	"bytes"
	"runtime"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// tries is how often an event is given to a listener that fails, triesPause the pause after the first failure; it doubles.
const (
	tries      = 3
	triesPause = time.Second
)

// insist tells a notice until the listener takes it, tries times at most.
func (d *delivery) insist(n Notice) bool {
	pause := triesPause
	for i := 1; ; i++ {
		if d.tell(n) {
			return true
		}
		if i == tries {
			return false
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-d.stop:
			timer.Stop()
			return false
		}
		pause *= 2
	}
}

// tell calls the listener, unless the delivery was stopped, and reports whether it took the notice.
func (d *delivery) tell(n Notice) (taken bool) {
	if !d.enter() {
		return false
	}
	defer func() {
		if r := recover(); r != nil {
			d.log.Error("the listener panicked", "kind", string(n.Kind))
			taken = false
		}
		d.leave()
	}()
	if err := d.listener(n); err != nil {
		d.log.Warn("the listener failed", "kind", string(n.Kind), "fault", string(fault.CodeOf(err)))
		return false
	}
	return true
}

func (d *delivery) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped {
		return false
	}
	d.inside = goroutine()
	return true
}

func (d *delivery) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside = 0
}

func (d *delivery) isStopped() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped
}

// calledFromListener tells whether the caller runs within the listener, where waiting for the listener would never end.
func (d *delivery) calledFromListener() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inside == goroutine()
}

// goroutine is the number of the calling goroutine. It is only ever compared with itself: Go has no other way to know that a call
// comes from within a callback, also through Java, which calls back on the goroutine that called it.
func goroutine() int64 {
	var text [32]byte
	n := runtime.Stack(text[:], false) // "goroutine 18 [running…"
	var id int64
	for _, digit := range bytes.TrimPrefix(text[:n], []byte("goroutine ")) {
		if digit < '0' || digit > '9' {
			break
		}
		id = id*10 + int64(digit-'0')
	}
	return id
}
