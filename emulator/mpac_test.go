package emulator_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// device is an MPAC device written from the protocol, with none of the library's code.
type device struct {
	t            *testing.T
	world        *emulator.World
	client       *http.Client
	sn, code     string
	id, clientID string
	key          *ecdsa.PrivateKey
	token        string
	ahead        time.Duration // of the machine's clock, as the server's is
}

func activated(t *testing.T, w *emulator.World, sn string) *device {
	t.Helper()
	return activatedAt(t, w, sn, 1)
}

func activatedAt(t *testing.T, w *emulator.World, sn string, store int) *device {
	t.Helper()
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(w.CAPEM()))
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, DisableKeepAlives: true}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	d := &device{t: t, world: w, client: &http.Client{Transport: transport, Timeout: 10 * time.Second}, sn: sn, key: key}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	var made map[string]any
	require.Equal(t, 201, d.must("POST", "/api/v1/device/provision/generateActivationCode", map[string]any{"serial_number": sn, "public_key_pem": text}, &made))
	d.code, d.id, d.clientID = made["activation_code"].(string), made["device_id"].(string), made["client_id"].(string)
	admin(t, w, "POST", "/admin/api/mpac/activate", map[string]any{"activationCode": d.code, "merchantId": 1, "storeId": store}, nil)
	return d
}

// assertion is a client assertion of RFC 7523, ES256.
func (d *device) assertion() string {
	d.t.Helper()
	now := time.Now().Add(d.ahead).Unix()
	claims := fmt.Sprintf(`{"iss":%[1]q,"sub":%[1]q,"aud":%[2]q,"jti":%[3]q,"iat":%[4]d,"exp":%[5]d}`, d.clientID, d.world.Env().MPAC.Issuer, uuid.NewString(), now, now+60)
	input := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, sum[:])
	require.NoError(d.t, err)
	return input + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func (d *device) fetch() {
	d.t.Helper()
	var out map[string]any
	require.Equal(d.t, 200, d.must("POST", "/api/v1/auth/device/token", map[string]any{"client_assertion": d.assertion()}, &out))
	d.token = out["access_token"].(string)
}

// try makes one call; out is decoded from an answer that arrived.
func (d *device) try(method, path string, body any, out *map[string]any) (int, error) {
	d.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(d.t, err)
	req, err := http.NewRequestWithContext(context.Background(), method, d.world.Env().MPAC.URL+path, bytes.NewReader(text))
	require.NoError(d.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Idempotency-Key", uuid.NewString())
	resp, err := d.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err = io.ReadAll(resp.Body)
	if err == nil && out != nil {
		require.NoError(d.t, json.Unmarshal(text, out))
	}
	return resp.StatusCode, err
}

func (d *device) must(method, path string, body any, out *map[string]any) int {
	d.t.Helper()
	status, err := d.try(method, path, body, out)
	require.NoError(d.t, err)
	return status
}

// order makes one, and gives its id.
func (d *device) order() string {
	d.t.Helper()
	var out map[string]any
	require.Equal(d.t, 201, d.must("POST", "/api/v1/orders", json.RawMessage(`{"order_type":"takeaway","items":[{"item_name":"Tea","quantity":1,"unit_price":380}]}`), &out))
	return out["id"].(string)
}

func (d *device) upgrade() (*websocket.Conn, error) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, d.world.Env().MPAC.WSURL, &websocket.DialOptions{ //nolint:bodyclose // Dial's documentation: there is none to close.
		HTTPClient: d.client, Subprotocols: []string{"mpac.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + d.token}},
	})
	if err == nil {
		d.t.Cleanup(func() { _ = conn.CloseNow() })
	}
	return conn, err
}

// connect says hello; the welcome is the first thing to read.
func (d *device) connect(lastEventID string) *websocket.Conn {
	d.t.Helper()
	conn, err := d.upgrade()
	require.NoError(d.t, err)
	hello := `{"v":1,"type":"hello","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ts":"2026-01-28T10:00:00Z","data":{"device_id":"` + d.id + `","last_event_id":"` + lastEventID + `"}}`
	require.NoError(d.t, conn.Write(context.Background(), websocket.MessageText, []byte(strings.Replace(hello, `,"last_event_id":""`, "", 1))))
	return conn
}

func read(t *testing.T, conn *websocket.Conn) (map[string]any, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, text, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	require.NoError(t, json.Unmarshal(text, &out))
	return out, nil
}

func welcomed(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	m, err := read(t, conn)
	require.NoError(t, err)
	require.Equal(t, "welcome", m["type"])
}

func push(t *testing.T, w *emulator.World, sn string, payload any) string {
	t.Helper()
	var out struct{ ID string }
	admin(t, w, "POST", "/admin/api/mpac/devices/"+sn+"/events", map[string]any{"event": "order.updated", "payload": payload}, &out)
	return out.ID
}

