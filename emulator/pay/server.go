// Package pay is an emulated Pay service with its Authorization service (protocol sections 8.1 to 8.4): six headers, x-token, and the
// procedure a to g over accounts, services, sources and endpoints. Pay itself forwards what is authorized to a stand-in that
// answers every endpoint alike. It verifies with the standard library and shares no code with the library's clients.
//
// A Server is safe for concurrent use. The access configuration is on disk.
package pay

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/state"
	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// Server is the emulated Pay.
type Server struct {
	state *state.State
	clock *state.Clock
	first Account
	// service is the id of the env file.
	service Service
	wire    Wire

	mu        sync.RWMutex
	access    access
	freshness time.Duration
}

// Wire is the way from Pay to the Authorization service: through its own listener, so that faults hit it.
type Wire struct {
	BaseURL string
	Client  *http.Client
}

// New reads the state, or begins it with one account and one service.
func New(st *state.State, clock *state.Clock) (*Server, error) {
	s := &Server{state: st, clock: clock, freshness: defaultFreshness}
	secret, err := st.Secret("pay.secretKey")
	if err != nil {
		return nil, err
	}
	key, err := st.Value("pay.publicKey")
	if err != nil {
		return nil, err
	}
	if key == "" {
		id, err := uuid.NewRandomFromReader(st.Rand)
		if err != nil {
			return nil, err
		}
		key = id.String()
		if err := st.SetValue("pay.publicKey", key); err != nil {
			return nil, err
		}
	}
	s.first = Account{PublicKey: key, SecretKey: secret, MerchantCode: "MERCHANT-0001", Active: true}
	s.service = Service{ID: "pay-front-posemu", Sources: []string{"shop", "cp"}}
	return s, s.openAccess()
}

// Connect tells Pay where its Authorization service is. It is called once, before the first request.
func (s *Server) Connect(w Wire) { s.wire = w }

// Credentials are the account and the service of the env file.
func (s *Server) Credentials() (Account, Service) { return s.first, s.service }

// ServeHTTP answers Pay's callers, and Pay itself at AuthorizePath.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == AuthorizePath {
		s.serveAuthorize(w, r)
		return
	}
	s.front(w, r)
}

// serveAuthorize is the Authorization service.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "This path takes POST")
		return
	}
	q, ok := readQuestion(r)
	if !ok {
		refuse(w, http.StatusBadRequest, "headers, method and url are needed")
		return
	}
	granted, status := s.authorize(q)
	if status != http.StatusOK {
		refuse(w, status, forbidden)
		return
	}
	answer(w, http.StatusOK, granted)
}

// question is whether a request may pass.
type question struct {
	headers     map[string]string // by lower-case name
	method, url string
}

// grant is the consent.
type grant struct {
	MerchantCode string `json:"merchantCode"`
	Source       string `json:"source"`
}

func readQuestion(r *http.Request) (question, bool) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return question{}, false
	}
	o, err := strictjson.Read(text)
	if err != nil {
		return question{}, false
	}
	given, ok := o.Inner("headers")
	method, methodOK := o.Text("method")
	url, urlOK := o.Text("url")
	if !ok || !methodOK || !urlOK {
		return question{}, false
	}
	q := question{headers: map[string]string{}, method: method, url: url}
	for name := range given {
		lower := strings.ToLower(name)
		if _, twice := q.headers[lower]; twice {
			return question{}, false
		}
		if q.headers[lower], ok = given.Text(name); !ok {
			return question{}, false
		}
	}
	return q, true
}

// front is Pay: it asks for every request, remembers no consent, and lets nothing through when nobody answers.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	headers := map[string]string{}
	for _, name := range six {
		if values := r.Header.Values(name); len(values) == 1 {
			headers[name] = values[0]
		}
	}
	body, err := json.Marshal(map[string]any{"headers": headers, "method": r.Method, "url": r.URL.RequestURI()})
	if err != nil {
		refuse(w, http.StatusInternalServerError, "The emulator failed")
		return
	}
	status, text := s.ask(r, body)
	var granted grant
	switch {
	case status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden:
		refuse(w, status, forbidden)
	case status != http.StatusOK || json.Unmarshal(text, &granted) != nil || granted.MerchantCode == "":
		refuse(w, http.StatusServiceUnavailable, "The Authorization service does not answer")
	case !strings.HasPrefix(r.URL.Path, "/api/"):
		refuse(w, http.StatusNotFound, "Entity not found")
	default:
		answer(w, http.StatusOK, map[string]any{
			"data": map[string]string{"method": r.Method, "path": r.URL.Path, "merchantCode": granted.MerchantCode, "source": granted.Source},
			"meta": map[string]string{"type": "entity"},
		})
	}
}

// ask gives status 0 when there is no answer.
func (s *Server) ask(r *http.Request, body []byte) (status int, text []byte) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, s.wire.BaseURL+AuthorizePath, bytes.NewReader(body))
	if err != nil {
		return 0, nil
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.wire.Client.Do(req)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		return 0, nil
	}
	return resp.StatusCode, text
}
