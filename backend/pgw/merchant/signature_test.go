package merchant_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw/merchant"
)

// vector is a row of testdata/vectors.json.
type vector struct {
	Name, Scheme, Secret, Method, Path, Body, BodySHA256, Key, Signature string
	Timestamp                                                            int64
}

func (v vector) message() merchant.Message {
	return merchant.Message{Method: v.Method, Path: v.Path, Timestamp: v.Timestamp, Body: []byte(v.Body)}
}

func vectors(t *testing.T) (good, mustFail []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var all struct{ Signatures, MustFail []vector }
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&all))
	require.Len(t, all.Signatures, 8)
	require.Len(t, all.MustFail, 1)
	return all.Signatures, all.MustFail
}

func TestVectors(t *testing.T) {
	t.Parallel()
	good, mustFail := vectors(t)
	schemes := []merchant.Scheme{merchant.Newline, merchant.NewlineRaw, merchant.Colon}
	for _, v := range good {
		scheme, secret := merchant.Scheme(v.Scheme), merchant.Secret(v.Secret)
		require.Equal(t, v.Signature, scheme.Sign(secret, v.message()), v.Name)
		require.True(t, scheme.Verify(secret, v.message(), v.Signature), v.Name)
		if v.BodySHA256 != "" {
			require.Equal(t, v.BodySHA256, merchant.BodyHash([]byte(v.Body)), v.Name)
		}
		if v.Key != "" { // what a gateway stores as secret_key_hash is the signing key itself
			require.Equal(t, v.Signature, merchant.NewlineRaw.Sign(merchant.Secret(v.Key), v.message()), v.Name)
		}
		signer := merchant.NewSigner(scheme, "pk_test_1", secret)
		for range 2 { // the second time with a hash that was used before
			require.Equal(t, merchant.Header("pk_test_1", v.Timestamp, v.Signature), signer.Header(v.message()), v.Name)
			require.True(t, signer.Verify(v.message(), v.Signature), v.Name)
			require.False(t, signer.Verify(v.message(), v.Signature[2:]), v.Name)
		}
		for _, other := range schemes {
			if other != scheme {
				require.False(t, other.Verify(secret, v.message(), v.Signature), "%s as %s", v.Name, other)
			}
		}
	}
	for _, v := range mustFail {
		require.NotEqual(t, v.Signature, merchant.Scheme(v.Scheme).Sign(merchant.Secret(v.Secret), v.message()), v.Name)
		require.False(t, merchant.Scheme(v.Scheme).Verify(merchant.Secret(v.Secret), v.message(), v.Signature), v.Name)
	}
}

func TestEveryPartIsSigned(t *testing.T) {
	t.Parallel()
	good, _ := vectors(t)
	for _, v := range good {
		scheme, secret, m := merchant.Scheme(v.Scheme), merchant.Secret(v.Secret), v.message()
		for name, change := range map[string]func(m *merchant.Message){
			"method":    func(m *merchant.Message) { m.Method = "PUT" },
			"path":      func(m *merchant.Message) { m.Path += "/" },
			"timestamp": func(m *merchant.Message) { m.Timestamp++ },
			"body":      func(m *merchant.Message) { m.Body = append([]byte(" "), m.Body...) },
		} {
			changed := m
			change(&changed)
			require.False(t, scheme.Verify(secret, changed, v.Signature), "%s: %s", v.Name, name)
		}
		require.False(t, scheme.Verify(secret+"x", m, v.Signature), v.Name)
		queried := m
		queried.Path += "?limit=5"
		require.True(t, scheme.Verify(secret, queried, v.Signature), "a query is not signed")
		for _, odd := range []string{"", "zz", v.Signature[:len(v.Signature)-2], v.Signature + "00", v.Signature + " "} {
			require.False(t, scheme.Verify(secret, m, odd), "%s: %q", v.Name, odd)
		}
	}
	require.True(t, merchant.Newline.Verify("sk_test_xyz789", good[3].message(), strings.ToUpper(good[3].Signature)), "hex in either case")
	require.Empty(t, merchant.Scheme("md5").Sign("s", good[0].message()), "no scheme signs nothing")
	require.False(t, merchant.Scheme("md5").Verify("s", good[0].message(), ""))
}

func TestHeader(t *testing.T) {
	t.Parallel()
	value := merchant.Header("pk_test_1", 1706515200, "ab:c=")
	require.Equal(t, "HMAC-SHA256 pk_test_1:1706515200:ab:c=", value)
	id, at, signature, err := merchant.ParseHeader(value)
	require.NoError(t, err)
	require.Equal(t, "pk_test_1", id)
	require.EqualValues(t, 1706515200, at)
	require.Equal(t, "ab:c=", signature, "split at the first two colons")
	for _, odd := range []string{
		"", "HMAC-SHA256", "HMAC-SHA256 ", "Bearer a:1:b", "HMAC-SHA256 a:1", "HMAC-SHA256 :1:b", "HMAC-SHA256 a:soon:b", "HMAC-SHA256 a:1: b", "HMAC-SHA256  a:1:b",
		"HMAC-SHA256 a:+1:b", "HMAC-SHA256 a:01:b", "HMAC-SHA256 a:-0:b",
	} {
		_, _, _, err := merchant.ParseHeader(odd)
		require.ErrorIs(t, err, merchant.ErrHeader, "%q", odd)
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add("HMAC-SHA256 pk_test_1:1706515200:abc")
	f.Add("HMAC-SHA256 a:1:b:c")
	f.Fuzz(func(t *testing.T, value string) {
		id, at, signature, err := merchant.ParseHeader(value)
		if err != nil {
			return
		}
		again, atAgain, signatureAgain, err := merchant.ParseHeader(merchant.Header(id, at, signature))
		require.NoError(t, err)
		require.Equal(t, []any{id, at, signature}, []any{again, atAgain, signatureAgain})
	})
}
