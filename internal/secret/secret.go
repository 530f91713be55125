// Package secret has the types of the secrets that a caller hands to a wire client: signing secrets and payment tokens. Packages
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

// Bytes is a secret that its holder clears after use. It shows as little as Text.
type Bytes []byte

// Format tells nothing of the secret, whatever the verb.
func (Bytes) Format(f fmt.State, verb rune) { Text("").Format(f, verb) }

// MarshalText tells nothing of the secret, in JSON too.
func (Bytes) MarshalText() ([]byte, error) { return Text("").MarshalText() }

// LogValue tells nothing of the secret.
func (Bytes) LogValue() slog.Value { return Text("").LogValue() }
