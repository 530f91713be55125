package keystore_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/keystore/keystoretest"
)

var errHost = errors.New("android.security.KeyStoreException")

var secret = bytes.Repeat([]byte("k"), 32)

// uses has every method of a store: those that use a key that was there before, and those that change the store.
var uses = []struct {
	name  string
	makes bool
	call  func(keystore.Store) error
}{
	{name: "Generate", makes: true, call: func(s keystore.Store) error {
		_, err := s.Generate("new", keystore.P256)
		return err
	}},
	{name: "ImportMAC", makes: true, call: func(s keystore.Store) error { return s.ImportMAC("new", secret) }},
	{name: "GenerateMAC", makes: true, call: func(s keystore.Store) error { return s.GenerateMAC("new") }},
	{name: "Delete", makes: true, call: func(s keystore.Store) error { return s.Delete("key") }},
	{name: "SignMessage", call: func(s keystore.Store) error {
		signer, err := s.Signer("key")
		if err != nil {
			return err
		}
		_, err = crypto.SignMessage(signer, rand.Reader, []byte("m"), crypto.SHA256)
		return err
	}},
	{name: "Sum", call: func(s keystore.Store) error {
		mac, err := s.MAC("mac")
		if err != nil {
			return err
		}
		_, err = mac.Sum([]byte("m"))
		return err
	}},
}

// failing is a host with "key" and "mac" on which generating, importing, signing, MACs and deleting do f.
func failing(t *testing.T, f func() error) keystore.Store {
	t.Helper()
	host := keystoretest.NewHost()
	require.NoError(t, host.GenerateKey("key", "ec-p256"))
	require.NoError(t, host.GenerateMAC("mac"))
	return keystore.NewHost(&oddHost{
		Host:        host,
		generateKey: func(string, string) error { return f() },
		sign:        func(string, []byte) ([]byte, error) { return nil, f() },
		importMAC:   func(string, []byte) error { return f() },
		generateMAC: func(string) error { return f() },
		mac:         func(string, []byte) ([]byte, error) { return nil, f() },
		deleteKey:   func(string) error { return f() },
	})
}

func TestHostThatThrows(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		fail    func() error
		present fault.Code // for a key that was there before
		makes   fault.Code
	}{
		{name: "an exception loses the key", fail: func() error { return errHost }, present: fault.KeyLost, makes: fault.Internal},
		{name: "a code of ours stands", fail: func() error { return fault.New(fault.StorageFull, "host", "") },
			present: fault.StorageFull, makes: fault.StorageFull},
		{name: "a wrapped code stands", fail: func() error { return fmt.Errorf("host: %w", fault.Cancelled) },
			present: fault.Cancelled, makes: fault.Cancelled},
		{name: "a panic is a defect, not a lost key", fail: func() error { panic(string(secret)) },
			present: fault.Internal, makes: fault.Internal},
		{name: "so is a call that ends its goroutine", fail: func() error { runtime.Goexit(); return nil },
			present: fault.Internal, makes: fault.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := failing(t, test.fail)
			for _, use := range uses {
				want := test.present
				if use.makes {
					want = test.makes
				}
				err := use.call(store)
				require.Equal(t, want, fault.CodeOf(err), "%s: %v", use.name, err)
				require.NotContains(t, err.Error(), string(secret), use.name)
			}
		})
	}
	require.ErrorIs(t, uses[4].call(failing(t, func() error { return errHost })), errHost, "the cause is kept")
	require.ErrorContains(t, uses[4].call(failing(t, func() error { return errHost })), "pair or activate again", "and the way out told")
}

func TestHostThatCannotReadItsKeys(t *testing.T) {
	t.Parallel()
	store := keystore.NewHost(&oddHost{
		Host:      keystoretest.NewHost(),
		publicKey: func(string) ([]byte, error) { return nil, errHost },
		hasMAC:    func(string) (bool, error) { return false, errHost },
	})
	_, err := store.Signer("key")
	require.ErrorIs(t, err, fault.KeyLost)
	_, err = store.MAC("mac")
	require.ErrorIs(t, err, fault.KeyLost)
	_, err = store.Generate("key", keystore.P256)
	require.ErrorIs(t, err, fault.KeyLost, "no key is made over one that may be there")
	require.ErrorIs(t, store.ImportMAC("mac", secret), fault.KeyLost)
	require.ErrorIs(t, store.GenerateMAC("mac"), fault.KeyLost)
}

