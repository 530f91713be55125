package mpac

import (
	"net/http"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

// portal is svc-portal: activation, tokens, key sets (protocol sections 2.2 to 2.4). It trusts the headers that the gateway
// injected.
type portal struct {
	state    *state.State
	clock    *state.Clock
	settings *board
	keys     *keyring
	address  *address
	routes   []route
}

func newPortal(st *state.State, clock *state.Clock, settings *board, at *address) *portal {
	p := &portal{state: st, clock: clock, settings: settings, address: at}
	p.keys = &keyring{state: st, clock: clock, sets: map[string][]signingKey{}}
	p.routes = []route{
		{http.MethodPost, pathToken, p.token},
		{http.MethodGet, pathJWKS + "{id}", p.jwks},
		{http.MethodPost, pathGenerate, p.generate},
		{http.MethodGet, pathActivation, p.activation},
		{http.MethodPost, pathActivate, p.activate},
	}
	return p
}

// address is where the world can be reached: what an assertion's aud may name.
type address struct {
	mu    sync.Mutex
	bases []string
}

// issuer is the configured audience of client assertions; the env file names it.
func issuer(base string) string { return base + "/issuer" }

func (a *address) set(bases []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bases = bases
}

// base is the first base URL.
func (a *address) base() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bases[0]
}

// audiences are issuer, token endpoint and base URL under each name that the listener's certificate has.
func (a *address) audiences() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []string
	for _, base := range a.bases {
		all = append(all, issuer(base), base+prefix+pathToken, base)
	}
	return all
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
