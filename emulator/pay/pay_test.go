package pay

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/state"
)

func newServer(t *testing.T, dir string) (*Server, *state.Clock, *state.State) {
	t.Helper()
	st, err := state.Open(dir)
	require.NoError(t, err)
	base := time.Date(2024, 1, 28, 0, 0, 0, 0, time.UTC)
	clock := &state.Clock{Base: func() time.Time { return base }}
	s, err := New(st, clock)
	require.NoError(t, err)
	return s, clock, st
}

// The published token through the emulator's own code.
func TestVectors(t *testing.T) {
	t.Parallel()
	var all struct {
		Tokens []struct{ Name, Secret, PublicKey, BuyerIP, Date, Token string }
	}
	text, err := os.ReadFile("../../backend/pay/testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	require.Len(t, all.Tokens, 2)
	s, clock, st := newServer(t, "")
	defer func() { require.NoError(t, st.Close()) }()
	for _, v := range all.Tokens {
		require.NoError(t, s.SetAccess(Access{Accounts: []Account{{PublicKey: v.PublicKey, SecretKey: v.Secret, MerchantCode: "M", Active: true}}, Services: []Service{{ID: "x"}}}))
		q := question{method: "GET", url: "/api/v3/geoip/info", headers: map[string]string{
			headerPublicKey: v.PublicKey, headerBuyerIP: v.BuyerIP, headerDate: v.Date, headerToken: v.Token, headerID: "x", headerSource: "shop",
		}}
		granted, status := s.authorize(q)
		require.Equal(t, http.StatusOK, status, v.Name)
		require.Equal(t, grant{"M", "shop"}, granted)
		for _, off := range []time.Duration{299*time.Second + 999*time.Millisecond, -301 * time.Second} { // x-date, in whole seconds, is one before the server's time
			clock.Move(off)
			_, status = s.authorize(q)
			require.Equal(t, http.StatusOK, status, "%v", off)
		}
		for _, off := range []time.Duration{300 * time.Second, -302 * time.Second} {
			clock.Move(off)
			_, status = s.authorize(q)
			require.Equal(t, http.StatusUnauthorized, status, "%v", off)
		}
		require.NoError(t, s.SetFreshness(0))
		_, status = s.authorize(q)
		require.Equal(t, http.StatusOK, status, "no window")
		require.NoError(t, s.SetFreshness(300))
		clock.Move(0)
	}
	require.ErrorIs(t, s.SetFreshness(-1), ErrFreshness)
}

func TestWellFormedHeaders(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		headerPublicKey: "aa46a835-36fa-4f75-ba3d-dc8785912345", headerBuyerIP: "10.10.10.10", headerDate: "2024-01-27T23:59:59", headerToken: "x",
		headerID: "id", headerSource: "shop",
	}
	_, ok := wellFormed(good)
	require.True(t, ok)
	for name, values := range map[string][]string{
		headerPublicKey: {"", "pk", "{aa46a835-36fa-4f75-ba3d-dc8785912345}", "aa46a83536fa4f75ba3ddc8785912345"},
		headerBuyerIP:   {"", "999.1.1.1", "10.10.10.10 ", "fe80::1%eth0", "10.10.10.10:1"},
		headerDate:      {"", "2024-01-27 23:59:59", "2024-01-27T23:59:59Z", "2024-01-27T23:59:59.5", "2024-13-41T99:99:99", "2024-1-27T23:59:59"},
		headerToken:     {"", " x"},
		headerID:        {"", "id\t"},
		headerSource:    {""},
	} {
		for _, value := range values {
			headers := map[string]string{}
			for k, v := range good {
				headers[k] = v
			}
			headers[name] = value
			_, ok := wellFormed(headers)
			require.False(t, ok, "%s %q", name, value)
		}
	}
	good[headerBuyerIP] = "2001:DB8::1"
	_, ok = wellFormed(good)
	require.True(t, ok)
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	rules := []string{"GET /api/v2/buyers/{id}", "POST /api/v2/buyers"}
	for url, want := range map[string]bool{
		"GET /api/v2/buyers/1": true, "GET /api/v2/buyers/1?x=/y": true, "GET https://pay.example:443/api/v2/buyers/a%40b": true, "POST /api/v2/buyers": true,
		"GET /api/v2/buyers": false, "GET /api/v2/buyers/": false, "GET /api/v2/buyers/1/x": false, "GET /api/v2/buyers/..": false,
		"GET /api/v2/buyers/%2e%2e": false, "GET /api/v2/buyers/1%2Fx": false, "PATCH /api/v2/buyers/1": false, "get /api/v2/buyers/1": false, "GET /api/v3/buyers/1": false,
	} {
		method, address, _ := strings.Cut(url, " ")
		require.Equal(t, want, permits(rules, question{method: method, url: address}), url)
	}
	require.True(t, permits(nil, question{method: "GET", url: "/x"}), "nothing said is all")
	require.False(t, permits([]string{}, question{method: "GET", url: "/x"}), "an empty list is none")
}

// The configuration, an empty list of endpoints too, is the same after a restart; a bad one changes nothing.
func TestAccessStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _, st := newServer(t, dir)
	account, service := s.Credentials()
	access := Access{Accounts: []Account{account}, Services: []Service{{ID: service.ID, Endpoints: []string{}, Sources: []string{}}}}
	require.NoError(t, s.SetAccess(access))
	for name, bad := range map[string]Access{
		"no UUID":     {Accounts: []Account{{PublicKey: "x", SecretKey: "s", MerchantCode: "m"}}},
		"no secret":   {Accounts: []Account{{PublicKey: account.PublicKey, MerchantCode: "m"}}},
		"twice":       {Accounts: []Account{account, account}},
		"no id":       {Services: []Service{{}}},
		"bad pattern": {Services: []Service{{ID: "x", Endpoints: []string{"buyers"}}}},
		"bad source":  {Services: []Service{{ID: "x", Sources: []string{"postman"}}}},
	} {
		require.ErrorIs(t, s.SetAccess(bad), ErrAccess, name)
	}
	require.NoError(t, st.Close())
	again, _, st := newServer(t, dir)
	defer func() { require.NoError(t, st.Close()) }()
	sameAccount, sameService := again.Credentials()
	require.Equal(t, account, sameAccount)
	require.Equal(t, service, sameService)
	require.NotNil(t, again.access.services[service.ID].Endpoints)
	require.Empty(t, again.access.services[service.ID].Endpoints)
}
