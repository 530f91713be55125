package mpac_test

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const bearerType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func TestTokenRequestForms(t *testing.T) {
	t.Parallel()
	d := newWorld(t).terminal(3, 4)
	all := func() map[string]string {
		return map[string]string{
			"grant_type": "client_credentials", "client_assertion_type": bearerType, "client_assertion": d.assertion(nil), "client_id": d.client,
		}
	}
	form := url.Values{}
	for name, value := range all() {
		form.Set(name, value)
	}
	urlencoded := map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
	for name, a := range map[string]answer{
		"JSON":                  d.tokenCall(all()),
		"assertion alone":       d.tokenCall(map[string]string{"client_assertion": d.assertion(nil)}),
		"fields not known":      d.tokenCall(map[string]string{"client_assertion": d.assertion(nil), "resource": "x"}),
		"form":                  d.send("POST", "/api/v1/auth/device/token", form.Encode(), urlencoded),
		"short path, JSON type": d.send("POST", "/auth/device/token", toJSON(t, all()), map[string]string{"Content-Type": "application/json;charset=utf-8"}),
	} {
		require.Equal(t, 200, a.status, "%s: %s", name, a.text)
		require.Equal(t, "no-store", a.header.Get("Cache-Control"), name)
		require.Equal(t, "Bearer", a.str("token_type"))
		require.EqualValues(t, 90, a.num("expires_in"))
		require.Equal(t, "order:create bill:create payment:create", a.str("scope"))
		header, claims := parts(t, a.str("access_token"))
		require.Equal(t, "ES256", header["alg"])
		require.NotEmpty(t, header["kid"])
		require.NotEmpty(t, claims["jti"])
		delete(claims, "jti")
		now := d.clock.Now().Unix()
		require.Equal(t, map[string]any{
			"iss": "svc-portal-devices", "sub": d.id, "device_sn": d.sn, "merchant_id": json.Number("3"), "store_id": json.Number("4"),
			"scope": []any{"order:create", "bill:create", "payment:create"}, "iat": number(now), "exp": number(now + 90),
		}, claims, name)
	}
}

func number(n int64) json.Number {
	text, _ := json.Marshal(n)
	return json.Number(text)
}

func TestTokenRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	d := newWorld(t).terminal(1, 1)
	asJSON, asForm := "application/json", "application/x-www-form-urlencoded"
	for _, tt := range []struct {
		name, contentType, body, code string
		status                        int
	}{
		{name: "no body", contentType: asJSON, code: "invalid_request", status: 400},
		{name: "no content type", body: `{"client_assertion":"x"}`, code: "invalid_request", status: 400},
		{name: "text", contentType: "text/plain", body: `{"client_assertion":"x"}`, code: "invalid_request", status: 400},
		{name: "broken JSON", contentType: asJSON, body: `{`, code: "invalid_request", status: 400},
		{name: "assertion twice, JSON", contentType: asJSON, body: `{"client_assertion":"x","client_assertion":"y"}`, code: "invalid_request", status: 400},
		{name: "assertion twice, form", contentType: asForm, body: `client_assertion=x&client_assertion=y`, code: "invalid_request", status: 400},
		{name: "broken form", contentType: asForm, body: `client_assertion=%zz`, code: "invalid_request", status: 400},
		{name: "assertion as a number", contentType: asJSON, body: `{"client_assertion":5}`, code: "invalid_request", status: 400},
		{name: "assertion null", contentType: asJSON, body: `{"client_assertion":null}`, code: "invalid_request", status: 400},
		{name: "no assertion", contentType: asForm, body: `client_id=x`, code: "invalid_request", status: 400},
		{name: "other grant", contentType: asForm, body: `grant_type=password&client_assertion=x`, code: "unsupported_grant_type", status: 400},
		{name: "other assertion type", contentType: asForm, body: `client_assertion_type=saml&client_assertion=x`, code: "invalid_request", status: 400},
		{name: "unknown scope", contentType: asForm, body: `scope=everything&client_assertion=x`, code: "invalid_scope", status: 400},
		{name: "no JWT", contentType: asForm, body: `client_assertion=x`, code: "invalid_client", status: 401},
		{name: "other client_id", contentType: asForm, body: `client_id=x&client_assertion=` + d.assertion(nil), code: "invalid_client", status: 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := d.send("POST", "/api/v1/auth/device/token", tt.body, map[string]string{"Content-Type": tt.contentType})
			require.Equal(t, tt.status, a.status, a.text)
			require.Equal(t, tt.code, a.code())
			require.NotEmpty(t, a.str("error_description"))
			require.Equal(t, "no-store", a.header.Get("Cache-Control"))
		})
	}
}

