package pgw

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// window is a minute that begins with its first request.
const window = time.Minute

// limiter counts requests by merchant, and all of them under "".
type limiter struct {
	mu     sync.Mutex
	counts map[string]*count
}

type count struct {
	began time.Time
	n     int
}

// take counts a request and tells in the answer's headers how many are left. A limit of 0 is none. The overall count shows only
// when it refuses.
func (l *limiter) take(header http.Header, who string, now time.Time, limit int) error {
	if limit == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts[who]
	if c == nil || now.Before(c.began) || now.Sub(c.began) >= window { // a clock moved back ends it too
		c = &count{began: now}
		if l.counts == nil {
			l.counts = map[string]*count{}
		}
		l.counts[who] = c
	}
	c.n++
	if who != "" || c.n > limit {
		header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
		header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, limit-c.n)))
		header.Set("X-RateLimit-Reset", strconv.FormatInt(c.began.Add(window).Unix(), 10))
	}
	if c.n <= limit {
		return nil
	}
	header.Set("Retry-After", strconv.Itoa(int((window-now.Sub(c.began)+time.Second-1)/time.Second)))
	return no(http.StatusTooManyRequests, "rate_limited", "too many requests in this minute")
}

// reset begins every window anew, when the limit changes.
func (l *limiter) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts = nil
}
