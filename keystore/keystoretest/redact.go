package keystoretest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/keystore"
)

// redacts prints what a store gives out in every way a careless log line would. What is printed must be the same for two
// stores with different keys: then nothing of a key is in it.
func redacts(t *testing.T, _ Traits, open Open) {
	first, second := printed(t, open, []byte(vectorSecret)), printed(t, open, bytes.Repeat([]byte("x"), len(vectorSecret)))
	require.Equal(t, first, second)
	for _, shape := range []string{
		vectorSecret,
		hex.EncodeToString([]byte(vectorSecret)),
		fmt.Sprintf("%X", vectorSecret),
		fmt.Sprintf("%d", []byte(vectorSecret)),
	} {
		require.NotContains(t, first, shape)
	}
}

func printed(t *testing.T, open Open, secret []byte) string {
	t.Helper()
	store, _ := open(t)
	var text bytes.Buffer
	values := map[string]any{"store": store}
	for _, keyType := range keyTypes {
		signer, err := store.Generate(string(keyType), keyType)
		require.NoError(t, err)
		values[string(keyType)] = signer
	}
	require.NoError(t, store.ImportMAC("whitelist", secret))
	mac, err := store.MAC("whitelist")
	require.NoError(t, err)
	_, err = mac.Sum(message)
	require.NoError(t, err)
	values["mac"] = mac
	values["sealing key"] = keystore.Secret(secret)
	values["options"] = keystore.SoftwareOptions{Key: keystore.Secret(secret)}

	for _, name := range []string{"store", string(keystore.RSA2048), string(keystore.P256), "mac", "sealing key", "options"} {
		value := values[name]
		for _, verb := range "vsdqxXbtcoOUeEfFgGT" {
			for _, flag := range []string{"", "+", "#"} {
				fmt.Fprintf(&text, "%"+flag+string(verb)+"\n", value)
			}
		}
		if stringer, ok := value.(fmt.Stringer); ok {
			text.WriteString(stringer.String())
		}
		fmt.Fprintln(&text, value, []any{value}, map[string]any{"nested": value})
		encoded, err := json.Marshal([]any{value})
		require.NoError(t, err)
		text.Write(encoded)
		withoutTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&text, withoutTime), slog.NewJSONHandler(&text, withoutTime)} {
			slog.New(handler).Info(name, "value", value, "nested", []any{value})
		}
	}
	return text.String()
}
