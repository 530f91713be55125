package emulator_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// Tests share a few keys: making one costs more than all the rest of a test.
var testKeys = sync.OnceValues(func() ([3]*rsa.PrivateKey, error) {
	var keys [3]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return keys, err
		}
		keys[i] = key
	}
	return keys, nil
})

// start returns a world that ends with the test.
func start(t *testing.T, o emulator.Options) *emulator.World {
	t.Helper()
	w, err := emulator.Start(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() }) // a test may have closed it already
	return w
}

// pos is a terminal written from the protocol, with none of the library's code.
type pos struct {
	t      *testing.T
	world  *emulator.World
	client *http.Client
	sn     string
	key    *rsa.PrivateKey
	offset time.Duration // of the server's clock
}

func register(t *testing.T, w *emulator.World, sn, location string) *pos {
	t.Helper()
	admin(t, w, http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": sn, "location": location}, nil)
	return known(t, w, sn, 0)
}

func known(t *testing.T, w *emulator.World, sn string, key int) *pos {
	t.Helper()
	keys, err := testKeys()
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(w.CAPEM()))
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, DisableKeepAlives: true}
	return &pos{t: t, world: w, sn: sn, key: keys[key], client: &http.Client{Transport: transport, Timeout: 10 * time.Second}}
}

func paired(t *testing.T, w *emulator.World, sn string) *pos {
	t.Helper()
	p := register(t, w, sn, "Gate 1")
	got := p.pair(p.code(), p.spki())
	require.Equal(t, http.StatusOK, got.status, got.text)
	return p
}

func admin(t *testing.T, w *emulator.World, method, path string, in, out any) {
	t.Helper()
	require.NoError(t, w.Admin(context.Background(), method, path, in, out))
}

func (p *pos) code() string {
	p.t.Helper()
	var out struct{ Code string }
	admin(p.t, p.world, http.MethodPost, "/admin/api/terminals/"+p.sn+"/pairing-code", nil, &out)
	return out.Code
}

func (p *pos) spki() string {
	p.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(p.key.Public())
	require.NoError(p.t, err)
	return base64.StdEncoding.EncodeToString(der)
}

type reply struct {
	status int
	code   string
	text   string
	body   map[string]any
	header http.Header
}

func (p *pos) pair(code, key string) reply {
	p.t.Helper()
	return p.must(p.send(http.MethodPost, "/pos/pair", map[string]any{"serialNumber": p.sn, "pairingCode": code, "publicKey": key}, nil))
}

// token signs raw header and claims; empty ones are the usual.
func (p *pos) token(header, claims string) string {
	p.t.Helper()
	now := time.Now().Add(p.offset).Unix()
	if header == "" {
		header = `{"alg":"RS256","typ":"JWT"}`
	}
	if claims == "" {
		claims = fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, p.sn, now, now+60)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	require.NoError(p.t, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (p *pos) call(method, path string, body any) reply {
	p.t.Helper()
	return p.must(p.try(method, path, body))
}

func (p *pos) try(method, path string, body any) (reply, error) {
	p.t.Helper()
	return p.send(method, path, body, http.Header{"Authorization": {"Bearer " + p.token("", "")}})
}

func (p *pos) must(r reply, err error) reply {
	p.t.Helper()
	require.NoError(p.t, err)
	return r
}

func (p *pos) send(method, path string, body any, header http.Header) (reply, error) {
	p.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = bytes.NewReader([]byte(b))
	default:
		text, err := json.Marshal(b)
		require.NoError(p.t, err)
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, p.world.Env().MACS.URL+path, reader)
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	text, readErr := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	out := reply{status: resp.StatusCode, text: string(text), header: resp.Header}
	if json.Unmarshal(text, &out.body) == nil {
		out.code, _ = out.body["errorCode"].(string)
	}
	return out, readErr
}

func (p *pos) check(pan string, more map[string]any) reply {
	p.t.Helper()
	body := map[string]any{"pan": pan}
	for k, v := range more {
		body[k] = v
	}
	return p.call(http.MethodPost, "/pos/check_entry", body)
}

func (p *pos) allowed(pan string) string {
	p.t.Helper()
	r := p.check(pan, nil)
	require.Equal(p.t, http.StatusOK, r.status, r.text)
	return r.body["accessId"].(string)
}

func (p *pos) confirm(accessID string, guests any) reply {
	p.t.Helper()
	return p.call(http.MethodPost, "/pos/confirm_entry", map[string]any{"accessId": accessID, "guests": guests})
}

// later moves the clock of the server and of this terminal.
func (p *pos) later(offset time.Duration) {
	p.t.Helper()
	admin(p.t, p.world, http.MethodPut, "/admin/api/clock", map[string]any{"offsetSeconds": offset.Seconds()}, nil)
	p.offset = offset
}

func entries(t *testing.T, w *emulator.World) []map[string]any {
	t.Helper()
	var out struct{ Entries []map[string]any }
	admin(t, w, http.MethodGet, "/admin/api/entries", nil, &out)
	return out.Entries
}
