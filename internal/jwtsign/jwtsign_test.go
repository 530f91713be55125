package jwtsign_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/jwtsign"
)

var claims = jwt.RegisteredClaims{Subject: "SN123"}

func newRSA(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	require.NoError(t, err)
	return key
}

func newEC(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	require.NoError(t, err)
	return key
}

// messagesOnly signs messages and no digests, as a key of the platform does. It can be made to answer wrongly.
type messagesOnly struct {
	crypto.Signer
	answer func() ([]byte, error)
}

var errDigest = errors.New("a digest was asked for")

func (messagesOnly) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errDigest }

func (s messagesOnly) SignMessage(random io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if s.answer != nil {
		return s.answer()
	}
	return crypto.SignMessage(s.Signer, random, message, opts)
}

// digestsOnly hides everything of a key but crypto.Signer.
type digestsOnly struct{ crypto.Signer }

func TestTokensVerifyElsewhere(t *testing.T) {
	t.Parallel()
	rsaKey, ecKey := newRSA(t, 2048), newEC(t, elliptic.P256())
	for _, test := range []struct {
		name    string
		key     crypto.Signer
		typ     string
		alg     string
		typRead string
	}{
		{name: "RSA", key: rsaKey, alg: "RS256", typRead: "JWT"},
		{name: "RSA, messages only", key: messagesOnly{Signer: rsaKey}, alg: "RS256", typRead: "JWT"},
		{name: "RSA, digests only", key: digestsOnly{rsaKey}, alg: "RS256", typRead: "JWT"},
		{name: "P-256", key: ecKey, alg: "ES256", typRead: "JWT"},
		{name: "P-256, messages only", key: messagesOnly{Signer: ecKey}, alg: "ES256", typRead: "JWT"},
		{name: "P-256, digests only", key: digestsOnly{ecKey}, alg: "ES256", typRead: "JWT"},
		{name: "own typ", key: ecKey, typ: "client-authentication+jwt", alg: "ES256", typRead: "client-authentication+jwt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// r and s get shorter than 32 bytes now and then; many signatures meet that.
			for range map[string]int{"RS256": 2, "ES256": 600}[test.alg] {
				token, err := jwtsign.Sign(test.key, test.typ, claims)
				require.NoError(t, err)

				var read jwt.RegisteredClaims
				parsed, err := jwt.ParseWithClaims(token, &read, func(*jwt.Token) (any, error) { return test.key.Public(), nil },
					jwt.WithValidMethods([]string{test.alg}))
				require.NoError(t, err, "golang-jwt's own method")
				require.Equal(t, claims, read)
				require.Equal(t, map[string]any{"alg": test.alg, "typ": test.typRead}, parsed.Header)
				requireVerifies(t, test.key.Public(), token)
			}
		})
	}
}

// requireVerifies checks a token with the standard library alone.
func requireVerifies(t *testing.T, pub crypto.PublicKey, token string) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature := decode(t, parts[2])
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		require.NoError(t, rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], signature))
	case *ecdsa.PublicKey:
		require.Len(t, signature, 64)
		require.True(t, ecdsa.Verify(pub, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])))
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	exponent3 := newRSA(t, 2048).PublicKey
	exponent3.E = 3
	for name, key := range map[string]crypto.Signer{
		"RSA-3072":   newRSA(t, 3072),
		"exponent 3": publicOnly{&exponent3},
		"P-224":      newEC(t, elliptic.P224()),
		"P-384":      newEC(t, elliptic.P384()),
		"Ed25519":    ed,
		"nil":        nil,
		"nil public": publicOnly{},
		"nil RSA":    publicOnly{(*rsa.PublicKey)(nil)},
		"nil EC":     publicOnly{(*ecdsa.PublicKey)(nil)},
	} {
		token, err := jwtsign.Sign(key, "", claims)
		require.ErrorIs(t, err, jwtsign.ErrKey, name)
		require.Empty(t, token, name)
	}
}

type publicOnly struct{ pub crypto.PublicKey }

func (p publicOnly) Public() crypto.PublicKey { return p.pub }

func (publicOnly) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("asked to sign")
}

func TestMethodSignsWithKeysOfItsTypeOnly(t *testing.T) {
	t.Parallel()
	rsaKey, ecKey := newRSA(t, 2048), newEC(t, elliptic.P256())
	rs256, err := jwtsign.Method(rsaKey.Public())
	require.NoError(t, err)
	es256, err := jwtsign.Method(ecKey.Public())
	require.NoError(t, err)
	for _, test := range []struct {
		name   string
		method jwt.SigningMethod
		key    any
	}{
		{name: "EC key for RS256", method: rs256, key: ecKey},
		{name: "RSA key for ES256", method: es256, key: rsaKey},
		{name: "public key", method: rs256, key: rsaKey.Public()},
		{name: "HMAC secret", method: rs256, key: []byte("secret")},
		{name: "nil", method: es256},
	} {
		_, err := test.method.Sign("header.claims", test.key)
		require.ErrorIs(t, err, jwt.ErrInvalidKeyType, test.name)
	}
}

func TestErrorsOfTheKeyKeepTheirCode(t *testing.T) {
	t.Parallel()
	key := messagesOnly{Signer: newEC(t, elliptic.P256()), answer: func() ([]byte, error) {
		return nil, fault.New(fault.KeyLost, "keystore: sign", "")
	}}
	_, err := jwtsign.Sign(key, "", claims)
	require.Equal(t, fault.KeyLost, fault.CodeOf(err))
}

func TestGarbageSignaturesAreRefused(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]crypto.Signer{"RSA": newRSA(t, 2048), "P-256": newEC(t, elliptic.P256())} {
		for _, garbage := range [][]byte{nil, {0x30}, make([]byte, 64), make([]byte, 255), make([]byte, 257)} {
			_, err := jwtsign.Sign(messagesOnly{Signer: key, answer: func() ([]byte, error) { return garbage, nil }}, "", claims)
			require.Error(t, err, "%s, %d bytes", name, len(garbage))
		}
	}
}

func TestClaimsThatCannotBeEncoded(t *testing.T) {
	t.Parallel()
	_, err := jwtsign.Sign(newEC(t, elliptic.P256()), "", jwt.MapClaims{"f": func() {}})
	var unsupported *json.UnsupportedTypeError
	require.ErrorAs(t, err, &unsupported)
}

func decode(t testing.TB, encoded string) []byte {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	require.NoError(t, err)
	return decoded
}
