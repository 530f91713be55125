package deviceauth

import (
	"log/slog"
	"time"
)

// Token is an access token that is good for at least 10 s more. Bearer is the token itself; it does not print.
type Token struct {
	value string
	// ExpiresAt is in trusted time, UTC.
	ExpiresAt time.Time
	// Scope is what the token allows; nil when nobody says.
	Scope []string

	// born, due and dead are moments of the clock's Elapsed: when it was asked for, from when on it is refreshed, from when on it
	// is not given out.
	born, due, dead time.Duration
}

// Bearer is the token for an Authorization header.
func (t Token) Bearer() string { return t.value }

const placeholder = "[token]"

// String hides the token.
func (Token) String() string { return placeholder }

// GoString hides the token.
func (Token) GoString() string { return placeholder }

// LogValue hides the token.
func (Token) LogValue() slog.Value { return slog.StringValue(placeholder) }
