package deviceauth

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/smartpos-go/terminal/backend/mpac"
)

// Pauses between requests that fail.
const (
	firstPause = time.Second
	maxPause   = time.Minute
	// skewAllowed is how far trusted time may have been from the server's Date before a refused assertion is blamed on it.
	skewAllowed = 15 * time.Second
)

// backoffState is when the next request may be made. Moments are of the clock's Elapsed: neither a moved clock nor a night asleep
// makes a pause longer.
type backoffState struct {
	count int
	until time.Duration
	last  error
}

// left is how long the pause lasts yet.
func (b *backoffState) left(now time.Duration) time.Duration {
	if b.count == 0 {
		return 0
	}
	return b.until - now
}

// failed begins the next pause: 1 s doubling to 1 min, the half of it by chance, so that devices do not come back all at once;
// or what the server asked for.
func (b *backoffState) failed(now time.Duration, err error) {
	b.last = err
	pause := min(maxPause, firstPause<<min(b.count, 10))
	b.count++
	pause -= rand.N(pause / 2) //nolint:gosec // spreads load, keeps no secret.
	if asked := mpac.RetryAfter(err); asked > 0 {
		pause = min(maxPause, max(pause, asked))
	}
	b.until = now + pause
}

// rest is what is left of a pause; over is closed when it ends before its time.
type rest struct {
	pause time.Duration
	over  <-chan struct{}
}

// wait waits, unless one of the two contexts ends before.
func (r rest) wait(a, b context.Context) {
	timer := time.NewTimer(r.pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.over:
	case <-a.Done():
	case <-b.Done():
	}
}