func TestMissingHostIsAnError(t *testing.T) {
	t.Parallel()
	for _, use := range uses {
		require.Equal(t, fault.Internal, fault.CodeOf(use.call(keystore.NewHost(nil))), use.name)
	}
}

func TestHostThatBlocksTimesOut(t *testing.T) {
	t.Parallel()
	for _, use := range uses {
		t.Run(use.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answer := make(chan struct{})
				store := failing(t, func() error { <-answer; return errHost })
				start := time.Now()
				require.Equal(t, fault.Timeout, fault.CodeOf(use.call(store)))
				require.Equal(t, 30*time.Second, time.Since(start))
				_, err := store.Signer("key")
				require.NoError(t, err, "other calls go on")
				close(answer)
			})
		})
	}
}

func TestBlockedHostHoldsABoundedNumberOfThreads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		var blocked atomic.Int64
		store := failing(t, func() error { blocked.Add(1); <-answer; return errHost })
		mac, err := store.MAC("mac")
		require.NoError(t, err)
		for range 40 {
			_, err = mac.Sum([]byte("m"))
			require.ErrorIs(t, err, fault.Timeout)
		}
		require.EqualValues(t, 16, blocked.Load())
		close(answer)
		synctest.Wait()
		_, err = mac.Sum([]byte("m"))
		require.ErrorIs(t, err, fault.KeyLost, "a host that answers again is asked again")
	})
}

func TestHostThatReenters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		host := &oddHost{Host: keystoretest.NewHost()}
		store := keystore.NewHost(host)
		require.NoError(t, store.ImportMAC("mac", secret))
		var inner error
		host.sign = func(alias string, message []byte) ([]byte, error) {
			mac, err := store.MAC("mac")
			if err == nil {
				_, err = mac.Sum(message)
			}
			_, openErr := store.Signer(alias)
			inner = errors.Join(err, openErr)
			return host.Host.Sign(alias, message)
		}
		_, err := store.Generate("key", keystore.P256)
		require.NoError(t, err)
		require.NoError(t, inner, "reading methods may be called from within the host")

		host.generateKey = func(string, string) error {
			_, err := store.Generate("other", keystore.P256)
			return err
		}
		_, err = store.Generate("third", keystore.P256)
		require.ErrorIs(t, err, fault.Timeout, "making a key while making a key ends, with an error")
		synctest.Wait()
		host.generateKey = nil
		_, err = store.Generate("third", keystore.P256)
		require.NoError(t, err, "and the store works again")
	})
}

