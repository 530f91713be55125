package deviceauth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// Rules of a token's life.
const (
	// refreshShare of a life, in percent, after which a token is refreshed on use.
	refreshShare = 70
	// minLeft is what a token that is given out has left at least: it must arrive before it runs out.
	minLeft = 10 * time.Second
	// hurryWithin is how long a request may still take once the network changed.
	hurryWithin = time.Second
	// DefaultTimeout bounds one request for a token.
	DefaultTimeout = 10 * time.Second
)

// SourceOptions set up a Source. Device and Portal are needed.
type SourceOptions struct {
	Device *Device
	// Portal has the token endpoint.
	Portal *mpac.Portal
	// Scope narrows tokens. Empty asks for the server's default.
	Scope []string
	// Form asks with a form, as a standard OAuth server wants it, not with JSON.
	Form bool
	// Timeout is how long one request may take, signing included. Zero is DefaultTimeout.
	Timeout time.Duration
}

// Source gives tokens. Make one with NewSource; Close it.
type Source struct {
	fetch   func(ctx context.Context) (mpac.Token, error)
	clock   *clock.Clock
	scope   []string
	timeout time.Duration

	life context.Context //nolint:containedctx // the life of the object, not of a call.
	end  context.CancelFunc

	// current is the token in use, read without a lock; it is written under mu.
	current atomic.Pointer[Token]

	mu     sync.Mutex
	flight *flight
	// failures are requests without a token in a row; refusals, renewals because of a 401 in a row.
	failures, refusals backoffState
	// calm is closed when failures are forgotten before their pause is over, and made anew.
	calm chan struct{}
}

// flight is one request for a token.
type flight struct {
	cancel context.CancelFunc
	// hurried: the network changed under it. It gets hurryWithin, and when it fails that counts for nothing.
	hurried bool
	done    chan struct{}
	// err is written before done is closed. Without one there is a token, or the flight was given up: look again.
	err error
}

// NewSource returns a Source. Nothing is sent before Token is called.
func NewSource(o SourceOptions) *Source {
	s := &Source{clock: o.Device.options.Clock, scope: o.Scope, timeout: o.Timeout, calm: make(chan struct{})}
	if s.timeout == 0 {
		s.timeout = DefaultTimeout
	}
	s.fetch = func(ctx context.Context) (mpac.Token, error) {
		return o.Device.requestToken(ctx, o.Portal, o.Scope, o.Form)
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Token gives a token with at least 10 s left. It comes from memory when there is one; else the caller waits for the one request
// that is under way, or makes it, no longer than ctx. After a failure the next request is made when its pause is over: a caller
// whose ctx lasts that long waits for it, any other gets the last failure at once. Errors: not_activated, activation_expired,
// key_lost, token_refused, device_suspended, device_decommissioned, timeout, cancelled, closed, those of a call without an
// answer.
func (s *Source) Token(ctx context.Context) (Token, error) {
	if t := s.current.Load(); t != nil && s.clock.Elapsed() < t.due {
		return *t, nil
	}
	return s.wait(ctx)
}

func (s *Source) wait(ctx context.Context) (Token, error) {
	const op = "deviceauth: token"
	for {
		if s.life.Err() != nil {
			return Token{}, fault.New(fault.Closed, op, "the token source is closed")
		}
		if err := ctx.Err(); err != nil {
			return Token{}, fault.Wrap(fault.CodeOf(err), op, err)
		}
		token, flight, rest, err := s.turn(ctx)
		switch {
		case err != nil:
			return Token{}, err
		case token != nil:
			return *token, nil
		case flight == nil:
			rest.wait(ctx, s.life)
			continue
		}
		select {
		case <-flight.done:
			if flight.err != nil {
				return Token{}, flight.err
			}
		case <-ctx.Done():
		case <-s.life.Done():
		}
	}
}

// turn decides what a caller does next: take a token, fail, wait for a flight, or rest.
func (s *Source) turn(ctx context.Context) (*Token, *flight, rest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Elapsed()
	token := s.current.Load()
	usable := token != nil && now < token.dead
	pause := s.failures.left(now)
	if s.flight == nil && pause <= 0 && (token == nil || now >= token.due) {
		if usable {
			s.refusals = backoffState{} // it lived until its refresh: the server takes our tokens
		}
		s.start()
	}
	switch {
	case usable:
		return token, nil, rest{}, nil
	case s.flight != nil:
		return nil, s.flight, rest{}, nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return nil, nil, rest{}, s.failures.last
	}
	return nil, nil, rest{pause, s.calm}, nil
}

// start begins a flight; the caller holds mu. A flight ends with its timeout whatever the network or the key store do: what
// comes later is dropped.
func (s *Source) start() {
	ctx, cancel := context.WithTimeout(s.life, s.timeout)
	f := &flight{cancel: cancel, done: make(chan struct{})}
	s.flight = f
	born := s.clock.Elapsed()
	answer := make(chan func() (mpac.Token, error), 1)
	go func() {
		got, err := guarded(ctx, s.fetch)
		answer <- func() (mpac.Token, error) { return got, err }
	}()
	go func() {
		defer cancel()
		select {
		case result := <-answer:
			got, err := result()
			s.land(f, born, got, err)
		case <-ctx.Done():
			code := fault.CodeOf(ctx.Err())
			if s.life.Err() == nil { // hurried, or too late
				code = fault.Timeout
			}
			s.land(f, born, mpac.Token{}, fault.Wrap(code, "deviceauth: token", ctx.Err()))
		}
	}()
}

// guarded makes a panic of a key store an error: it must not take the app down.
func guarded(ctx context.Context, fetch func(context.Context) (mpac.Token, error)) (token mpac.Token, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fault.New(fault.Internal, "deviceauth: token", "a panic was caught; please report what led to it")
		}
	}()
	return fetch(ctx)
}

