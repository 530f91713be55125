package mpac

import (
	"sync"
	"time"
)

// window is a minute that begins with its first request.
const window = time.Minute

// limiter counts requests by user and by address.
type limiter struct {
	mu     sync.Mutex
	counts map[string]*count
	swept  time.Time
}

type count struct {
	began time.Time
	n     int
}

// in reports whether now is within the window; a clock that was moved back ends it too.
func (c *count) in(now time.Time) bool { return !now.Before(c.began) && now.Sub(c.began) < window }

// take counts one request of a key. When that is more than limit it gives the seconds until the window ends; 0 lets it pass. A
// limit of 0 is none.
func (l *limiter) take(key string, now time.Time, limit int) (wait int) {
	if limit == 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	c := l.counts[key]
	if c == nil || !c.in(now) {
		c = &count{began: now}
		l.counts[key] = c
	}
	c.n++
	if c.n <= limit {
		return 0
	}
	return int((window - now.Sub(c.began) + time.Second - 1) / time.Second)
}

// sweep forgets ended windows once a minute, so that addresses that left take no memory.
func (l *limiter) sweep(now time.Time) {
	if (&count{began: l.swept}).in(now) {
		return
	}
	l.swept = now
	for key, c := range l.counts {
		if !c.in(now) {
			delete(l.counts, key)
		}
	}
}

// reset begins every window anew, when the limit changes.
func (l *limiter) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts = map[string]*count{}
}
