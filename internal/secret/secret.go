// Package secret has the type of the secrets that a caller hands to a wire client: signing secrets and payment tokens. Packages
// that take one export it under a name of their own, so that programs outside the module can make one.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "(redacted)"

// Text is a secret as text; string(t) is the only way to it. Logs, formatted text and JSON show "(redacted)".
type Text string

// String tells nothing of the secret.
func (Text) String() string { return hidden }

// Format tells nothing of the secret, whatever the verb.
func (Text) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, hidden) // fmt collects into memory and takes no error back
}

// MarshalText tells nothing of the secret, in JSON too.
func (Text) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue tells nothing of the secret.
func (Text) LogValue() slog.Value { return slog.StringValue(hidden) }
