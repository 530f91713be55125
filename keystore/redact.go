package keystore

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is bytes that never show in logs, formatted text or JSON.
type Secret []byte

const secretText = "keystore.Secret(redacted)"

// String tells nothing of the secret.
func (Secret) String() string { return secretText }

// Format tells nothing of the secret, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { write(f, secretText) }

// MarshalText tells nothing of the secret, in JSON too.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretText), nil }

// LogValue tells nothing of the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue(secretText) }

// redacted is embedded in what holds a key, and replaces all of it with its own text.
type redacted string

func (r redacted) String() string               { return string(r) }
func (r redacted) Format(f fmt.State, _ rune)   { write(f, string(r)) }
func (r redacted) MarshalText() ([]byte, error) { return []byte(r), nil }
func (r redacted) LogValue() slog.Value         { return slog.StringValue(string(r)) }

func write(f fmt.State, text string) {
	_, _ = io.WriteString(f, text) // fmt collects into memory and takes no error back
}
