package pay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pay"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
)

func TestTokenVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var all struct {
		Tokens []struct{ Name, Secret, PublicKey, BuyerIP, Date, Token string }
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&all))
	require.Len(t, all.Tokens, 2)
	for _, v := range all.Tokens {
		secret := pay.Secret(v.Secret)
		require.Equal(t, v.Token, pay.Token(secret, v.PublicKey, v.BuyerIP, v.Date), v.Name)
		require.True(t, pay.VerifyToken(secret, v.PublicKey, v.BuyerIP, v.Date, strings.ToUpper(v.Token)), v.Name)
		require.False(t, pay.VerifyToken(secret, v.PublicKey, v.BuyerIP+"1", v.Date, v.Token), v.Name)
		require.False(t, pay.VerifyToken(secret, v.PublicKey, v.BuyerIP, v.Date, v.Token[:63]), v.Name)
		require.False(t, pay.VerifyToken(secret+"x", v.PublicKey, v.BuyerIP, v.Date, v.Token), v.Name)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	caller := pay.Caller{PublicKey: "aa46a835-36fa-4f75-ba3d-dc8785912345", Secret: "secret-key-test123123123abc", ID: "shop-service", Source: "shop"}
	tokyo := time.Date(2024, 1, 28, 8, 59, 59, 999, time.FixedZone("JST", 9*3600))
	h, err := caller.Headers("10.10.10.10", tokyo)
	require.NoError(t, err)
	require.Len(t, h, 6)
	require.Equal(t, "2024-01-27T23:59:59", h.Get(pay.HeaderDate), "UTC, whatever the zone")
	require.Equal(t, "5cdc01c2d66c52a513f58e077d85660468852fc141d305888416a151a05dc159", h.Get(pay.HeaderToken))
	h, err = caller.Headers("2001:DB8::1", tokyo)
	require.NoError(t, err)
	require.Equal(t, "2001:DB8::1", h.Get(pay.HeaderBuyerIP), "as it is given")
	for _, ip := range []string{"", "10.10.10", "999.1.1.1", " 10.10.10.10", "10.10.10.10:80", "fe80::1%eth0", "localhost", "010.1.1.1"} {
		_, err := caller.Headers(ip, tokyo)
		require.ErrorIs(t, err, fault.InvalidRequest, "%q", ip)
	}
	for name, change := range map[string]func(*pay.Caller){
		"key that is no UUID": func(c *pay.Caller) { c.PublicKey = "pk" },
		"key in braces":       func(c *pay.Caller) { c.PublicKey = "{aa46a835-36fa-4f75-ba3d-dc8785912345}" },
		"no secret":           func(c *pay.Caller) { c.Secret = "" },
		"no id":               func(c *pay.Caller) { c.ID = "" },
		"id with a blank":     func(c *pay.Caller) { c.ID = "shop " },
		"id with a line":      func(c *pay.Caller) { c.ID = "shop\nx-source: staff" },
		"no source":           func(c *pay.Caller) { c.Source = "" },
	} {
		c := caller
		change(&c)
		_, err := c.Headers("10.10.10.10", tokyo)
		require.ErrorIs(t, err, fault.InvalidConfig, name)
		_, err = pay.New(pay.Options{BaseURL: "https://pay.example", SystemRoots: true, Caller: c})
		require.ErrorIs(t, err, fault.InvalidConfig, name)
	}
}

