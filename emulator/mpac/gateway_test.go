package mpac_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/mpac"
)

func TestGatewayTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.caller(1, 1)
	header, claims := parts(t, d.token)
	person := w.person("STAFF", 1, 1)
	_, personal := parts(t, person.token)
	forged := func(h map[string]any, c map[string]any, change map[string]any) string {
		h, c = maps.Clone(h), maps.Clone(c)
		for name, value := range change {
			if name == "alg" || name == "kid" {
				h[name] = value
			} else {
				c[name] = value
			}
		}
		return sign(t, d.key, h, c)
	}
	input := b64(`{"alg":"HS256","kid":"`+fmt.Sprint(header["kid"])+`"}`) + "." + b64(toJSON(t, claims))
	mac := hmac.New(sha256.New, []byte(pemOf(t, d.key.Public())))
	mac.Write([]byte(input))
	for name, authorization := range map[string]string{
		"none":                            "",
		"no scheme":                       d.token,
		"Basic":                           "Basic " + d.token,
		"garbage":                         "Bearer abc",
		"empty":                           "Bearer ",
		"unsigned":                        "Bearer " + b64(`{"alg":"none"}`) + "." + b64(toJSON(t, claims)) + ".",
		"HS256":                           "Bearer " + input + "." + b64(string(mac.Sum(nil))),
		"signed by the device":            "Bearer " + forged(header, claims, nil),
		"no kid":                          "Bearer " + forged(map[string]any{"alg": "ES256"}, claims, nil),
		"kid of another":                  "Bearer " + forged(header, claims, map[string]any{"kid": "x"}),
		"signed by the device, a person":  "Bearer " + forged(header, personal, nil),
		"device's token under users' iss": "Bearer " + forged(header, claims, map[string]any{"iss": "svc-portal-users"}),
		"unknown iss":                     "Bearer " + forged(header, claims, map[string]any{"iss": "https://evil.example"}),
		"the assertion":                   "Bearer " + d.assertion(nil),
		"signature of another token":      "Bearer " + d.token[:strings.LastIndex(d.token, ".")] + person.token[strings.LastIndex(person.token, "."):],
	} {
		for _, spoof := range []bool{false, true} {
			h := map[string]string{"Authorization": authorization}
			if spoof {
				maps.Copy(h, map[string]string{"X-Caller-Type": "device", "X-Caller-Id": d.id, "X-Merchant-Id": "1", "X-Store-Id": "1", "X-Role": "SYSTEM_OP"})
			}
			a := w.send("GET", "/api/v1/orders", "", h)
			require.Equal(t, 401, a.status, "%s: %s", name, a.text)
			require.Equal(t, "invalid_token", a.code(), name)
			require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer", name)
		}
	}
	require.Equal(t, 200, w.send("GET", "/api/v1/orders", "", map[string]string{"Authorization": "bearer " + d.token}).status)
	require.Equal(t, 200, person.call("GET", "/orders", nil).status)
}

func TestTokensExpireByTheServersClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, person := w.caller(1, 1), w.person("STAFF", 1, 1)
	for _, tt := range []struct {
		at             time.Duration
		device, person int
	}{
		{at: -5 * time.Second, device: 200, person: 200},
		{at: -6 * time.Second, device: 401, person: 401}, // not made yet
		{at: 94 * time.Second, device: 200, person: 200},
		{at: 95 * time.Second, device: 401, person: 200},
		{at: 904 * time.Second, device: 401, person: 200},
		{at: 905 * time.Second, device: 401, person: 401},
	} {
		w.later(tt.at)
		require.Equal(t, tt.device, d.call("GET", "/orders", nil).status, "device at %s", tt.at)
		require.Equal(t, tt.person, person.call("GET", "/orders", nil).status, "person at %s", tt.at)
	}
}

func TestRotationKeepsTokensInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, person := w.caller(1, 1), w.person("STAFF", 1, 1)
	human := w.send("GET", "/api/v1/jwks/human", "", nil).text
	kid, err := w.Rotate("device")
	require.NoError(t, err)
	old := d.token
	d.token = d.fetch()
	header, _ := parts(t, d.token)
	require.Equal(t, kid, header["kid"])
	require.Equal(t, human, w.send("GET", "/api/v1/jwks/human", "", nil).text, "the other set stays")
	for _, token := range []string{old, d.token} {
		d.token = token
		require.Equal(t, 200, d.call("GET", "/orders", nil).status)
	}
	_, err = w.Rotate("human")
	require.NoError(t, err)
	require.Equal(t, 200, person.call("GET", "/orders", nil).status)
	require.Equal(t, 200, w.person("STAFF", 1, 1).call("GET", "/orders", nil).status)
	_, err = w.Rotate("all")
	require.ErrorIs(t, err, mpac.ErrKeySet)
}

func TestJWKSPublishesPublicKeysOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for set, kty := range map[string]string{"device": "EC", "human": "RSA"} {
		a := w.send("GET", "/api/v1/jwks/"+set, "", nil)
		require.Equal(t, 200, a.status)
		keys, _ := a.body["keys"].([]any)
		require.Len(t, keys, 1)
		key, _ := keys[0].(map[string]any)
		require.Equal(t, kty, key["kty"])
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			require.NotContains(t, key, private)
		}
	}
	require.Equal(t, 404, w.send("GET", "/api/v1/jwks/all", "", nil).status)
	require.Equal(t, 405, w.send("POST", "/api/v1/jwks/device", "", nil).status)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	for _, tt := range []struct {
		method, path, code string
		status             int
	}{
		{method: "GET", path: "/api/v1/orders", status: 200},
		{method: "GET", path: "/orders", status: 200},
		{method: "GET", path: "/api/v1/bills?limit=1", status: 200},
		{method: "GET", path: "/api/v1/bills?limit=0", status: 400, code: "invalid_request"},
		{method: "GET", path: "/api/v1/bills?limit=1001", status: 400, code: "invalid_request"},
		{method: "GET", path: "/", status: 404, code: "not_found"},
		{method: "GET", path: "/api/v1", status: 404, code: "not_found"},
		{method: "GET", path: "/api/v1/api/v1/orders", status: 404, code: "not_found"},
		{method: "GET", path: "/api/v2/orders", status: 404, code: "not_found"},
		{method: "GET", path: "/api/v1/ordersx", status: 404, code: "not_found"},
		{method: "GET", path: "/api/v1/orders/", status: 404, code: "not_found"},
		{method: "GET", path: "/api/v1/orders/a/b/c", status: 404, code: "not_found"},
		{method: "DELETE", path: "/api/v1/orders", status: 405, code: "method_not_allowed"},
		{method: "GET", path: "/api/v1/terminals", status: 404, code: "not_found"},
		{method: "POST", path: "/api/v1/auth/user/login", status: 404, code: "not_found"},
		{method: "GET", path: "/api/v1/ws", status: 426, code: "upgrade_required"},
	} {
		a := d.send(tt.method, tt.path, "", map[string]string{"Authorization": "Bearer " + d.token})
		require.Equal(t, tt.status, a.status, "%s %s: %s", tt.method, tt.path, a.text)
		require.Equal(t, tt.code, a.code(), "%s %s", tt.method, tt.path)
	}
}

func TestScopesOfADevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := uuid.NewString()
	calls := map[string][]string{ // a call that reaches its service is not 403
		"order:create":   {"GET /orders", "POST /orders", "GET /orders/" + none, "PATCH /orders/" + none, "POST /orders/" + none + "/cancel"},
		"bill:create":    {"GET /bills", "POST /bills", "GET /bills/" + none, "POST /bills/combine", "POST /bills/" + none + "/split"},
		"payment:create": {"GET /payments", "POST /payments", "GET /payments/" + none, "PATCH /payments/" + none},
		"payment:refund": {"POST /payments/" + none + "/refund"},
	}
	for held := range calls {
		d := w.caller(1, 1, held)
		for needed, list := range calls {
			for _, call := range list {
				method, path, _ := strings.Cut(call, " ")
				a := d.call(method, path, nil)
				if needed == held {
					require.NotEqual(t, 403, a.status, "%s with %s: %s", call, held, a.text)
					continue
				}
				require.Equal(t, 403, a.status, "%s with %s: %s", call, held, a.text)
				require.Equal(t, "insufficient_scope", a.code())
			}
		}
	}
	require.NotEqual(t, 403, w.person("STAFF", 1, 1).call("POST", "/payments/"+none+"/refund", nil).status, "people have no scopes")
}

func TestRateLimitOfUserAndAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.caller(1, 1), w.caller(1, 1)
	limit := func(n int) { require.NoError(t, w.Configure(mpac.Settings{RatePerMinute: n, TokenSeconds: 90})) }
	limit(10)
	for i := range 10 {
		require.Equal(t, 200, a.call("GET", "/orders", nil).status, "request %d", i+1)
	}
	got := a.call("GET", "/orders", nil)
	require.Equal(t, 429, got.status)
	require.Equal(t, "rate_limited", got.code())
	require.Equal(t, "60", got.header.Get("Retry-After"))
	require.Equal(t, 429, b.call("GET", "/orders", nil).status, "the address is used up")
	w.later(59500 * time.Millisecond)
	got = a.call("GET", "/orders", nil)
	require.Equal(t, 429, got.status)
	require.Equal(t, "1", got.header.Get("Retry-After"), "rounded up")
	refused := a.tokenCall(map[string]string{"client_assertion": a.assertion(nil)})
	require.Equal(t, 429, refused.status)
	require.Equal(t, "rate_limited", refused.str("error"), "the token endpoint has its own form")
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, seconds)
	w.later(time.Minute)
	require.Equal(t, 200, a.call("GET", "/orders", nil).status, "a new minute")
	limit(1)
	require.Equal(t, 200, a.call("GET", "/orders", nil).status, "a new limit begins anew")
	require.Equal(t, 429, a.call("GET", "/orders", nil).status)
	limit(0)
	for range 20 {
		require.Equal(t, 200, a.call("GET", "/orders", nil).status)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	for _, life := range []int{60, 120} {
		require.NoError(t, w.Configure(mpac.Settings{TokenSeconds: life}))
		a := d.tokenCall(map[string]string{"client_assertion": d.assertion(nil)})
		_, claims := parts(t, a.str("access_token"))
		require.EqualValues(t, life, a.num("expires_in"))
		require.Equal(t, number(d.clock.Now().Unix()+int64(life)), claims["exp"])
	}
	for _, bad := range []mpac.Settings{{TokenSeconds: 59}, {TokenSeconds: 121}, {TokenSeconds: 90, RatePerMinute: -1}, {TokenSeconds: 90, RatePerMinute: 1_000_001}} {
		require.ErrorIs(t, w.Configure(bad), mpac.ErrSettings)
	}
	require.EqualValues(t, 120, d.tokenCall(map[string]string{"client_assertion": d.assertion(nil)}).num("expires_in"), "what was refused changes nothing")
}

func TestPeopleOfOtherRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []struct {
		role            string
		merchant, store int64
	}{{role: "BOSS", merchant: 1, store: 1}, {role: "", merchant: 1, store: 1}, {role: "STAFF", merchant: 0, store: 1}, {role: "STAFF", merchant: 1, store: -1}} {
		_, _, err := w.HumanToken(bad.role, bad.merchant, bad.store)
		require.ErrorIs(t, err, mpac.ErrPerson)
	}
	header, claims := parts(t, w.person("MERCHANT_ADMIN", 5, 6).token)
	require.Equal(t, "RS256", header["alg"])
	now := w.clock.Now().Unix()
	require.NoError(t, uuid.Validate(fmt.Sprint(claims["sub"])))
	delete(claims, "sub")
	delete(claims, "jti")
	require.Equal(t, map[string]any{
		"iss": "svc-portal-users", "role": "MERCHANT_ADMIN", "merchant_id": number(5), "store_id": number(6), "psp_id": number(1), "iat": number(now), "exp": number(now + 900),
	}, claims)
}