// land ends a flight.
func (s *Source) land(f *flight, born time.Duration, got mpac.Token, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(f.done)
	if s.flight != f {
		return // Reset gave it up
	}
	s.flight = nil
	now := s.clock.Elapsed()
	var token *Token
	if err == nil {
		token, err = s.accept(born, now, got)
	}
	if err != nil {
		f.err = err
		if wasSent(err) && !f.hurried {
			s.failures.failed(now, err)
		}
		return
	}
	s.failures = backoffState{}
	s.current.Store(token)
}

// accept turns an answer into a token. Its life began, at the latest, when it was asked for.
func (s *Source) accept(born, now time.Duration, got mpac.Token) (*Token, error) {
	const op = "deviceauth: token"
	if got.Life <= minLeft {
		return nil, fault.New(fault.BadResponse, op, fmt.Sprintf("expires_in must be above %d seconds", int(minLeft.Seconds())))
	}
	t := &Token{
		value: string(got.AccessToken), Scope: got.Scope, born: born, dead: born + got.Life - minLeft,
		ExpiresAt: s.clock.Estimate().Add(born + got.Life - now),
	}
	if t.Scope == nil && len(s.scope) > 0 {
		t.Scope = s.scope // RFC 6749 section 5.1: without a word the scope is the one asked for
	}
	t.due = min(born+got.Life*refreshShare/100, t.dead)
	if now >= t.dead {
		return nil, fault.New(fault.Timeout, op, "the token had run out when it arrived")
	}
	return t, nil
}

// wasSent tells failures of the server and the way to it, which must not be repeated at once, from those of the device.
func wasSent(err error) bool {
	switch fault.CodeOf(err) {
	case fault.NotActivated, fault.ActivationExpired, fault.KeyLost, fault.InvalidConfig, fault.Closed:
		return false
	default:
		return true
	}
}

// Refused tells the source that a server did not take a token (HTTP 401, close code 4401). It reports whether asking Token again
// is worth it: there is, or will be, another token. Many reports of one token are one; servers that go on refusing get a
// new token ever more seldom, at most one a minute.
func (s *Source) Refused(token Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.current.Load()
	if t == nil || t.value != token.value {
		return true
	}
	now := s.clock.Elapsed()
	if s.refusals.left(now) > 0 {
		return false
	}
	s.refusals.failed(now, nil)
	s.current.Store(nil)
	return true
}

// NetworkAvailable tells that a network came up: the pause after a failure ends, and a request that is under way gets 1 s more, for
// it may wait on the network of before. The token stays. It may be called as often as the system tells of networks.
func (s *Source) NetworkAvailable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgive()
	if f := s.flight; f != nil && !f.hurried {
		f.hurried = true
		late := time.AfterFunc(hurryWithin, f.cancel)
		go func() {
			<-f.done
			late.Stop()
		}()
	}
}

// Reset forgets token, failures and pauses: after an activation, when the network came back, when a person says "now". What is
// under way is given up; who waited for it asks again.
func (s *Source) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current.Store(nil)
	s.refusals = backoffState{}
	s.forgive()
	if s.flight != nil {
		s.flight.cancel()
		s.flight = nil
	}
}

// forgive ends the pause, for those who wait for its end too; the caller holds mu.
func (s *Source) forgive() {
	s.failures = backoffState{}
	close(s.calm)
	s.calm = make(chan struct{})
}

// Close ends what is under way. Calls that wait fail with closed.
func (s *Source) Close() { s.end() }

// Scopes gives the scopes of the token in use, asking for one when there is none: what mpac.SmarttabOptions wants.
func (s *Source) Scopes(ctx context.Context) ([]string, error) {
	t, err := s.Token(ctx)
	return t.Scope, err
}

// requestToken asks for one token. When the server refuses the assertion and its Date shows that the clock was wrong, it is asked
// once more with an assertion in corrected time.
func (d *Device) requestToken(ctx context.Context, portal *mpac.Portal, scope []string, form bool) (mpac.Token, error) {
	for again := false; ; again = true {
		assertion, err := d.assertion()
		if err != nil {
			return mpac.Token{}, err
		}
		identity, err := d.Identity()
		if err != nil {
			return mpac.Token{}, err
		}
		before := d.options.Clock.Elapsed()
		signedAt := d.options.Clock.Estimate()
		token, err := portal.Token(ctx, mpac.TokenRequest{ClientID: identity.ClientID, Assertion: assertion, Scope: scope, Form: form})
		moved := d.options.Clock.Estimate().Sub(signedAt) - (d.options.Clock.Elapsed() - before)
		refused := errors.Is(err, fault.TokenRefused)
		if refused && !again && moved.Abs() >= skewAllowed {
			continue
		}
		if refused || err == nil {
			d.noteRefused(refused)
		}
		return token, err //nolint:wrapcheck // a fault of package mpac.
	}
}