func TestHostThatGivesGarbage(t *testing.T) {
	t.Parallel()
	spki := func(pub crypto.PublicKey, err error) []byte {
		require.NoError(t, err)
		der, err := x509.MarshalPKIXPublicKey(pub)
		require.NoError(t, err)
		return der
	}
	public := func(key crypto.Signer, err error) []byte { return spki(key.Public(), err) }
	good, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rsa3072, err := rsa.GenerateKey(rand.Reader, 3072)
	require.NoError(t, err)
	otherExponent := rsa.PublicKey{N: rsa3072.N, E: 3}
	offCurve := spki(good.Public(), nil)
	offCurve[len(offCurve)-1] ^= 1

	for name, der := range map[string][]byte{
		"not DER":        []byte("-----BEGIN PUBLIC KEY-----"),
		"trailing bytes": append(spki(good.Public(), nil), 0),
		"too long":       bytes.Repeat([]byte{0x30}, 1025),
		"P-384":          public(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"off the curve":  offCurve,
		"RSA-3072":       spki(rsa3072.Public(), nil),
		"exponent 3":     spki(&otherExponent, nil),
	} {
		host := &oddHost{Host: keystoretest.NewHost(), publicKey: func(string) ([]byte, error) { return der, nil }}
		_, err := keystore.NewHost(host).Signer("key")
		require.ErrorIs(t, err, fault.KeyLost, name)

		generated := false
		host.generateKey = func(string, string) error { generated = true; return nil }
		host.publicKey = func(string) ([]byte, error) {
			if generated {
				return der, nil
			}
			return nil, nil
		}
		host.deleteKey = func(string) error { generated = false; return nil }
		_, err = keystore.NewHost(host).Generate("key", keystore.P256)
		require.Equal(t, fault.Internal, fault.CodeOf(err), name)
		require.False(t, generated, "%s: a key that cannot be used is removed", name)
	}
}

func TestHostThatMakesAnotherKeyThanAsked(t *testing.T) {
	t.Parallel()
	host := &oddHost{Host: keystoretest.NewHost()}
	host.generateKey = func(alias, _ string) error { return host.Host.GenerateKey(alias, "ec-p256") }
	_, err := keystore.NewHost(host).Generate("key", keystore.RSA2048)
	require.Equal(t, fault.Internal, fault.CodeOf(err))
	require.ErrorContains(t, err, `"ec-p256", not "rsa-2048"`)

	host.deleteKey = func(string) error { return errHost }
	_, err = keystore.NewHost(host).Generate("key", keystore.RSA2048)
	require.ErrorContains(t, err, "could not be deleted")
}

func TestHostThatSignsGarbage(t *testing.T) {
	t.Parallel()
	for _, keyType := range []keystore.KeyType{keystore.RSA2048, keystore.P256} {
		for name, garbage := range map[string][]byte{"nil": nil, "short": {0x30}, "256 bytes": make([]byte, 256), "1 MiB": make([]byte, 1<<20)} {
			host := &oddHost{Host: keystoretest.NewHost()}
			store := keystore.NewHost(host)
			signer, err := store.Generate("key", keyType)
			require.NoError(t, err)
			host.sign = func(string, []byte) ([]byte, error) { return garbage, nil }
			signature, err := crypto.SignMessage(signer, rand.Reader, []byte("m"), crypto.SHA256)
			require.ErrorIs(t, err, fault.KeyLost, "%s %s", keyType, name)
			require.Nil(t, signature)

			_, err = store.Generate("untested", keyType)
			require.Equal(t, fault.Internal, fault.CodeOf(err), "%s %s: a new key must pass its test", keyType, name)
			_, err = store.Signer("untested")
			require.ErrorIs(t, err, keystore.ErrNotFound)
		}
	}
}

func TestKeyReplacedBehindTheStoreIsNoticed(t *testing.T) {
	t.Parallel()
	host := keystoretest.NewHost()
	signer, err := keystore.NewHost(host).Generate("key", keystore.P256)
	require.NoError(t, err)
	require.NoError(t, host.GenerateKey("key", "ec-p256"))
	_, err = crypto.SignMessage(signer, rand.Reader, []byte("m"), crypto.SHA256)
	require.ErrorIs(t, err, fault.KeyLost)
}

func TestHostThatGivesGarbageForAMAC(t *testing.T) {
	t.Parallel()
	for name, garbage := range map[string][]byte{"nil": nil, "31 bytes": make([]byte, 31), "33 bytes": make([]byte, 33)} {
		host := &oddHost{Host: keystoretest.NewHost()}
		store := keystore.NewHost(host)
		require.NoError(t, store.GenerateMAC("mac"))
		mac, err := store.MAC("mac")
		require.NoError(t, err)
		host.mac = func(string, []byte) ([]byte, error) { return garbage, nil }
		_, err = mac.Sum([]byte("m"))
		require.ErrorIs(t, err, fault.KeyLost, name)
		require.Equal(t, fault.Internal, fault.CodeOf(store.GenerateMAC("new")), name)
		_, err = store.MAC("new")
		require.ErrorIs(t, err, keystore.ErrNotFound, name)
	}

	host := &oddHost{Host: keystoretest.NewHost(), mac: func(string, []byte) ([]byte, error) { return make([]byte, 32), nil }}
	require.ErrorContains(t, keystore.NewHost(host).ImportMAC("mac", secret), "computes another MAC")
}
