// Package pgw is a strict mpac-pgw (protocol sections 4 and 5): signed requests, PaymentIntents, payment tokens, idempotency, rate
// limits and CORS, with simulated providers behind it that send webhooks, and the receiver of these with retries, dead
// letters and an event feed. It verifies with the standard library and shares no code with the library's clients.
//
// A Server is safe for concurrent use. What it answered is on disk, and what was to be done later goes on after a restart.
package pgw

import (
	"database/sql"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

// Server is the emulated gateway.
type Server struct {
	state   *state.State
	clock   *state.Clock
	secrets map[string]string // of providers' webhooks, by key
	origin  client            // the client of the env file
	secret  string            // its secret key
	limits  limiter
	running running
	// wake tells the worker that something is due.
	wake chan struct{}

	mu       sync.Mutex
	settings Settings
}

// New reads the state, or begins it with one organisation, its merchant and its key.
func New(st *state.State, clock *state.Clock) (*Server, error) {
	if err := st.Schema(schema); err != nil {
		return nil, err
	}
	s := &Server{state: st, clock: clock, secrets: map[string]string{}, wake: make(chan struct{}, 1)}
	for _, p := range providers {
		secret, err := st.Secret("pgw.webhook." + p.key)
		if err != nil {
			return nil, err
		}
		s.secrets[p.key] = "whsec_" + secret
	}
	if err := s.readSettings(); err != nil {
		return nil, err
	}
	return s, s.openFirst()
}

func (s *Server) now() time.Time { return s.clock.Now() }

// call is one request on its way through.
type call struct {
	tx     *sql.Tx
	r      *http.Request
	body   []byte
	id     string // the {id} of the path
	client client // who signed
	intent intent // whose token it carries
	header http.Header
}

// auth is who may make a call.
type auth int

const (
	open   auth = iota // anybody
	signed             // a merchant's server
	tokened
)

type route struct {
	method, path string // a part "{id}" takes any text
	auth         auth
	handle       func(s *Server, c *call) (status int, value any, err error)
}

// routes are the endpoints of protocol section 4.2.
var routes = []route{
	{http.MethodGet, "/health", open, (*Server).health},
	{http.MethodPost, "/v1/payment_intents", signed, (*Server).create},
	{http.MethodGet, "/v1/payment_intents", signed, (*Server).list},
	{http.MethodGet, "/v1/payment_intents/{id}", tokened, (*Server).retrieve},
	{http.MethodPost, "/v1/payment_intents/{id}/confirm", tokened, (*Server).confirm},
	{http.MethodPost, "/v1/payment_intents/{id}/cancel", tokened, (*Server).cancel},
	{http.MethodPost, "/v1/payment_intents/{id}/capture", signed, (*Server).capture},
	{http.MethodGet, "/v1/payment_intents/{id}/transactions", tokened, (*Server).transactions},
	{http.MethodGet, "/v1/transactions/{id}", signed, (*Server).transaction},
	{http.MethodPost, "/v1/sync/merchants", signed, (*Server).syncMerchants},
	{http.MethodPost, "/v1/webhooks/{id}", open, (*Server).webhook},
}

// match finds the route of a request; allowed are the methods its path has.
func match(r *http.Request) (found route, id string, allowed []string) {
	parts := strings.Split(r.URL.Path, "/")
	for _, candidate := range routes {
		pattern := strings.Split(candidate.path, "/")
		if len(pattern) != len(parts) {
			continue
		}
		fits, given := true, ""
		for i, p := range pattern {
			if p == "{id}" && parts[i] != "" {
				given = parts[i]
			} else if p != parts[i] {
				fits = false
			}
		}
		if !fits {
			continue
		}
		allowed = append(allowed, candidate.method)
		if candidate.method == r.Method {
			found, id = candidate, given
		}
	}
	return found, id, allowed
}

// ServeHTTP answers a merchant's server, a terminal, a payment page or a provider.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		s.preflight(w, r)
		return
	}
	s.allowOrigin(w.Header(), r)
	s.serve(w.Header(), r).send(w)
}

func (s *Server) serve(header http.Header, r *http.Request) reply {
	route, id, allowed := match(r)
	switch {
	case len(allowed) == 0:
		return s.encode(0, nil, no(http.StatusNotFound, "not_found", "no such path"))
	case route.handle == nil:
		header.Set("Allow", strings.Join(append(allowed, http.MethodOptions), ", "))
		return s.encode(0, nil, no(http.StatusMethodNotAllowed, "method_not_allowed", "this path takes "+strings.Join(allowed, ", ")))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return s.encode(0, nil, errJSON)
	}
	c := &call{r: r, body: body, id: id, header: header}
	key, release, err := s.begin(route, c)
	if err != nil {
		return s.encode(0, nil, err)
	}
	defer release()
	var answer reply
	err = s.state.Do(func(tx *sql.Tx) (err error) {
		c.tx = tx
		answer, err = s.answer(route, c, key)
		return err
	})
	if err != nil {
		return s.encode(0, nil, err)
	}
	return answer
}

// answer does everything of a call in one transaction. A refusal is an answer: what was noted before it stays.
func (s *Server) answer(route route, c *call, key string) (reply, error) {
	if err := s.admit(route, c); err != nil {
		return s.refuse(err)
	}
	if key == "" {
		return s.handle(route, c)
	}
	return s.once(route, c, key)
}

func (s *Server) handle(route route, c *call) (reply, error) {
	status, value, err := route.handle(s, c)
	if err != nil {
		return s.refuse(err)
	}
	return s.encode(status, value, nil), nil
}

// refuse makes an answer of a refusal, and leaves an error of the emulator itself as one, which undoes the transaction.
func (s *Server) refuse(err error) (reply, error) {
	if _, is := err.(*refusal); is { //nolint:errorlint // handlers give refusals bare.
		return s.encode(0, nil, err), nil
	}
	return reply{}, err
}

// admit says who calls, and counts.
func (s *Server) admit(route route, c *call) error {
	limit := s.current().RatePerMinute
	if err := s.limits.take(c.header, "", s.now(), 10*limit); err != nil {
		return err
	}
	var err error
	switch route.auth {
	case open:
		return nil
	case signed:
		c.client, err = s.authenticate(c)
		if err == nil {
			err = s.limits.take(c.header, c.client.merchantID, s.now(), limit)
		}
	case tokened:
		if err = s.byToken(route, c); err == nil {
			err = s.limits.take(c.header, c.intent.merchantID, s.now(), limit)
		}
	}
	return err
}

func (s *Server) health(*call) (int, any, error) {
	return http.StatusOK, map[string]string{"status": "ok"}, nil
}