// rig is Pay and a client of it.
type rig struct {
	*pay.Client
	t     *testing.T
	world *emulator.World
	log   *bytes.Buffer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	w, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	env := w.Env().Pay
	r := &rig{t: t, world: w, log: &bytes.Buffer{}}
	r.Client, err = pay.New(pay.Options{
		BaseURL: env.URL, TrustedCA: w.CAPEM(), Timeout: 5 * time.Second,
		Caller: pay.Caller{PublicKey: env.PublicKey, Secret: pay.Secret(env.SecretKey), ID: env.ID, Source: env.Source},
		Log:    slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func (r *rig) fault(f map[string]any) {
	r.t.Helper()
	f["system"] = "pay"
	require.NoError(r.t, r.world.Admin(r.t.Context(), http.MethodPost, "/admin/api/faults", f, nil))
}

func (r *rig) calm() {
	r.t.Helper()
	require.NoError(r.t, r.world.Admin(r.t.Context(), http.MethodDelete, "/admin/api/faults", nil, nil))
}

func get(path string) pay.Request {
	return pay.Request{Method: http.MethodGet, Path: path, BuyerIP: "10.10.10.10"}
}

func TestEnvelopes(t *testing.T) {
	t.Parallel()
	r, ctx := newRig(t), t.Context()
	for _, tt := range []struct {
		status int
		body   string
		want   fault.Code
		code   int
		fields int
	}{
		{400, `{"uuid":"8d911b21-b987-4006-a887-29558ff05b7e","message":"Race condition","code":2107,"traceId":"00112233445566778899aabbccddeeff"}`, fault.ProtocolError, 2107, 0},
		{402, `{"uuid":"00000000-0000-4000-8000-000000000001","message":"Insufficient funds","code":2104,"traceId":"t"}`, fault.Conflict, 2104, 0},
		{404, `{"uuid":null,"message":"Entity not found","code":0,"traceId":"t"}`, fault.NotFound, 0, 0},
		{422, `{"uuid":null,"message":"Validation error","code":0,"traceId":"t","errors":[{"field":"email","title":"bad"}]}`, fault.ProtocolError, 0, 1},
		{500, `{"uuid":null,"message":"boom","code":0,"traceId":"t"}`, fault.ServerError, 0, 0},
		{503, `<html>`, fault.ServerError, 0, 0},
		{429, ``, fault.RateLimited, 0, 0},
		{302, ``, fault.BadResponse, 0, 0},
		{401, `{"data":{"message":"old form"},"meta":[]}`, fault.NotAuthorized, 0, 0},
	} {
		r.calm()
		r.fault(map[string]any{"kind": "status", "status": tt.status, "body": tt.body})
		_, err := r.Do(ctx, get("/api/v3/geoip/info"))
		require.Equal(t, tt.want, fault.CodeOf(err), "%d", tt.status)
		var e *pay.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, tt.status, e.Status)
		require.Equal(t, tt.code, e.Code)
		if e.UUID != "" {
			require.Contains(t, tt.body, e.UUID, "the reason's name, whatever its digits look like")
		}
		require.Len(t, e.Fields, tt.fields)
	}
}

// What went out and got no answer is not sent again by itself: Pay knows no idempotency key.
func TestACommandIsSentOnce(t *testing.T) {
	t.Parallel()
	r, ctx := newRig(t), t.Context()
	charge := pay.Request{Method: http.MethodPost, Path: "/api/v3/initials/ABCD1234/charges", BuyerIP: "10.10.10.10", Body: []byte(`{"price":{"amount":1}}`)}
	answer, err := r.Do(ctx, charge)
	require.NoError(t, err)
	require.Equal(t, 200, answer.Status)
	r.fault(map[string]any{"kind": "drop_answer", "path": charge.Path, "times": 1})
	_, err = r.Do(ctx, charge)
	require.ErrorIs(t, err, fault.OutcomeUnknown)
	sent := func() (n int) {
		var journal struct {
			Requests []struct{ Path string }
		}
		require.NoError(t, r.world.Admin(ctx, http.MethodGet, "/admin/api/requests", nil, &journal))
		for _, row := range journal.Requests {
			if row.Path == charge.Path {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return sent() >= 2 }, 10*time.Second, 10*time.Millisecond, "a cut request is in the journal soon after")
	require.Equal(t, 2, sent())
	for status, want := range map[int]fault.Code{
		500: fault.OutcomeUnknown, 502: fault.OutcomeUnknown, 504: fault.OutcomeUnknown, 408: fault.OutcomeUnknown, 302: fault.OutcomeUnknown,
		429: fault.RateLimited, 400: fault.ProtocolError, 409: fault.Conflict,
	} {
		r.fault(map[string]any{"kind": "status", "status": status, "body": `{"uuid":null,"message":"m","code":2101,"traceId":"t"}`, "times": 1})
		_, err = r.Do(ctx, charge)
		require.Equal(t, want, fault.CodeOf(err), "%d: a charge that may have been made is not to be repeated", status)
		var e *pay.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, []int{status, 2101}, []int{e.Status, e.Code})
	}
	r.fault(map[string]any{"kind": "status", "status": 200, "body": "<html>", "times": 1})
	_, err = r.Do(ctx, charge)
	require.ErrorIs(t, err, fault.OutcomeUnknown, "a login page is no answer to a charge")
	r.fault(map[string]any{"kind": "drop_answer", "path": "/api/v3/geoip/info", "times": 1})
	_, err = r.Do(ctx, get("/api/v3/geoip/info"))
	require.NoError(t, err, "a question is asked again")
	r.fault(map[string]any{"kind": "refuse"})
	_, err = r.Do(ctx, charge)
	require.Error(t, err)
	r.calm()
}

func TestRequestsThatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, request := range map[string]pay.Request{
		"no method":         {Path: "/x", BuyerIP: "10.10.10.10"},
		"path of elsewhere": {Method: "GET", Path: "https://evil.example", BuyerIP: "10.10.10.10"},
		"path with a space": {Method: "GET", Path: "/a b", BuyerIP: "10.10.10.10"},
		"no address":        {Method: "GET", Path: "/x"},
		"body that is text": {Method: "POST", Path: "/x", BuyerIP: "10.10.10.10", Body: []byte("text")},
	} {
		_, err := r.Do(t.Context(), request)
		require.ErrorIs(t, err, fault.InvalidRequest, name)
	}
}

// Nothing passes while the Authorization service is down, and no consent is remembered.
func TestWithoutAnAuthorizationServiceNothingPasses(t *testing.T) {
	t.Parallel()
	r, ctx := newRig(t), t.Context()
	_, err := r.Do(ctx, get("/api/v3/geoip/info"))
	require.NoError(t, err)
	for name, f := range map[string]map[string]any{
		"down":       {"kind": "status", "status": 503},
		"gone":       {"kind": "reset"},
		"login page": {"kind": "status", "status": 200, "body": "<html>"},
		"no code":    {"kind": "status", "status": 200, "body": `{"source":"shop"}`},
	} {
		r.calm()
		f["path"] = "/authorize"
		r.fault(f)
		_, err := r.Do(ctx, get("/api/v3/geoip/info"))
		var e *pay.Error
		require.ErrorAs(t, err, &e, name)
		require.Equal(t, 503, e.Status, name)
	}
}

func TestAuthorize(t *testing.T) {
	t.Parallel()
	r, ctx := newRig(t), t.Context()
	env := r.world.Env().Pay
	a, err := pay.NewAuthorizer(pay.AuthorizerOptions{URL: env.AuthorizeURL, TrustedCA: r.world.CAPEM()})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	caller := pay.Caller{PublicKey: env.PublicKey, Secret: pay.Secret(env.SecretKey), ID: env.ID, Source: "cp"}
	h, err := caller.Headers("10.10.10.10", time.Now())
	require.NoError(t, err)
	grant, err := a.Authorize(ctx, h, "GET", "https://pay.example/api/v2/buyers/1?x=1")
	require.NoError(t, err)
	require.Equal(t, pay.Grant{MerchantCode: env.MerchantCode, Source: "cp"}, grant)
	twice := h.Clone()
	twice.Add(pay.HeaderSource, "staff")
	_, err = a.Authorize(ctx, twice, "GET", "/api/v2/buyers/1")
	var e *pay.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 400, e.Status, "a header that is there twice is none")
	stale, err := caller.Headers("10.10.10.10", time.Now().Add(-time.Hour))
	require.NoError(t, err)
	_, err = a.Authorize(ctx, stale, "GET", "/api/v2/buyers/1")
	require.ErrorIs(t, err, fault.NotAuthorized)
	for _, address := range []string{"", "http://x/authorize", "https://x", "https://x/authorize?y=1", "https://u:p@x/authorize"} {
		_, err := pay.NewAuthorizer(pay.AuthorizerOptions{URL: address, SystemRoots: true})
		require.ErrorIs(t, err, fault.InvalidConfig, address)
	}
	require.NotContains(t, fmt.Sprintf("%v %+v", caller, e), env.SecretKey)
	require.NotContains(t, r.log.String(), env.SecretKey)
}