// Not parallel: the ports it comes back to must not be taken meanwhile by another world of these tests.
func TestRestartKeepsMPAC(t *testing.T) {
	o := emulator.Options{StateDir: filepath.Join(t.TempDir(), "state")}
	w := start(t, o)
	d := activated(t, w, "SN-1")
	admin(t, w, "PUT", "/admin/api/mpac/settings", map[string]any{"ratePerMinute": 0, "tokenSeconds": 120}, nil)
	d.fetch()
	order := d.order()
	conn := d.connect("")
	welcomed(t, conn)
	first := push(t, w, "SN-1", 1)
	second := push(t, w, "SN-1", 2)
	spent := d.assertion()
	require.Equal(t, 200, d.must("POST", "/api/v1/auth/device/token", map[string]any{"client_assertion": spent}, nil))
	require.NoError(t, w.Close())
	for {
		_, err := read(t, conn)
		if err == nil {
			continue
		}
		require.EqualValues(t, 1012, websocket.CloseStatus(err))
		break
	}
	env := w.Env()
	w = start(t, o)
	require.Equal(t, env.MPAC, w.Env().MPAC)
	d.world = w
	require.Equal(t, 401, d.must("POST", "/api/v1/auth/device/token", map[string]any{"client_assertion": spent}, nil), "a spent jti")
	require.Equal(t, 200, d.must("GET", "/api/v1/orders/"+order, nil, nil), "the old token, by the old key")
	conn = d.connect(first)
	welcomed(t, conn)
	m, err := read(t, conn)
	require.NoError(t, err)
	require.Equal(t, second, m["id"])
	var out map[string]any
	require.Equal(t, 200, d.must("POST", "/api/v1/auth/device/token", map[string]any{"client_assertion": d.assertion()}, &out))
	require.EqualValues(t, 120, out["expires_in"], "the settings")
}

func TestFaultsOfMPAC(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	d, other := activated(t, w, "SN-1"), activated(t, w, "SN-2")
	d.fetch()
	other.fetch()
	addFault(t, w, map[string]any{"kind": "drop_answer", "system": "mpac", "path": "/api/v1/orders", "serialNumber": "SN-1", "times": 1})
	_, err := d.try("POST", "/api/v1/orders", json.RawMessage(`{"order_type":"takeaway","items":[{"item_name":"Tea","quantity":1,"unit_price":380}]}`), nil)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	var list map[string]any
	d.must("GET", "/api/v1/orders", nil, &list)
	require.Len(t, list["items"], 1, "it was processed")
	addFault(t, w, map[string]any{"kind": "status", "status": 503, "system": "mpac", "serialNumber": "SN-1"})
	require.Equal(t, 503, d.must("POST", "/api/v1/auth/device/token", map[string]any{"client_assertion": d.assertion()}, nil), "a token request is its client's")
	require.Equal(t, 503, d.must("GET", "/api/v1/device/provision/activationStatus?device_id="+d.id+"&activation_code="+d.code, nil, nil))
	_, err = d.upgrade()
	require.Error(t, err, "an upgrade is a request too")
	require.Equal(t, 200, other.must("GET", "/api/v1/orders", nil, nil))
	admin(t, w, "DELETE", "/admin/api/faults", nil, nil)
	addFault(t, w, map[string]any{"kind": "status", "status": 503, "system": "macs"})
	require.Equal(t, 200, d.must("GET", "/api/v1/orders", nil, nil), "a fault of another system")
}

func TestCutHitsASocketWithinAFrame(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	d := activated(t, w, "SN-1")
	d.fetch()
	addFault(t, w, map[string]any{"kind": "cut", "system": "mpac", "path": "/api/v1/ws", "bytes": 2000, "times": 1})
	conn := d.connect("")
	welcomed(t, conn)
	id := push(t, w, "SN-1", strings.Repeat("x", 4000))
	_, err := read(t, conn)
	require.Error(t, err)
	require.EqualValues(t, -1, websocket.CloseStatus(err), "no goodbye")
	conn = d.connect("")
	welcomed(t, conn)
	m, err := read(t, conn)
	require.NoError(t, err)
	require.Equal(t, id, m["id"], "nothing is lost")
}

func TestRefuseEndsOpenSockets(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	d := activated(t, w, "SN-1")
	d.fetch()
	conn := d.connect("")
	welcomed(t, conn)
	addFault(t, w, map[string]any{"kind": "refuse", "system": "mpac"})
	_, err := read(t, conn)
	require.Error(t, err)
	_, err = d.upgrade()
	require.Error(t, err)
	admin(t, w, "DELETE", "/admin/api/faults", nil, nil)
	welcomed(t, d.connect(""))
}

func TestJournalHidesMPACsSecrets(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	d := activated(t, w, "SN-1")
	d.fetch()
	assertion := d.assertion()
	require.Equal(t, 200, d.must("POST", "/api/v1/auth/device/token", map[string]any{"client_assertion": assertion, "note": assertion}, nil))
	require.Equal(t, 200, d.must("GET", "/api/v1/device/provision/activationStatus?device_id="+d.id+"&activation_code="+d.code, nil, nil))
	require.Equal(t, 404, d.must("GET", "/api/v1/orders/"+uuid.NewString(), nil, nil))
	conn := d.connect("")
	welcomed(t, conn)
	var out struct{ Requests []json.RawMessage }
	require.Eventually(t, func() bool { // a socket's row comes with its upgrade, beside the welcome
		admin(t, w, "GET", "/admin/api/requests", nil, &out)
		return len(out.Requests) == 6
	}, 5*time.Second, 10*time.Millisecond)
	for i, row := range out.Requests {
		require.Contains(t, string(row), `"system":"mpac"`)
		require.Contains(t, string(row), `"serialNumber":"SN-1"`, "request %d", i)
		for _, secret := range []string{d.code, d.token, strings.Split(assertion, ".")[2], strings.Split(d.token, ".")[2]} {
			require.NotContains(t, string(row), secret)
		}
	}
	require.Contains(t, string(out.Requests[4]), `not_found`, "an error code is no secret")
	require.Contains(t, string(out.Requests[5]), `"status":101`, "a socket is in the journal while it is open")
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	w, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	for i := range 5 {
		d := activated(t, w, fmt.Sprintf("SN-%d", i))
		d.fetch()
		conn := d.connect("")
		welcomed(t, conn)
		require.NoError(t, conn.CloseNow())
	}
	d := activated(t, w, "SN-open")
	d.fetch()
	welcomed(t, d.connect(""))
	require.NoError(t, w.Close())
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			require.Fail(t, "goroutines are left", "%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}
