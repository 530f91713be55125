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
	text := secret.Text(canary)
	options := struct {
		Name   string
		Secret secret.Text
	}{"x", text}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb, text, options)
	}
	encoded, err := json.Marshal(map[string]any{"a": text, "b": options})
	require.NoError(t, err)
	out.Write(encoded)
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "secret", text, "options", options)
	}
	fmt.Fprint(&out, errors.Join(fmt.Errorf("failed with %v", text)))
	require.NotContains(t, out.String(), canary)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", canary))
	require.Equal(t, canary, string(text))
}
