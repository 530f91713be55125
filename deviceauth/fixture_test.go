package deviceauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// keys is a key store of one key.
type keys struct {
	mu   sync.Mutex
	key  *ecdsa.PrivateKey
	lost bool
	made int
	// good are calls that work before failures come; then the key works again.
	good, failures int
	// onLost is called when a lost key is asked for.
	onLost func()
}

func (k *keys) Signer() (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.good > 0:
		k.good--
	case k.failures > 0:
		k.failures--
		return nil, fault.New(fault.KeyLost, "test", "busy")
	case k.lost:
		if k.onLost != nil {
			k.onLost()
		}
		return nil, fault.New(fault.KeyLost, "test", "")
	case k.key == nil:
		return nil, ErrNoKey
	}
	return k.key, nil
}

func (k *keys) Generate() (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.key, k.made = key, k.made+1
	return key, err
}

func (k *keys) Delete() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.key, k.lost = nil, false
	return nil
}

// memory is on disk, as far as a test goes.
type memory struct {
	mu     sync.Mutex
	values map[string]string
	fail   error
}

func (m *memory) Setting(key string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key], nil
}

func (m *memory) SetSetting(key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.values[key] = value
	}
	return m.fail
}

// server is a portal that the test plays, and what it was asked.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	generate http.HandlerFunc
	status   http.HandlerFunc
	token    http.HandlerFunc
	api      http.HandlerFunc
	bodies   map[string][]string // by path
	auth     []string            // Authorization of API calls
	types    []string            // Content-Type of token calls
	ahead    time.Duration       // how far the server's Date is ahead
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func lostAnswer(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{
		bodies:   map[string][]string{},
		generate: answers(201, `{"device_id":"d-1","client_id":"c-1","activation_code":"12345678","expires_at":"2099-01-01T00:00:00Z","poll_interval":1}`),
		status:   answers(200, `{"status":"pending"}`),
		token:    answers(200, `{"access_token":"tok","expires_in":90}`),
		api:      answers(200, `{}`),
	}
	s.Server = httptest.NewTLSServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.bodies[r.URL.Path] = append(s.bodies[r.URL.Path], string(body))
	do := s.api
	switch {
	case strings.HasSuffix(r.URL.Path, "/generateActivationCode"):
		do = s.generate
	case strings.HasSuffix(r.URL.Path, "/activationStatus"):
		do = s.status
	case strings.HasSuffix(r.URL.Path, "/token"):
		do = s.token
		s.types = append(s.types, r.Header.Get("Content-Type"))
	default:
		s.auth = append(s.auth, r.Header.Get("Authorization"))
	}
	w.Header().Set("Date", time.Now().Add(s.ahead).UTC().Format(http.TimeFormat))
	s.mu.Unlock()
	do(w, r)
}

func (s *server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *server) asked(suffix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path, bodies := range s.bodies {
		if strings.HasSuffix(path, suffix) {
			return append([]string{}, bodies...)
		}
	}
	return nil
}

type rig struct {
	*server
	keys   *keys
	memory *memory
	clock  *clock.Clock
	device *Device
	portal *mpac.Portal
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	r := &rig{server: newServer(t), keys: &keys{}, memory: &memory{values: map[string]string{}}, clock: clock.New(clock.System{}, clock.State{})}
	var err error
	r.portal, err = mpac.NewPortal(mpac.Options{
		BaseURL: r.URL, TrustedCA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw}), Clock: r.clock, Timeout: 10 * time.Second,
	})
	require.NoError(t, err)
	t.Cleanup(r.portal.Close)
	r.open(t, change)
	return r
}

// open is a start of the app.
func (r *rig) open(t *testing.T, change func(*Options)) {
	t.Helper()
	o := Options{SerialNumber: "SN-1", Name: "Till", Audience: "https://issuer.example", Keys: r.keys, Memory: r.memory, Clock: r.clock}
	if change != nil {
		change(&o)
	}
	var err error
	r.device, err = Open(o)
	require.NoError(t, err)
}

func (r *rig) source(t *testing.T, form bool, scope ...string) *Source {
	t.Helper()
	s := NewSource(SourceOptions{Device: r.device, Portal: r.portal, Scope: scope, Form: form})
	t.Cleanup(s.Close)
	return s
}
