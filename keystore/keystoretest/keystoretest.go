// Package keystoretest is the suite that every keystore.Store passes. It knows stores by their traits, never by name, and
// skips nothing. [Host] is a host in memory, for tests of what stands on [keystore.NewHost].
//
// Run may be called from parallel tests.
package keystoretest

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
)

// Traits are the differences that stores may have.
type Traits struct {
	// SignsDigests: Sign of a digest works. A store that signs whole messages must refuse it.
	SignsDigests bool
}

// Open makes a new empty store; reopen opens the same keys as a new process would.
type Open func(t *testing.T) (store keystore.Store, reopen func() keystore.Store)

// The vector for MAC keys: HMAC-SHA256 of a test card number (protocol section 1.4).
const (
	vectorSecret  = "macs-whitelist-test-secret-32-bytes-long"
	vectorMessage = "5555555555554444"
	vectorMAC     = "776b335fa71a1cbb68a108fab312ab75a4fbe6e9d200b240a744664a4be4e933"
)

// Run runs the suite; each of its tests has a store of its own.
func Run(t *testing.T, traits Traits, open Open) {
	for _, test := range []struct {
		rule string
		run  func(*testing.T, Traits, Open)
	}{
		{"signs as the key type says", signs},
		{"refuses other ways to sign", refusesOtherWays},
		{"a digest is signed or refused, by trait", signsDigests},
		{"keys outlive the store", persists},
		{"a taken alias stays as it is", exists},
		{"absent keys are not found", notFound},
		{"malformed requests are refused", refusesMalformed},
		{"deleted keys are gone", deletes},
		{"MAC vector", macVector},
		{"imported secrets are copied and replaced", importsCopies},
		{"secret length", secretLength},
		{"generated MACs differ", generatesMACs},
		{"signs concurrently", signsConcurrently},
		{"one of many makes the key", generatesOnce},
		{"opens, signs and deletes concurrently", deletesConcurrently},
		{"formatting shows no secret", redacts},
	} {
		t.Run(test.rule, func(t *testing.T) {
			t.Parallel()
			test.run(t, traits, open)
		})
	}
}

func persists(t *testing.T, _ Traits, open Open) {
	store, reopen := open(t)
	made := map[string]crypto.PublicKey{}
	for _, keyType := range keyTypes {
		signer, err := store.Generate(string(keyType), keyType)
		require.NoError(t, err)
		made[string(keyType)] = signer.Public()
	}
	require.NoError(t, store.ImportMAC("whitelist", []byte(vectorSecret)))
	require.NoError(t, store.GenerateMAC("journal"))
	journal := sum(t, store, "journal", "row 1")

	again := reopen()
	for alias, pub := range made {
		signer, err := again.Signer(alias)
		require.NoError(t, err)
		require.Equal(t, pub, signer.Public())
		requireSigns(t, signer)
	}
	require.Equal(t, vectorMAC, sum(t, again, "whitelist", vectorMessage))
	require.Equal(t, journal, sum(t, again, "journal", "row 1"))

	require.NoError(t, again.Delete("journal"))
	_, err := reopen().MAC("journal")
	require.ErrorIs(t, err, keystore.ErrNotFound, "a deletion is durable too")
}

func exists(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	signer, err := store.Generate("key", keystore.P256)
	require.NoError(t, err)
	require.NoError(t, store.ImportMAC("mac", []byte(vectorSecret)))

	for _, alias := range []string{"key", "mac"} {
		_, err := store.Generate(alias, keystore.P256)
		require.ErrorIs(t, err, keystore.ErrExists)
		require.ErrorIs(t, store.GenerateMAC(alias), keystore.ErrExists)
	}
	require.ErrorIs(t, store.ImportMAC("key", []byte(vectorSecret)), keystore.ErrExists,
		"an import replaces a MAC, never a signing key")

	same, err := store.Signer("key")
	require.NoError(t, err)
	require.Equal(t, signer.Public(), same.Public())
	require.Equal(t, vectorMAC, sum(t, store, "mac", vectorMessage))
}

func notFound(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	require.NoError(t, store.GenerateMAC("mac"))
	_, err := store.Generate("key", keystore.P256)
	require.NoError(t, err)

	for _, alias := range []string{"absent", "mac"} {
		_, err := store.Signer(alias)
		require.ErrorIs(t, err, keystore.ErrNotFound, alias)
		require.NotErrorIs(t, err, fault.KeyLost, alias)
	}
	for _, alias := range []string{"absent", "key"} {
		_, err := store.MAC(alias)
		require.ErrorIs(t, err, keystore.ErrNotFound, alias)
		require.NotErrorIs(t, err, fault.KeyLost, alias)
	}
}

func refusesMalformed(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	for _, alias := range []string{"", "Upper", "under_score", "a/b", "..", "a.key", "a b", "ä", "a\x00", strings.Repeat("a", 65)} {
		_, generateErr := store.Generate(alias, keystore.P256)
		_, signerErr := store.Signer(alias)
		_, macErr := store.MAC(alias)
		for method, err := range map[string]error{
			"Generate": generateErr, "Signer": signerErr, "MAC": macErr,
			"ImportMAC":   store.ImportMAC(alias, []byte(vectorSecret)),
			"GenerateMAC": store.GenerateMAC(alias),
			"Delete":      store.Delete(alias),
		} {
			require.ErrorIs(t, err, fault.InvalidConfig, "%s(%q)", method, alias)
		}
	}
	for _, keyType := range []keystore.KeyType{"", "rsa-1024", "RS256", "ec-p384"} {
		_, err := store.Generate("key", keyType)
		require.ErrorIs(t, err, fault.InvalidConfig, "%q", keyType)
	}
	_, err := store.Signer("key")
	require.ErrorIs(t, err, keystore.ErrNotFound, "a refusal leaves nothing")

	longest := strings.Repeat("z9-", 21) + "z"
	require.NoError(t, store.GenerateMAC(longest), "64 characters are the most")
}

func deletes(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	require.NoError(t, store.Delete("absent"))

	first, err := store.Generate("key", keystore.P256)
	require.NoError(t, err)
	require.NoError(t, store.GenerateMAC("mac"))
	for _, alias := range []string{"key", "mac"} {
		require.NoError(t, store.Delete(alias))
		require.NoError(t, store.Delete(alias))
	}
	_, err = store.Signer("key")
	require.ErrorIs(t, err, keystore.ErrNotFound)
	_, err = store.MAC("mac")
	require.ErrorIs(t, err, keystore.ErrNotFound)

	second, err := store.Generate("key", keystore.P256)
	require.NoError(t, err)
	require.NotEqual(t, first.Public(), second.Public(), "a new key under the old alias")
}

func sum(t *testing.T, store keystore.Store, alias, message string) string {
	t.Helper()
	mac, err := store.MAC(alias)
	require.NoError(t, err)
	got, err := mac.Sum([]byte(message))
	require.NoError(t, err)
	require.Len(t, got, sha256.Size)
	return hex.EncodeToString(got[:])
}
