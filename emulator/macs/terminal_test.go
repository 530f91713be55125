package macs_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/macs"
	"github.com/smartpos-go/terminal/emulator/state"
)

// One key serves all terminals of the tests: making one costs more than all the rest.
var sharedKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// world is a MACS without a network, whose clock the test moves.
type world struct {
	*macs.Server
	t     *testing.T
	state *state.State
	clock *state.Clock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	st, err := state.Open("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	begin := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	clock := &state.Clock{Base: func() time.Time { return begin }}
	server, err := macs.New(st, clock)
	require.NoError(t, err)
	return &world{Server: server, t: t, state: st, clock: clock}
}

// terminal is a POS written from the protocol.
type terminal struct {
	*world
	sn  string
	key *rsa.PrivateKey
}

func (w *world) terminal(sn, location string) terminal {
	w.t.Helper()
	key, err := sharedKey()
	require.NoError(w.t, err)
	_, err = w.Register(sn, location)
	require.NoError(w.t, err)
	return terminal{world: w, sn: sn, key: key}
}

func (w *world) paired(sn string) terminal {
	w.t.Helper()
	p := w.terminal(sn, "Gate 1")
	code, _, err := w.PairingCode(sn)
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusOK, p.pair(code, p.publicKey()).Code)
	return p
}

func (p terminal) publicKey() string {
	p.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(p.key.Public())
	require.NoError(p.t, err)
	return base64.StdEncoding.EncodeToString(der)
}

func (p terminal) pair(code, key string) *httptest.ResponseRecorder {
	p.t.Helper()
	body := fmt.Sprintf(`{"serialNumber":%q,"pairingCode":%q,"publicKey":%q}`, p.sn, code, key)
	return p.send(http.MethodPost, "/pos/pair", body, nil)
}

func (p terminal) sign(header, claims string) string {
	p.t.Helper()
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	require.NoError(p.t, err)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (p terminal) token() string {
	p.t.Helper()
	now := p.clock.Now().Unix()
	return p.sign(`{"alg":"RS256","typ":"JWT"}`, fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, p.sn, now, now+60))
}

func (p terminal) call(method, path, body string) *httptest.ResponseRecorder {
	p.t.Helper()
	return p.send(method, path, body, http.Header{"Authorization": {"Bearer " + p.token()}})
}

func (w *world) send(method, path, body string, header http.Header) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for name, values := range header {
		r.Header[name] = values
	}
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer
}

func (p terminal) check(pan, more string) *httptest.ResponseRecorder {
	p.t.Helper()
	return p.call(http.MethodPost, "/pos/check_entry", `{"pan":"`+pan+`"`+more+`}`)
}

func (p terminal) allowed(pan, more string) string {
	p.t.Helper()
	answer := p.check(pan, more)
	require.Equal(p.t, http.StatusOK, answer.Code, answer.Body)
	var body struct{ AccessID string }
	require.NoError(p.t, json.Unmarshal(answer.Body.Bytes(), &body))
	return body.AccessID
}

func (p terminal) confirm(accessID string, guests int) *httptest.ResponseRecorder {
	p.t.Helper()
	return p.call(http.MethodPost, "/pos/confirm_entry", fmt.Sprintf(`{"accessId":%q,"guests":%d}`, accessID, guests))
}

func (p terminal) report(rows ...string) *httptest.ResponseRecorder {
	p.t.Helper()
	return p.call(http.MethodPost, "/pos/offline_reports", `{"entries":[`+strings.Join(rows, ",")+`]}`)
}

// errorCode requires an answer to be a refusal with this status and code.
func errorCode(t *testing.T, status int, code string, answer *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, status, answer.Code, answer.Body)
	var body struct{ ErrorCode, Message string }
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body))
	require.Equal(t, code, body.ErrorCode)
	require.NotEmpty(t, body.Message)
}
