package pgw

import (
	"context"
	"errors"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// Polling says how Await asks. The zero value asks every 2 s, at most 60 times (protocol section 4.4).
type Polling struct {
	// Interval is the pause between two questions. Zero is 2 s.
	Interval time.Duration
	// Tries is how often is asked. Zero is 60.
	Tries int
}

// Await retrieves a PaymentIntent until its state is final, and gives it as it was read last, also with an error. A question
// without an answer counts as one and is asked again. Errors: timeout when the state is not final after the last try: the payment
// is still open, await it again; cancelled when ctx ends, which ends nothing at the gateway; token_invalid, payment_expired and
// not_found at once; the last try's fault when none got an answer.
func (c *Client) Await(ctx context.Context, id string, token Token, p Polling) (Intent, error) {
	const op = "pgw: await"
	if p.Interval < 0 || p.Tries < 0 {
		return Intent{}, fault.New(fault.InvalidRequest, op, "interval and tries cannot be negative")
	}
	if p.Interval == 0 {
		p.Interval = 2 * time.Second
	}
	if p.Tries == 0 {
		p.Tries = 60
	}
	var last Intent
	var lost error
	for try := 1; ; try++ {
		intent, err := c.Retrieve(ctx, id, token)
		switch {
		case err == nil:
			last, lost = intent, nil
			if intent.Status.Final() {
				return intent, nil
			}
		case ctx.Err() != nil, !askAgain(err):
			return last, err
		default:
			lost = err
		}
		if try == p.Tries {
			break
		}
		if err := pause(ctx, max(p.Interval, retryAfter(lost))); err != nil {
			return last, fault.Wrap(fault.CodeOf(err), op, err)
		}
	}
	if lost != nil && last.ID == "" {
		return last, lost
	}
	return last, &fault.Fault{Code: fault.Timeout, Op: op, Detail: "the payment is not finished yet; await it again, or cancel it", Err: lost}
}

// askAgain reports whether the same question can get an answer later.
func askAgain(err error) bool {
	switch fault.CodeOf(err) {
	case fault.NetworkUnavailable, fault.Timeout, fault.ServerError, fault.RateLimited, fault.BadResponse:
		return true
	default:
		return false
	}
}

func retryAfter(err error) time.Duration {
	var refused *Refused
	if errors.As(err, &refused) {
		return min(refused.RetryAfter, time.Minute)
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
