package mpac_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/mpac"
	"github.com/smartpos-go/terminal/emulator/state"
)

// world is an MPAC on loopback, whose clock the test moves.
type world struct {
	*mpac.Server
	t       *testing.T
	state   *state.State
	clock   *state.Clock
	url     string
	refused atomic.Bool
}

// newWorld lets everybody call as often as they like; tests of the limit set one.
func newWorld(t *testing.T) *world {
	t.Helper()
	st, err := state.Open("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	begin := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	w := &world{t: t, state: st, clock: &state.Clock{Base: func() time.Time { return begin }}}
	w.Server, err = mpac.New(st, w.clock, w.refused.Load)
	require.NoError(t, err)
	listener := httptest.NewServer(w.Server)
	t.Cleanup(listener.Close)
	t.Cleanup(w.Close)
	w.url = listener.URL
	w.At(w.url, "https://10.0.2.2:1")
	require.NoError(t, w.Configure(mpac.Settings{RatePerMinute: 0, TokenSeconds: 90}))
	return w
}

// answer is what a call got.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) str(name string) string {
	text, _ := a.body[name].(string)
	return text
}

func (a answer) num(name string) int64 {
	n, _ := a.body[name].(float64)
	return int64(n)
}

// code is the error code, of either form.
func (a answer) code() string {
	if inner, ok := a.body["error"].(map[string]any); ok {
		code, _ := inner["code"].(string)
		return code
	}
	return a.str("error")
}

func (w *world) send(method, path, body string, header map[string]string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.url+path, strings.NewReader(body))
	require.NoError(w.t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body) // not every answer is an object
	return a
}

// terminal is a device written from the protocol, with none of the library's code.
type terminal struct {
	*world
	sn, id, client  string
	merchant, store int64
	key             *ecdsa.PrivateKey
	token           string
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func pemOf(t *testing.T, public any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func (w *world) generate(sn, key string) answer {
	w.t.Helper()
	return w.send("POST", "/api/v1/device/provision/generateActivationCode", toJSON(w.t, map[string]any{"serial_number": sn, "public_key_pem": key}), nil)
}

func (w *world) status(id, code string) answer {
	w.t.Helper()
	return w.send("GET", "/api/v1/device/provision/activationStatus?"+url.Values{"device_id": {id}, "activation_code": {code}}.Encode(), "", nil)
}

// terminal gives an active device of a store, without a token.
func (w *world) terminal(merchant, store int64) *terminal {
	w.t.Helper()
	d := &terminal{world: w, sn: "SN-" + uuid.NewString()[:8], merchant: merchant, store: store, key: newKey(w.t)}
	a := w.generate(d.sn, pemOf(w.t, d.key.Public()))
	require.Equal(w.t, 201, a.status, a.text)
	d.id, d.client = a.str("device_id"), a.str("client_id")
	_, err := w.Activate(a.str("activation_code"), merchant, store)
	require.NoError(w.t, err)
	return d
}

// caller gives an active device with a token of these scopes; none are the usual.
func (w *world) caller(merchant, store int64, scopes ...string) *terminal {
	w.t.Helper()
	d := w.terminal(merchant, store)
	d.token = d.fetch(scopes...)
	return d
}

func (d *terminal) fetch(scopes ...string) string {
	d.t.Helper()
	fields := map[string]string{"client_assertion": d.assertion(nil)}
	if len(scopes) > 0 {
		fields["scope"] = strings.Join(scopes, " ")
	}
	a := d.tokenCall(fields)
	require.Equal(d.t, 200, a.status, a.text)
	return a.str("access_token")
}

func (d *terminal) tokenCall(fields map[string]string) answer {
	d.t.Helper()
	return d.send("POST", "/api/v1/auth/device/token", toJSON(d.t, fields), map[string]string{"Content-Type": "application/json"})
}

// assertion signs the usual claims with changes; nil takes a claim away.
func (d *terminal) assertion(change map[string]any) string {
	d.t.Helper()
	now := d.clock.Now().Unix()
	claims := map[string]any{"iss": d.client, "sub": d.client, "aud": d.Issuer(), "jti": uuid.NewString(), "iat": now, "exp": now + 60}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return sign(d.t, d.key, map[string]any{"alg": "ES256", "typ": "client-authentication+jwt"}, claims)
}

// sign makes an ES256 JWS of RFC 7515: r and s, 32 bytes each.
func sign(t *testing.T, key *ecdsa.PrivateKey, header, claims any) string {
	t.Helper()
	input := b64(toJSON(t, header)) + "." + b64(toJSON(t, claims))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	require.NoError(t, err)
	return input + "." + b64(string(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)))
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// parts decodes a token without verifying it.
func parts(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	pieces := strings.Split(token, ".")
	require.Len(t, pieces, 3)
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(pieces[i])
		require.NoError(t, err)
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(into))
	}
	return header, claims
}

// call asks the gateway; a body is sent as JSON.
func (d *terminal) call(method, path string, body any, more ...string) answer {
	d.t.Helper()
	header := map[string]string{"Authorization": "Bearer " + d.token}
	for i := 0; i+1 < len(more); i += 2 {
		header[more[i]] = more[i+1]
	}
	text := ""
	if raw, ok := body.(string); ok {
		text = raw
	} else if body != nil {
		text = toJSON(d.t, body)
	}
	return d.send(method, "/api/v1"+path, text, header)
}

// must is a call that works.
func (d *terminal) must(method, path string, body any, more ...string) answer {
	d.t.Helper()
	a := d.call(method, path, body, more...)
	require.Less(d.t, a.status, 300, "%s %s: %s", method, path, a.text)
	return a
}

// person gives a caller with a human token.
func (w *world) person(role string, merchant, store int64) *terminal {
	w.t.Helper()
	token, _, err := w.HumanToken(role, merchant, store)
	require.NoError(w.t, err)
	return &terminal{world: w, merchant: merchant, store: store, token: token}
}

func (w *world) later(by time.Duration) { w.clock.Move(by) }