// Each case differs from an accepted assertion in one thing.
func TestAssertionClaims(t *testing.T) {
	t.Parallel()
	d := newWorld(t).terminal(1, 1)
	now := d.clock.Now().Unix()
	for _, tt := range []struct {
		name   string
		change map[string]any
		good   bool
	}{
		{name: "as it should be", good: true},
		{name: "aud token URL", change: map[string]any{"aud": d.url + "/api/v1/auth/device/token"}, good: true},
		{name: "aud base URL", change: map[string]any{"aud": d.url}, good: true},
		{name: "aud under another name of the certificate", change: map[string]any{"aud": "https://10.0.2.2:1"}, good: true},
		{name: "life of 300 s", change: map[string]any{"exp": now + 300}, good: true},
		{name: "iat at the edge of the skew", change: map[string]any{"iat": now + 30, "exp": now + 90}, good: true},
		{name: "exp at the edge of the skew", change: map[string]any{"iat": now - 89, "exp": now - 29}, good: true},
		{name: "nbf now", change: map[string]any{"nbf": now}, good: true},
		{name: "more claims", change: map[string]any{"x": []int{1}}, good: true},
		{name: "longest jti", change: map[string]any{"jti": strings.Repeat("x", 255)}, good: true},
		{name: "life of 301 s", change: map[string]any{"exp": now + 301}},
		{name: "no life", change: map[string]any{"exp": now}},
		{name: "exp before iat", change: map[string]any{"iat": now, "exp": now - 1}},
		{name: "iat beyond the skew", change: map[string]any{"iat": now + 31, "exp": now + 91}},
		{name: "exp beyond the skew", change: map[string]any{"iat": now - 90, "exp": now - 30}},
		{name: "nbf beyond the skew", change: map[string]any{"nbf": now + 31}},
		{name: "nbf as text", change: map[string]any{"nbf": "soon"}},
		{name: "foreign aud", change: map[string]any{"aud": "https://evil.example"}},
		{name: "aud with a slash more", change: map[string]any{"aud": d.url + "/"}},
		{name: "aud as a list", change: map[string]any{"aud": []string{d.Issuer()}}},
		{name: "aud with a foreign one beside", change: map[string]any{"aud": []string{d.Issuer(), "https://evil.example"}}},
		{name: "no aud", change: map[string]any{"aud": nil}},
		{name: "no jti", change: map[string]any{"jti": nil}},
		{name: "empty jti", change: map[string]any{"jti": ""}},
		{name: "long jti", change: map[string]any{"jti": strings.Repeat("x", 256)}},
		{name: "jti as a number", change: map[string]any{"jti": 5}},
		{name: "no iat", change: map[string]any{"iat": nil}},
		{name: "no exp", change: map[string]any{"exp": nil}},
		{name: "exp with a fraction", change: map[string]any{"exp": float64(now) + 60.5}},
		{name: "exp as text", change: map[string]any{"exp": "2999-01-01"}},
		{name: "other iss", change: map[string]any{"iss": "dev-x"}},
		{name: "no iss", change: map[string]any{"iss": nil}},
		{name: "other sub", change: map[string]any{"sub": "dev-x", "iss": "dev-x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := d.tokenCall(map[string]string{"client_assertion": d.assertion(tt.change)})
			if tt.good {
				require.Equal(t, 200, a.status, a.text)
				return
			}
			require.Equal(t, 401, a.status, a.text)
			require.Equal(t, "invalid_client", a.code())
		})
	}
}

