package keystoretest

import (
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
)

const goroutines = 8

// together runs f in several goroutines and gives their errors.
func together(f func(i int) error) []error {
	failed := make([]error, goroutines)
	var group sync.WaitGroup
	for i := range goroutines {
		group.Go(func() { failed[i] = f(i) })
	}
	group.Wait()
	return failed
}

func signsConcurrently(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	signers := map[string]crypto.Signer{}
	for _, keyType := range keyTypes {
		signer, err := store.Generate(string(keyType), keyType)
		require.NoError(t, err)
		signers[string(keyType)] = signer
	}
	require.NoError(t, store.ImportMAC("whitelist", []byte(vectorSecret)))
	shared, err := store.MAC("whitelist")
	require.NoError(t, err)

	signatures := make([]map[string][]byte, goroutines)
	failed := together(func(i int) error {
		signatures[i] = map[string][]byte{}
		for alias := range signers {
			signer, err := store.Signer(alias)
			if err != nil {
				return err
			}
			for range 4 {
				if signatures[i][alias], err = crypto.SignMessage(signer, rand.Reader, message, crypto.SHA256); err != nil {
					return err
				}
			}
		}
		for range 100 {
			if got, err := shared.Sum([]byte(vectorMessage)); err != nil || hex.EncodeToString(got[:]) != vectorMAC {
				return fmt.Errorf("MAC differs: %w", err)
			}
		}
		return nil
	})
	require.NoError(t, errors.Join(failed...))
	for _, made := range signatures {
		for alias, signature := range made {
			requireVerifies(t, signers[alias].Public(), signature)
		}
	}
}

func generatesOnce(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	made := make([]crypto.Signer, goroutines)
	failed := together(func(i int) (err error) {
		made[i], err = store.Generate("key", keystore.P256)
		return err
	})
	var winner crypto.Signer
	for i, err := range failed {
		if err != nil {
			require.ErrorIs(t, err, keystore.ErrExists)
			continue
		}
		require.Nil(t, winner, "a second key was made over the first")
		winner = made[i]
	}
	require.NotNil(t, winner)
	stored, err := store.Signer("key")
	require.NoError(t, err)
	require.Equal(t, winner.Public(), stored.Public())
}

// deletesConcurrently lets each goroutine use, lose and make the same two keys: what it gets is a working key or an error
// that says why not.
func deletesConcurrently(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	expected := func(err error) error {
		if err == nil || errors.Is(err, keystore.ErrNotFound) || errors.Is(err, keystore.ErrExists) || errors.Is(err, fault.KeyLost) {
			return nil
		}
		return err
	}
	failed := together(func(int) error {
		for range 4 {
			signer, err := store.Generate("key", keystore.P256)
			if err != nil {
				signer, err = store.Signer("key")
			}
			if err == nil {
				_, err = crypto.SignMessage(signer, rand.Reader, message, crypto.SHA256)
			}
			if err := errors.Join(expected(err), expected(store.GenerateMAC("mac"))); err != nil {
				return err
			}
			mac, err := store.MAC("mac")
			if err == nil {
				_, err = mac.Sum(message)
			}
			if err := errors.Join(expected(err), store.Delete("key"), store.Delete("mac")); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, errors.Join(failed...))
	_, err := store.Signer("key")
	require.ErrorIs(t, err, keystore.ErrNotFound)
	_, err = store.Generate("key", keystore.P256)
	require.NoError(t, err, "the store still works")
}
