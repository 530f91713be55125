package secret_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/internal/secret"
)

func TestASecretShowsNowhere(t *testing.T) {
	t.Parallel()
	const canary = "sk_test_canary"
	text, octets := secret.Text(canary), secret.Bytes(canary)
	options := struct {
		Name   string
		Secret secret.Text
		Octets secret.Bytes
	}{"x", text, octets}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb, text, octets, options)
	}
	encoded, err := json.Marshal(map[string]any{"a": text, "b": options, "c": octets})
	require.NoError(t, err)
	out.Write(encoded)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "secret", text, "octets", octets, "options", options)
	}
	fmt.Fprint(&out, errors.Join(fmt.Errorf("failed with %v", text)))
	require.NotContains(t, out.String(), canary)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", canary))
	require.NotContains(t, out.String(), "115 107", "as numbers")
	require.Equal(t, []string{canary, canary}, []string{string(text), string(octets)})
}
