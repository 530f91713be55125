package mpac

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/state"
)

// ring is a keyring whose clock the test moves.
func ring(t *testing.T) *keyring {
	t.Helper()
	st, err := state.Open("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	require.NoError(t, st.Schema(schema))
	begin := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	return &keyring{state: st, clock: &state.Clock{Base: func() time.Time { return begin }}, sets: map[string][]signingKey{}}
}

func kids(t *testing.T, k *keyring, set string) []string {
	t.Helper()
	keys, err := k.published(set)
	require.NoError(t, err)
	var list []string
	for _, key := range keys {
		list = append(list, key.kid)
	}
	return list
}

func TestReplacedKeyStaysForTheLifeOfItsTokens(t *testing.T) {
	t.Parallel()
	k := ring(t)
	first, err := k.current(setDevice)
	require.NoError(t, err)
	second, err := k.rotate(setDevice)
	require.NoError(t, err)
	third, err := k.rotate(setDevice)
	require.NoError(t, err)
	require.Equal(t, []string{first.kid, second, third}, kids(t, k, setDevice))
	now, err := k.current(setDevice)
	require.NoError(t, err)
	require.Equal(t, third, now.kid)
	k.clock.Move(124 * time.Second)
	require.Equal(t, []string{first.kid, second, third}, kids(t, k, setDevice))
	k.clock.Move(125 * time.Second)
	require.Equal(t, []string{third}, kids(t, k, setDevice))
}

func TestKeysOutliveARestart(t *testing.T) {
	t.Parallel()
	k := ring(t)
	_, err := k.current(setDevice)
	require.NoError(t, err)
	_, err = k.rotate(setDevice)
	require.NoError(t, err)
	again := &keyring{state: k.state, clock: k.clock, sets: map[string][]signingKey{}}
	require.Equal(t, kids(t, k, setDevice), kids(t, again, setDevice))
	one, err := k.current(setDevice)
	require.NoError(t, err)
	two, err := again.current(setDevice)
	require.NoError(t, err)
	require.Equal(t, one.kid, two.kid)
	require.True(t, one.signer.Public().(*ecdsa.PublicKey).Equal(two.signer.Public()))
}

func TestSetsDoNotMix(t *testing.T) {
	t.Parallel()
	k := ring(t)
	device, err := k.rotate(setDevice)
	require.NoError(t, err)
	require.NotContains(t, kids(t, k, setHuman), device)
	require.Len(t, kids(t, k, setHuman), 1)
}

func TestJWKThatCannotBeRead(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	good, err := encodeJWK("a", key.Public())
	require.NoError(t, err)
	back, err := decodeJWK(good)
	require.NoError(t, err)
	require.True(t, key.PublicKey.Equal(back))
	for name, change := range map[string]func(*jwk){
		"no kty":              func(k *jwk) { k.Kty = "" },
		"other curve":         func(k *jwk) { k.Crv = "P-384" },
		"short x":             func(k *jwk) { k.X = k.X[:40] },
		"point off the curve": func(k *jwk) { k.X = k.Y },
		"padding":             func(k *jwk) { k.X += "=" },
		"RSA without modulus": func(k *jwk) { k.Kty = "RSA" },
	} {
		bad := good
		change(&bad)
		_, err := decodeJWK(bad)
		require.Error(t, err, name)
		text, err := json.Marshal(jwks{Keys: []jwk{bad}})
		require.NoError(t, err)
		_, err = readJWKS(text)
		require.Error(t, err, name)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	_, err = encodeJWK("a", p384.Public())
	require.Error(t, err)
}

// The gateway asks the portal anew for a kid it does not know, and otherwise after five minutes alone.
func TestGatewayFetchesKeysOnlyWhenItMust(t *testing.T) {
	t.Parallel()
	k := ring(t)
	fetched := 0
	v := &verifier{clock: k.clock, cache: map[string]cached{}, fetch: func(set string) ([]byte, error) {
		fetched++
		keys, err := k.published(set)
		if err != nil {
			return nil, err
		}
		var out jwks
		for _, key := range keys {
			encoded, err := encodeJWK(key.kid, key.signer.Public())
			if err != nil {
				return nil, err
			}
			out.Keys = append(out.Keys, encoded)
		}
		return json.Marshal(out)
	}}
	token := func() string {
		key, err := k.current(setDevice)
		require.NoError(t, err)
		now := k.clock.Now().Unix()
		text, err := signJWS(key.kid, key.signer, deviceClaims{
			Issuer: issuerDevices, Subject: "5f0c7a52-8f0e-4a53-9d0b-3a2f1f6c1d11", MerchantID: 1, StoreID: 1, Scope: []string{scopeOrder}, IssuedAt: now, Expires: now + 90,
		})
		require.NoError(t, err)
		return text
	}
	for range 3 {
		_, err := v.verify(token())
		require.NoError(t, err)
	}
	require.Equal(t, 1, fetched)
	_, err := k.rotate(setDevice)
	require.NoError(t, err)
	_, err = v.verify(token())
	require.NoError(t, err)
	require.Equal(t, 2, fetched, "an unknown kid")
	k.clock.Move(5 * time.Minute)
	_, err = v.verify(token())
	require.NoError(t, err)
	require.Equal(t, 3, fetched, "five minutes later")
	k.clock.Move(0)
	_, err = v.verify(token())
	require.NoError(t, err)
	require.Equal(t, 4, fetched, "a clock that was moved back")

	v.fetch = func(string) ([]byte, error) { return nil, fmt.Errorf("the portal is down") }
	_, err = v.verify(token())
	require.NoError(t, err, "what is cached is enough")
}

// What is read as a token keeps its parts; nothing that is read makes the reader fail.
func FuzzReadJWS(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	good, err := signJWS("a", key, deviceClaims{Issuer: issuerDevices})
	require.NoError(f, err)
	for _, seed := range []string{"", "a.b.c", "e30.e30.", good, good + "=", good + "." + good} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, ok := readJWS(text)
		if !ok {
			return
		}
		require.LessOrEqual(t, len(text), maxToken)
		require.NotNil(t, token.header)
		require.NotNil(t, token.claims)
		require.Equal(t, text == good, token.verify(key.Public()))
		_, _ = readIdentity(setDevice, token.claims)
		_, _ = readIdentity(setHuman, token.claims)
	})
}

func FuzzReadJWKS(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	good, err := encodeJWK("a", key.Public())
	require.NoError(f, err)
	text, err := json.Marshal(jwks{Keys: []jwk{good}})
	require.NoError(f, err)
	for _, seed := range []string{`{}`, `{"keys":null}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, string(text)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := readJWKS(text)
		for kid, key := range keys {
			require.NoError(t, err)
			again, err := encodeJWK(kid, key)
			require.NoError(t, err, "what was read can be published")
			back, err := decodeJWK(again)
			require.NoError(t, err)
			require.Equal(t, key, back)
		}
	})
}

func FuzzReadTokenRequest(f *testing.F) {
	for _, seed := range []string{`{"client_assertion":"x"}`, `client_assertion=x&scope=order%3Acreate`, `{"scope":5}`, `scope=a&scope=b`, `%zz`} {
		f.Add("application/json", []byte(seed))
		f.Add("application/x-www-form-urlencoded", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		fields, err := readTokenRequest(kind, body)
		if err != nil {
			require.Equal(t, tokenFields{}, fields, "a refused request says nothing")
			return
		}
		_ = fields.check()
		scopes, err := grantScope(fields.scope)
		if err == nil {
			require.NotEmpty(t, scopes)
			require.Subset(t, allScopes, scopes)
		}
	})
}
