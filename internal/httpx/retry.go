package httpx

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/smartpos-go/terminal/fault"
)

// firstPause is the middle of the pause before a repetition when the server names none.
const firstPause = 200 * time.Millisecond

// retrying calls once, and again when the caller allows it and a repetition can help and fits into the deadline.
func retrying(ctx context.Context, idempotent bool, call func() (*Response, error)) (*Response, error) {
	resp, err := call()
	if !idempotent || !worthRepeating(resp, err) {
		return resp, err
	}
	pause := pauseBefore(resp)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return resp, err
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		again, againErr := call()
		// The first try went out and may have had its effect.
		acted := !NotSent(err) && (err != nil || resp.Status >= 500)
		if againErr != nil && acted && !lost(againErr) {
			return resp, err // what keeps a repetition back, a token or a certificate, says nothing of the first
		}
		var unsent *unsentError
		if errors.As(againErr, &unsent) && !NotSent(err) {
			againErr = unsent.error // the first one was sent, so the call was
		}
		if again != nil {
			again.Repeated = acted
		}
		return again, againErr
	case <-ctx.Done():
		return resp, err
	}
}

// lost reports whether a call has no answer because of the way to the server, not because of something that refuses it.
func lost(err error) bool {
	switch fault.CodeOf(err) {
	case fault.NetworkUnavailable, fault.Timeout, fault.BadResponse, fault.Cancelled:
		return true
	default:
		return false
	}
}

func worthRepeating(resp *Response, err error) bool {
	if err != nil {
		return fault.CodeOf(err) == fault.NetworkUnavailable || fault.CodeOf(err) == fault.BadResponse
	}
	return resp.Status == 429 || resp.Status >= 500
}

// pauseBefore is the server's Retry-After, in seconds or as a date by its own clock (RFC 9110 section 10.2.3), else a short random
// pause.
func pauseBefore(resp *Response) time.Duration {
	if resp != nil {
		after := resp.Header.Get("Retry-After")
		if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
			return time.Duration(seconds) * time.Second
		}
		at, err := http.ParseTime(after)
		now, nowErr := http.ParseTime(resp.Header.Get("Date"))
		if err == nil && nowErr == nil {
			return max(0, at.Sub(now))
		}
	}
	jitter := backoff.NewExponentialBackOff()
	jitter.InitialInterval = firstPause
	return jitter.NextBackOff()
}
