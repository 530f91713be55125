package keystoretest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/keystore"
)

var keyTypes = []keystore.KeyType{keystore.RSA2048, keystore.P256}

var message = []byte("header.claims")

func signs(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	for _, keyType := range keyTypes {
		made, err := store.Generate(string(keyType), keyType)
		require.NoError(t, err)
		requireSigns(t, made)

		opened, err := store.Signer(string(keyType))
		require.NoError(t, err)
		require.Equal(t, made.Public(), opened.Public())
		requireSigns(t, opened)

		switch pub := made.Public().(type) {
		case *rsa.PublicKey:
			require.Equal(t, keystore.RSA2048, keyType)
			require.Equal(t, 2048, pub.N.BitLen())
			require.Equal(t, 65537, pub.E)
		case *ecdsa.PublicKey:
			require.Equal(t, keystore.P256, keyType)
			require.Equal(t, elliptic.P256(), pub.Curve)
		default:
			require.Fail(t, "unexpected public key", "%T", pub)
		}
	}
}

func refusesOtherWays(t *testing.T, _ Traits, open Open) {
	store, _ := open(t)
	digest := sha256.Sum256(message)
	for _, keyType := range keyTypes {
		signer, err := store.Generate(string(keyType), keyType)
		require.NoError(t, err)
		for way, opts := range map[string]crypto.SignerOpts{
			"nil":      nil,
			"no hash":  crypto.Hash(0),
			"SHA-1":    crypto.SHA1,
			"SHA-384":  crypto.SHA384,
			"RSA-PSS":  &rsa.PSSOptions{Hash: crypto.SHA256},
			"nil PSS":  (*rsa.PSSOptions)(nil),
			"SHA-512t": crypto.SHA512_256,
		} {
			signature, err := messageSigner(t, signer).SignMessage(rand.Reader, message, opts)
			require.Error(t, err, "%s %s", keyType, way)
			require.Empty(t, signature)
			signature, err = signer.Sign(rand.Reader, digest[:], opts)
			require.Error(t, err, "%s %s", keyType, way)
			require.Empty(t, signature)
		}
		_, err = signer.Sign(rand.Reader, message, crypto.SHA256)
		require.Error(t, err, "a message is no digest")
	}
}

func signsDigests(t *testing.T, traits Traits, open Open) {
	store, _ := open(t)
	digest := sha256.Sum256(message)
	for _, keyType := range keyTypes {
		signer, err := store.Generate(string(keyType), keyType)
		require.NoError(t, err)
		signature, err := signer.Sign(rand.Reader, digest[:], crypto.SHA256)
		if !traits.SignsDigests {
			require.ErrorContains(t, err, "crypto.SignMessage", "the error says what to use")
			continue
		}
		require.NoError(t, err)
		requireVerifies(t, signer.Public(), signature)
	}
}

func messageSigner(t *testing.T, signer crypto.Signer) crypto.MessageSigner {
	t.Helper()
	var key any = signer
	require.Implements(t, (*crypto.MessageSigner)(nil), key)
	return key.(crypto.MessageSigner)
}

func requireSigns(t *testing.T, signer crypto.Signer) {
	t.Helper()
	messageSigner(t, signer)
	given := append([]byte(nil), message...)
	signature, err := crypto.SignMessage(signer, rand.Reader, given, crypto.SHA256)
	require.NoError(t, err)
	require.Equal(t, message, given, "the message stays the caller's")
	requireVerifies(t, signer.Public(), signature)
}

func requireVerifies(t *testing.T, pub crypto.PublicKey, signature []byte) {
	t.Helper()
	digest := sha256.Sum256(message)
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		require.NoError(t, rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], signature))
	case *ecdsa.PublicKey:
		require.True(t, ecdsa.VerifyASN1(pub, digest[:], signature))
	default:
		require.Fail(t, "unexpected public key", "%T", pub)
	}
}
