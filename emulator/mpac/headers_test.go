package mpac

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/state"
)

// What a service sees is what the token says, whatever the client wrote into the gateway's own headers.
func TestHeadersAreStrippedThenInjected(t *testing.T) {
	t.Parallel()
	k := ring(t)
	board, err := openBoard(k.state)
	require.NoError(t, err)
	p := newPortal(k.state, k.clock, board, &address{})
	var seen http.Header
	spy := func(w http.ResponseWriter, r request, _ string) error {
		seen = r.Header
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	fetch := func(set string) ([]byte, error) {
		answer := httptest.NewRecorder()
		err := p.jwks(answer, request{id: set})
		return answer.Body.Bytes(), err
	}
	g := &gateway{clock: k.clock, settings: board, limiter: &limiter{counts: map[string]*count{}}, verifier: &verifier{clock: k.clock, fetch: fetch, cache: map[string]cached{}}}
	g.rules = table(spy, spy, spy)
	ask := func(path, token string) http.Header {
		seen = nil
		r := httptest.NewRequest(http.MethodGet, path, strings.NewReader(""))
		for _, name := range []string{"X-Caller-Type", "x-caller-id", "X-CALLER-NAME", "X-Role", "x-merchant-id", "X-Store-Id"} {
			r.Header.Add(name, "spoofed")
			r.Header[name] = append(r.Header[name], "spoofed") // as it came, not in canonical form
		}
		r.Header.Set("X-Request-Id", "kept")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		g.ServeHTTP(httptest.NewRecorder(), r)
		require.NotNil(t, seen, path)
		require.Equal(t, "kept", seen.Get("X-Request-Id"))
		for name, values := range seen {
			require.NotContains(t, values, "spoofed", name)
		}
		return seen
	}
	now := k.clock.Now().Unix()
	const id = "5f0c7a52-8f0e-4a53-9d0b-3a2f1f6c1d11"
	device, err := p.keys.current(setDevice)
	require.NoError(t, err)
	token, err := signJWS(device.kid, device.signer, deviceClaims{Issuer: issuerDevices, Subject: id, MerchantID: 7, StoreID: 8, Scope: usualScopes, IssuedAt: now, Expires: now + 90})
	require.NoError(t, err)
	h := ask("/api/v1/orders", token)
	require.Equal(t, []string{"device", id, "", "7", "8"}, []string{h.Get("X-Caller-Type"), h.Get("X-Caller-Id"), h.Get("X-Role"), h.Get("X-Merchant-Id"), h.Get("X-Store-Id")})

	human, err := p.keys.current(setHuman)
	require.NoError(t, err)
	token, err = signJWS(human.kid, human.signer, humanClaims{Issuer: issuerUsers, Subject: id, Role: roleStaff, MerchantID: 7, StoreID: 8, IssuedAt: now, Expires: now + 900})
	require.NoError(t, err)
	h = ask("/merchants/1", token)
	require.Equal(t, []string{"user", id, "STAFF", "7", "8"}, []string{h.Get("X-Caller-Type"), h.Get("X-Caller-Id"), h.Get("X-Role"), h.Get("X-Merchant-Id"), h.Get("X-Store-Id")})

	h = ask("/api/v1/auth/device/token", "")
	require.Empty(t, h.Get("X-Caller-Type"), "whoever has no token is nobody")
}

func TestLimiterForgets(t *testing.T) {
	t.Parallel()
	clock := &state.Clock{Base: func() time.Time { return time.Unix(0, 0) }}
	l := &limiter{counts: map[string]*count{}}
	for _, key := range []string{"ip a", "ip b", "ip c"} {
		require.Zero(t, l.take(key, clock.Now(), 1))
	}
	require.Len(t, l.counts, 3)
	clock.Move(2 * time.Minute)
	require.Zero(t, l.take("ip a", clock.Now(), 1))
	require.Len(t, l.counts, 1, "ended windows take no memory")
	clock.Move(-time.Hour)
	require.Zero(t, l.take("ip a", clock.Now(), 1), "a clock that was moved back begins a new window")
}