func TestAssertionHeaderAndSignature(t *testing.T) {
	t.Parallel()
	d := newWorld(t).terminal(1, 1)
	now := d.clock.Now().Unix()
	claims := func() map[string]any {
		return map[string]any{"iss": d.client, "sub": d.client, "aud": d.Issuer(), "jti": uuid.NewString(), "iat": now, "exp": now + 60}
	}
	signed := func(header map[string]any) string { return sign(t, d.key, header, claims()) }
	input := func(alg string) string {
		return b64(toJSON(t, map[string]any{"alg": alg})) + "." + b64(toJSON(t, claims()))
	}
	der := input("ES256")
	sum := sha256.Sum256([]byte(der))
	asn1, err := ecdsa.SignASN1(rand.Reader, d.key, sum[:])
	require.NoError(t, err)
	mac := input("HS256")
	hash := hmac.New(sha256.New, []byte(pemOf(t, d.key.Public())))
	hash.Write([]byte(mac))
	changed := strings.Split(signed(map[string]any{"alg": "ES256"}), ".")
	other := claims()
	other["exp"] = now + 61
	for _, tt := range []struct {
		name, assertion string
		good            bool
	}{
		{name: "no typ", assertion: signed(map[string]any{"alg": "ES256"}), good: true},
		{name: "typ JWT", assertion: signed(map[string]any{"alg": "ES256", "typ": "JWT"}), good: true},
		{name: "typ of rfc7523bis", assertion: signed(map[string]any{"alg": "ES256", "typ": "client-authentication+jwt"}), good: true},
		{name: "a kid", assertion: signed(map[string]any{"alg": "ES256", "kid": "mine"}), good: true},
		{name: "typ of an access token", assertion: signed(map[string]any{"alg": "ES256", "typ": "at+jwt"})},
		{name: "empty typ", assertion: signed(map[string]any{"alg": "ES256", "typ": ""})},
		{name: "typ null", assertion: signed(map[string]any{"alg": "ES256", "typ": nil})},
		{name: "crit", assertion: signed(map[string]any{"alg": "ES256", "crit": []string{"exp"}})},
		{name: "no alg", assertion: signed(map[string]any{})},
		{name: "alg in lower case", assertion: signed(map[string]any{"alg": "es256"})},
		{name: "alg RS256", assertion: signed(map[string]any{"alg": "RS256"})},
		{name: "alg none", assertion: input("none") + "."},
		{name: "alg none with a signature", assertion: signed(map[string]any{"alg": "none"})},
		{name: "HS256 with the public key", assertion: mac + "." + b64(string(hash.Sum(nil)))},
		{name: "DER signature", assertion: der + "." + b64(string(asn1))},
		{name: "signature of zeros", assertion: der + "." + b64(string(make([]byte, 64)))},
		{name: "no signature", assertion: der + "."},
		{name: "two parts", assertion: der},
		{name: "four parts", assertion: signed(map[string]any{"alg": "ES256"}) + ".e30"},
		{name: "padding", assertion: signed(map[string]any{"alg": "ES256"}) + "="},
		{name: "another key", assertion: sign(t, newKey(t), map[string]any{"alg": "ES256"}, claims())},
		{name: "claims changed", assertion: changed[0] + "." + b64(toJSON(t, other)) + "." + changed[2]},
		{name: "claim twice", assertion: sign(t, d.key, map[string]any{"alg": "ES256"}, json.RawMessage(toJSON(t, claims())[:1]+`"jti":"x",`+toJSON(t, claims())[1:]))},
		{name: "too long", assertion: sign(t, d.key, map[string]any{"alg": "ES256", "x": strings.Repeat("x", 8192)}, claims())},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := d.tokenCall(map[string]string{"client_assertion": tt.assertion})
			if tt.good {
				require.Equal(t, 200, a.status, a.text)
				return
			}
			require.Equal(t, 401, a.status, a.text)
			require.Equal(t, "invalid_client", a.code())
		})
	}
}

func TestJTIWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, other := w.terminal(1, 1), w.terminal(1, 1)
	spent := d.assertion(map[string]any{"jti": "one"})
	require.Equal(t, 200, d.tokenCall(map[string]string{"client_assertion": spent}).status)
	require.Equal(t, "invalid_client", d.tokenCall(map[string]string{"client_assertion": spent}).code())
	require.Equal(t, "invalid_client", d.tokenCall(map[string]string{"client_assertion": d.assertion(map[string]any{"jti": "one"})}).code(), "in another assertion")
	require.Equal(t, 200, other.tokenCall(map[string]string{"client_assertion": other.assertion(map[string]any{"jti": "one"})}).status, "of another client")
	w.later(89 * time.Second)
	require.Equal(t, "invalid_client", d.tokenCall(map[string]string{"client_assertion": spent}).code(), "until the last second of its life and the skew")
}

func TestTokenOfASuspendedDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	for _, status := range []string{"suspended", "active", "decommissioned"} {
		require.NoError(t, w.SetStatus(d.sn, status))
		assertion := d.assertion(nil)
		a := d.tokenCall(map[string]string{"client_assertion": assertion})
		if status == "active" {
			require.Equal(t, 200, a.status)
			continue
		}
		require.Equal(t, 403, a.status)
		require.JSONEq(t, `{"error":"access_denied","error_description":"`+status+`"}`, a.text)
		require.Equal(t, "invalid_client", d.tokenCall(map[string]string{"client_assertion": assertion}).code(), "its jti is spent")
	}
	stranger := &terminal{world: w, client: d.client, key: newKey(t)}
	require.Equal(t, "invalid_client", stranger.tokenCall(map[string]string{"client_assertion": stranger.assertion(nil)}).code(),
		"whoever has not the key does not learn the status")
}

func TestDeviceWithoutActivationIsNoClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := &terminal{world: w, key: newKey(t)}
	d.client = w.generate("SN-1", pemOf(t, d.key.Public())).str("client_id")
	require.Equal(t, "invalid_client", d.tokenCall(map[string]string{"client_assertion": d.assertion(nil)}).code())
}

func TestScopeNarrowsTheToken(t *testing.T) {
	t.Parallel()
	d := newWorld(t).terminal(1, 1)
	for asked, want := range map[string]string{
		"":                              "order:create bill:create payment:create",
		"   ":                           "order:create bill:create payment:create",
		"order:create":                  "order:create",
		"payment:create order:create":   "order:create payment:create",
		"payment:refund":                "payment:refund",
		"order:create  order:create":    "order:create",
		"payment:refund payment:create": "payment:create payment:refund",
	} {
		a := d.tokenCall(map[string]string{"client_assertion": d.assertion(nil), "scope": asked})
		require.Equal(t, want, a.str("scope"), asked)
		_, claims := parts(t, a.str("access_token"))
		var got []string
		for _, scope := range claims["scope"].([]any) {
			got = append(got, scope.(string))
		}
		require.Equal(t, want, strings.Join(got, " "), asked)
	}
}
