package mpac_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
)

// request is what the server got.
type request struct {
	method, path, key, contentType, body string
	// onDisk: the call's key was in the memory when the request came.
	onDisk bool
}

// gateway answers with what the test sets, and keeps what it was asked.
type gateway struct {
	*httptest.Server
	memory *memory
	mu     sync.Mutex
	answer http.HandlerFunc
	got    []request
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key := r.Header.Get("Idempotency-Key")
	kept, _ := g.memory.Settings("mpac.call." + key)
	g.mu.Lock()
	g.got = append(g.got, request{r.Method, r.URL.RequestURI(), key, r.Header.Get("Content-Type"), string(body), key != "" && len(kept) == 1})
	answer := g.answer
	g.mu.Unlock()
	answer(w, r)
}

func (g *gateway) set(answers ...http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got = nil
	n := 0
	g.answer = func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		do := answers[min(n, len(answers)-1)]
		n++
		g.mu.Unlock()
		do(w, r)
	}
}

func (g *gateway) requests() []request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]request{}, g.got...)
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func lost(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// memory is a Memory in memory.
type memory struct {
	mu     sync.Mutex
	values map[string]string
	fail   error
}

func (m *memory) SetSetting(key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.fail != nil:
		return m.fail
	case value == "":
		delete(m.values, key)
	default:
		m.values[key] = value
	}
	return nil
}

func (m *memory) Settings(prefix string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[string]string{}
	for key, value := range m.values {
		if strings.HasPrefix(key, prefix) {
			found[key] = value
		}
	}
	return found, nil
}

func newGateway(t *testing.T, change func(*mpac.Options)) (*gateway, *mpac.Portal) {
	t.Helper()
	g := &gateway{memory: &memory{values: map[string]string{}}, answer: says(404, "")}
	g.Server = httptest.NewUnstartedServer(g)
	g.Config.ErrorLog = nil
	g.StartTLS()
	t.Cleanup(g.Close)
	o := mpac.Options{BaseURL: g.URL, TrustedCA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: g.Certificate().Raw})}
	if change != nil {
		change(&o)
	}
	p, err := mpac.NewPortal(o)
	require.NoError(t, err)
	t.Cleanup(p.Close)
	return g, p
}

func newSmarttab(t *testing.T, scopes mpac.Scopes) (*gateway, *mpac.Smarttab) {
	t.Helper()
	g, p := newGateway(t, nil)
	return g, mpac.NewSmarttab(p, mpac.SmarttabOptions{Scopes: scopes, Memory: g.memory})
}

func post(key string) mpac.Operation {
	return mpac.Operation{Method: "POST", Path: "/api/v1/orders", Body: []byte(`{"a":1}`), Key: key}
}
