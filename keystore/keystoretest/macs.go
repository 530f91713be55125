package keystoretest

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
)

func macVector(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	require.NoError(t, store.ImportMAC("whitelist", []byte(vectorSecret)))
	require.Equal(t, vectorMAC, sum(t, store, "whitelist", vectorMessage))
	require.Equal(t, vectorMAC, sum(t, store, "whitelist", vectorMessage), "a MAC leaves nothing behind in the key")
	require.NotEqual(t, vectorMAC, sum(t, store, "whitelist", ""))

	mac, err := store.MAC("whitelist")
	require.NoError(t, err)
	given := []byte(vectorMessage)
	_, err = mac.Sum(given)
	require.NoError(t, err)
	require.Equal(t, vectorMessage, string(given), "the message stays the caller's")
}

func importsCopies(t *testing.T, _ Traits, open Open) {
	store, reopen := open(t)
	secret := []byte(vectorSecret)
	require.NoError(t, store.ImportMAC("whitelist", secret))
	require.Equal(t, vectorSecret, string(secret), "the secret stays the caller's")
	clear(secret)
	require.Equal(t, vectorMAC, sum(t, store, "whitelist", vectorMessage))

	require.NoError(t, store.ImportMAC("whitelist", bytes.Repeat([]byte{7}, 32)))
	replaced := sum(t, store, "whitelist", vectorMessage)
	require.NotEqual(t, vectorMAC, replaced)
	require.Equal(t, replaced, sum(t, reopen(), "whitelist", vectorMessage))
}

func secretLength(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	for _, test := range []struct {
		length int
		ok     bool
	}{
		{length: 0}, {length: 31}, {length: 32, ok: true}, {length: 1024, ok: true}, {length: 1025},
	} {
		err := store.ImportMAC("whitelist", bytes.Repeat([]byte{'s'}, test.length))
		if test.ok {
			require.NoError(t, err, "%d bytes", test.length)
			require.NoError(t, store.Delete("whitelist"))
			continue
		}
		require.ErrorIs(t, err, fault.InvalidConfig, "%d bytes", test.length)
		require.NotContains(t, err.Error(), "sss", "no secret in errors")
		_, err = store.MAC("whitelist")
		require.ErrorIs(t, err, keystore.ErrNotFound, "%d bytes", test.length)
	}
}

func generatesMACs(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	require.NoError(t, store.GenerateMAC("a"))
	require.NoError(t, store.GenerateMAC("b"))
	require.NotEqual(t, sum(t, store, "a", "row"), sum(t, store, "b", "row"))
	require.Equal(t, sum(t, store, "a", "row"), sum(t, store, "a", "row"))
}
