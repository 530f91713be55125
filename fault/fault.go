package fault

import (
	"context"
	"errors"
)

// Fault is an error with a stable code. Its text is for developers: "operation: what to know: cause". The text for an
// operator is Code.Info().Text.
type Fault struct {
	// Code is the stable code, never empty.
	Code Code
	// Op is the failed operation, "package: operation".
	Op string
	// Detail is what a reader must know beyond the code: the key that is wrong, the status that was read. It never
	// holds a secret or a card number. Optional.
	Detail string
	// Err is the cause. Optional.
	Err error
}

// New returns a Fault with a code, the operation and a detail.
func New(code Code, op, detail string) *Fault {
	return &Fault{Code: code, Op: op, Detail: detail}
}

// Wrap returns a Fault with a code around a cause.
func Wrap(code Code, op string, err error) *Fault {
	return &Fault{Code: code, Op: op, Err: err}
}

// Error joins operation, code, detail and cause.
func (f *Fault) Error() string {
	text := f.Op + ": " + string(f.Code)
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	if f.Err != nil {
		text += ": " + f.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Is makes errors.Is(err, fault.NotPaired) answer by code.
func (f *Fault) Is(target error) bool {
	code, ok := target.(Code)
	return ok && f.Code == code
}

// CodeOf is the code of the first Fault or Code in err's chain. A bare context error is [Cancelled] or [Timeout];
// anything else is [Internal]; nil has no code: "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	var code Code
	if errors.As(err, &code) {
		return code
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Internal
}
