package keystore

import (
	"errors"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

const (
	// hostTimeout ends the wait for a host that hangs. Slow secure elements take some ten seconds for an RSA key.
	hostTimeout = 30 * time.Second
	// hostCalls bounds how many threads a hanging host can hold.
	hostCalls = 16
)

// calls guards calls into a host: each has a deadline, and a panic becomes an error.
type calls struct {
	running chan struct{}
}

func newCalls() calls { return calls{running: make(chan struct{}, hostCalls)} }

var errTimeout = fault.New(fault.Timeout, "keystore: host", "the host's key store does not answer")

// call runs f in a goroutine of its own. After a timeout f may still run; its result is dropped.
func call[T any](c calls, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var zero T
	timeout := time.NewTimer(hostTimeout)
	defer timeout.Stop()
	select {
	case c.running <- struct{}{}:
	case <-timeout.C:
		return zero, errTimeout
	}
	done := make(chan result, 1)
	go func() {
		// What stands when f neither returns nor panics: it ended its goroutine.
		r := result{err: fault.New(fault.Internal, "keystore: host", "the host ended the call without a result")}
		defer func() {
			// The value of the panic could quote an argument.
			if value := recover(); value != nil {
				r = result{err: fault.New(fault.Internal, "keystore: host", fmt.Sprintf("the host panicked with a %T", value))}
			}
			<-c.running
			done <- r
		}()
		value, err := f()
		r = result{value: value, err: err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-timeout.C:
		return zero, errTimeout
	}
}

// do is call for methods without a result.
func (c calls) do(f func() error) error {
	_, err := call(c, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

func (s *hostStore) lock(op string) error {
	timeout := time.NewTimer(hostTimeout)
	defer timeout.Stop()
	select {
	case s.changing <- struct{}{}:
		return nil
	case <-timeout.C:
		return fmt.Errorf("%s: %w", op, errTimeout)
	}
}

func (s *hostStore) unlock() { <-s.changing }

// hostFault gives an error of the host a code, unless it has one.
func hostFault(code fault.Code, op string, err error) error {
	if coded(err) {
		return fmt.Errorf("%s: %w", op, err)
	}
	return fault.Wrap(code, op, err)
}

// hostLost is hostFault for a key that was there before.
func hostLost(op, alias string, err error) error {
	if coded(err) {
		return fmt.Errorf("%s: %w", op, err)
	}
	return lost(op, alias, err)
}

func coded(err error) bool {
	return fault.CodeOf(err) != fault.Internal || errors.Is(err, fault.Internal)
}
