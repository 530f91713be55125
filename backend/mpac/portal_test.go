package mpac_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

func TestTheAnswerOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	g, p := newGateway(t, nil)
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"scope":["order:create","bill:create"]}`))
	for name, tt := range map[string]struct {
		body  string
		life  time.Duration // 0: bad_response
		scope []string
	}{
		"as the vendor shows it":     {`{"access_token":"t","expires_in":90}`, 90 * time.Second, nil},
		"as RFC 6749 shows it":       {`{"access_token":"t","token_type":"bearer","expires_in":90,"scope":"a b","more":{}}`, 90 * time.Second, []string{"a", "b"}},
		"scope as a list":            {`{"access_token":"t","expires_in":90,"scope":["a"]}`, 90 * time.Second, []string{"a"}},
		"no scope at all":            {`{"access_token":"t","expires_in":90,"scope":""}`, 90 * time.Second, []string{}},
		"scope in the token":         {`{"access_token":"h.` + claims + `.s","expires_in":90}`, 90 * time.Second, []string{"order:create", "bill:create"}},
		"token that is no JWT":       {`{"access_token":"h.!!.s","expires_in":90}`, 90 * time.Second, nil},
		"expires_in absent":          {`{"access_token":"t"}`, 60 * time.Second, nil},
		"expires_in null":            {`{"access_token":"t","expires_in":null}`, 60 * time.Second, nil},
		"expires_in as text":         {`{"access_token":"t","expires_in":"90"}`, 90 * time.Second, nil},
		"expires_in with a fraction": {`{"access_token":"t","expires_in":90.9}`, 90 * time.Second, nil},
		"expires_in of a year":       {`{"access_token":"t","expires_in":31536000}`, time.Hour, nil},
		"expires_in beyond int64":    {`{"access_token":"t","expires_in":1e18}`, time.Hour, nil},
		"expires_in beyond float64":  {`{"access_token":"t","expires_in":1e999}`, 0, nil},
		"expires_in 0":               {`{"access_token":"t","expires_in":0}`, 0, nil},
		"expires_in below 1":         {`{"access_token":"t","expires_in":0.5}`, 0, nil},
		"expires_in negative":        {`{"access_token":"t","expires_in":-5}`, 0, nil},
		"expires_in soon":            {`{"access_token":"t","expires_in":"soon"}`, 0, nil},
		"expires_in NaN":             {`{"access_token":"t","expires_in":"NaN"}`, 0, nil},
		"expires_in infinite":        {`{"access_token":"t","expires_in":"Inf"}`, 0, nil},
		"expires_in true":            {`{"access_token":"t","expires_in":true}`, 0, nil},
		"expires_in empty text":      {`{"access_token":"t","expires_in":""}`, 0, nil},
		"no access_token":            {`{"expires_in":90}`, 0, nil},
		"empty access_token":         {`{"access_token":"","expires_in":90}`, 0, nil},
		"access_token number":        {`{"access_token":7,"expires_in":90}`, 0, nil},
		"access_token with a line":   {`{"access_token":"a\r\nX: y","expires_in":90}`, 0, nil},
		"access_token too long":      {`{"access_token":"` + strings.Repeat("t", 9000) + `","expires_in":90}`, 0, nil},
		"DPoP":                       {`{"access_token":"t","token_type":"DPoP","expires_in":90}`, 0, nil},
		"scope of numbers":           {`{"access_token":"t","expires_in":90,"scope":[1]}`, 0, nil},
		"a login page":               {`<html>`, 0, nil},
		"cut":                        {`{"access_token":"t","expires_in":9`, 0, nil},
		"a list":                     {`[{"access_token":"t","expires_in":90}]`, 0, nil},
		"nothing":                    {``, 0, nil},
	} {
		g.set(says(200, tt.body))
		token, err := p.Token(t.Context(), mpac.TokenRequest{ClientID: "c", Assertion: "a"})
		if tt.life == 0 {
			require.Equal(t, fault.BadResponse, fault.CodeOf(err), name)
			require.Zero(t, token, name)
			require.NotContains(t, err.Error(), "expires_in\":", name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, tt.life, token.Life, name)
		require.Equal(t, tt.scope, token.Scope, name)
		require.NotContains(t, fmt.Sprintf("%v %+v", token, token), string(token.AccessToken)+" ", name)
	}
}

func TestRefusalsOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	g, p := newGateway(t, nil)
	for _, tt := range []struct {
		status int
		body   string
		want   fault.Code
	}{
		{401, `{"error":"invalid_client"}`, fault.TokenRefused}, {400, `{"error":"invalid_client"}`, fault.TokenRefused},
		{400, `{"error":"unsupported_grant_type"}`, fault.TokenRefused}, {401, `<html>`, fault.TokenRefused},
		{403, `{"error":"access_denied","error_description":"suspended"}`, fault.DeviceSuspended},
		{403, `{"error":"access_denied","error_description":"decommissioned"}`, fault.DeviceDecommissioned},
		{403, `{"error":"access_denied","error_description":"no"}`, fault.TokenRefused},
		{400, `{"error":{"code":"bad","message":"x"}}`, fault.ProtocolError}, {404, ``, fault.ProtocolError}, {405, ``, fault.ProtocolError},
		{429, ``, fault.RateLimited}, {500, `{"error":"server_error"}`, fault.ServerError}, {503, `<html>`, fault.ServerError},
		{307, ``, fault.BadResponse}, {408, ``, fault.Timeout},
	} {
		g.set(says(tt.status, tt.body))
		_, err := p.Token(t.Context(), mpac.TokenRequest{ClientID: "c", Assertion: "a"})
		require.Equal(t, tt.want, fault.CodeOf(err), "%d %s", tt.status, tt.body)
		require.Len(t, g.requests(), 1, "an assertion is sent once")
	}
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "": 0, "0": 0, "-1": 0, "Wed, 21 Oct 2026 07:28:00 GMT": 0, "99999999": 0} {
		g.set(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(429)
		})
		_, err := p.Token(t.Context(), mpac.TokenRequest{})
		require.Equal(t, fault.RateLimited, fault.CodeOf(err))
		require.Equal(t, want, mpac.RetryAfter(err), header)
	}
}

func TestATokenServerElsewhere(t *testing.T) {
	t.Parallel()
	elsewhere, _ := newGateway(t, nil)
	elsewhere.set(says(200, `{"access_token":"t","expires_in":90}`))
	gateway, p := newGateway(t, func(o *mpac.Options) { o.TokenURL = elsewhere.URL + "/oauth%2F2/token" })
	_, err := p.Token(t.Context(), mpac.TokenRequest{ClientID: "c", Assertion: "a", Form: true})
	require.NoError(t, err)
	require.Empty(t, gateway.requests())
	require.Equal(t, "/oauth%2F2/token", elsewhere.requests()[0].path)
	for _, bad := range []string{"http://x/token", "/token", "https://", "https://u@x/token", "https://x/token?a=b", "https://x/token#a", "://"} {
		_, err := mpac.NewPortal(mpac.Options{BaseURL: "https://x", SystemRoots: true, TokenURL: bad})
		require.Equal(t, fault.InvalidConfig, fault.CodeOf(err), bad)
	}
}

func TestShortPaths(t *testing.T) {
	t.Parallel()
	g, p := newGateway(t, func(o *mpac.Options) { o.Paths = mpac.ShortPaths() })
	g.set(says(200, `{"access_token":"t","expires_in":90}`))
	_, err := p.Token(t.Context(), mpac.TokenRequest{})
	require.NoError(t, err)
	s := mpac.NewSmarttab(p, mpac.SmarttabOptions{})
	_, _ = s.Orders(t.Context())
	require.Equal(t, "/auth/device/token", g.requests()[0].path)
	require.Equal(t, "/orders", g.requests()[1].path)
}

func TestThePollInterval(t *testing.T) {
	t.Parallel()
	g, p := newGateway(t, nil)
	for text, want := range map[string]time.Duration{
		``: 5 * time.Second, `,"poll_interval":2`: 2 * time.Second, `,"poll_interval":0`: time.Second, `,"poll_interval":-9`: time.Second,
		`,"poll_interval":9999999999`: time.Minute, `,"poll_interval":null`: 5 * time.Second,
	} {
		g.set(says(201, `{"device_id":"d","client_id":"c","activation_code":"12345678","expires_at":"2026-01-01T00:00:00+09:00"`+text+`}`))
		code, err := p.GenerateActivationCode(t.Context(), "SN", "PEM", "")
		require.NoError(t, err, text)
		require.Equal(t, want, code.PollEvery, text)
		require.Equal(t, time.Date(2025, 12, 31, 15, 0, 0, 0, time.UTC), code.ExpiresAt)
	}
	require.JSONEq(t, `{"serial_number":"SN","public_key_pem":"PEM"}`, g.requests()[0].body)
}

func TestAnActivationStatusThatCannotBe(t *testing.T) {
	t.Parallel()
	g, p := newGateway(t, nil)
	for _, body := range []string{`{}`, `{"status":"on"}`, `{"status":1}`, `[]`, `{"status":"active","client_id":"` + strings.Repeat("c", 51) + `"}`, `{"status":"active","store_id":1.5}`} {
		g.set(says(200, body))
		_, err := p.ActivationStatus(t.Context(), "d", "c")
		require.Equal(t, fault.BadResponse, fault.CodeOf(err), body)
	}
}

func TestActivateForBackOfficeTools(t *testing.T) {
	t.Parallel()
	g, p := newGateway(t, nil)
	var bearer string
	g.set(func(w http.ResponseWriter, r *http.Request) {
		bearer = r.Header.Get("Authorization")
		says(200, `{"device_id":"d-1","status":"active"}`)(w, r)
	})
	id, err := p.Activate(t.Context(), "person", "12345678", 1, 2, "")
	require.NoError(t, err)
	require.Equal(t, "d-1", id)
	require.Equal(t, "Bearer person", bearer)
	require.JSONEq(t, `{"activation_code":"12345678","merchant_id":1,"store_id":2}`, g.requests()[0].body)
	g.set(says(200, `{"device_id":"d-1","status":"pending"}`))
	_, err = p.Activate(t.Context(), "person", "12345678", 1, 2, "")
	require.Equal(t, fault.BadResponse, fault.CodeOf(err))
}

func TestKeySets(t *testing.T) {
	t.Parallel()
	g, p := newGateway(t, nil)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := ec.PublicKey.Bytes()
	require.NoError(t, err)
	people, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	ecKey := fmt.Sprintf(`"kty":"EC","crv":"P-256","x":%q,"y":%q`, b64(point[1:33]), b64(point[33:]))
	rsaKey := fmt.Sprintf(`"kty":"RSA","n":%q,"e":%q`, b64(people.N.Bytes()), b64(big.NewInt(int64(people.E)).Bytes()))
	g.set(says(200, `{"keys":[{"kid":"d-1",`+ecKey+`},{"kid":"h-1",`+rsaKey+`},{`+ecKey+`},{"kid":"off","kty":"EC","crv":"P-256","x":"`+
		b64(make([]byte, 32))+`","y":"`+b64(make([]byte, 32))+`"},{"kid":"weak","kty":"RSA","n":"AQAB","e":"AQAB"},{"kid":"odd","kty":"oct"}]}`))
	devices, err := p.DeviceKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, devices, 1)
	require.True(t, devices["d-1"].Equal(&ec.PublicKey))
	humans, err := p.HumanKeys(t.Context())
	require.NoError(t, err)
	require.Len(t, humans, 1)
	require.True(t, humans["h-1"].Equal(&people.PublicKey))
	require.Equal(t, "/api/v1/jwks/human", g.requests()[1].path)
	g.set(says(200, `{}`))
	_, err = p.DeviceKeys(t.Context())
	require.Equal(t, fault.BadResponse, fault.CodeOf(err))
}
