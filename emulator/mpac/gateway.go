package mpac

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/smartpos-go/terminal/emulator/state"
)

// gateway stands before the services (protocol section 2.1): limit, token, headers, routes.
type gateway struct {
	clock    *state.Clock
	settings *board
	limiter  *limiter
	verifier *verifier
	rules    []rule
}

// rule sends a path to its service. path fits itself and all below it; a segment {id} fits any.
type rule struct {
	path    string
	service service
	// free needs no token.
	free bool
	// scope is what a device's token must hold.
	scope string
}

// service is what stands behind the gateway. path is public and without the prefix.
type service func(w http.ResponseWriter, r request, path string) error

// table is the routing table; the first rule that fits counts.
func table(portal, smarttab, channel service) []rule {
	return []rule{
		{path: pathToken, service: portal, free: true},
		{path: "/jwks", service: portal, free: true},
		{path: pathGenerate, service: portal, free: true},
		{path: pathActivation, service: portal, free: true},
		{path: "/auth", service: portal, free: true}, // whoever signs in has no token yet
		{path: "/device", service: portal},
		{path: "/merchants", service: portal},
		{path: "/psps", service: portal},
		{path: "/stores", service: portal},
		{path: "/terminals", service: portal},
		{path: "/users", service: portal},
		{path: "/orders", service: smarttab, scope: scopeOrder},
		{path: "/bills", service: smarttab, scope: scopeBill},
		{path: "/payments/{id}/refund", service: smarttab, scope: scopeRefund},
		{path: "/payments", service: smarttab, scope: scopePayment},
		{path: "/customers", service: smarttab, scope: scopeOrder},
		{path: pathSocket, service: channel},
	}
}

// ServeHTTP lets a request through to its service.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, prefix) // conflict C3: the short forms work too
	if err := g.serve(w, r, path); err != nil {
		if limited, ok := err.(*refusal); ok && path == pathToken && limited.retryAfter > 0 { //nolint:errorlint // made below, not wrapped.
			answerLimited(w, limited)
			return
		}
		answerError(w, err)
	}
}

func (g *gateway) serve(w http.ResponseWriter, r *http.Request, path string) error {
	address, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		address = r.RemoteAddr
	}
	if err := g.limit("ip " + address); err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return no(http.StatusBadRequest, "invalid_request", "the body could not be read")
	}
	found, ok := g.rule(path)
	if !ok {
		return errNotFound
	}
	inner := r.Clone(r.Context())
	inner.Body = io.NopCloser(bytes.NewReader(body))
	strip(inner.Header)
	if !found.free {
		who, err := g.verifier.bearer(r.Header.Get("Authorization"))
		if err != nil {
			return err
		}
		if err := g.limit(who.kind + " " + who.id); err != nil {
			return err
		}
		if !who.may(found.scope) {
			return errScope
		}
		who.inject(inner.Header)
	}
	return found.service(w, request{Request: inner, body: body}, path)
}

// limit counts a request of a user or an address.
func (g *gateway) limit(key string) error {
	if wait := g.limiter.take(key, g.clock.Now(), g.settings.get().RatePerMinute); wait > 0 {
		r := no(http.StatusTooManyRequests, "rate_limited", "too many requests; wait as long as Retry-After says")
		r.retryAfter = wait
		return r
	}
	return nil
}

// answerLimited is 429 of the token endpoint, in its form.
func answerLimited(w http.ResponseWriter, r *refusal) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", strconv.Itoa(r.retryAfter))
	answerError(w, &oauthError{r.status, r.code, r.message})
}

func (g *gateway) rule(path string) (rule, bool) {
	for _, candidate := range g.rules {
		head := path
		if depth := strings.Count(candidate.path, "/"); strings.Count(path, "/") > depth {
			head = "/" + strings.Join(strings.SplitN(path, "/", depth+2)[1:depth+1], "/")
		}
		if _, fits := match(candidate.path, head); fits {
			return candidate, true
		}
	}
	return rule{}, false
}

// serveRoutes makes a service of a list of calls.
func serveRoutes(routes []route) service {
	return func(w http.ResponseWriter, r request, path string) error {
		found, id, err := find(routes, r.Method, path)
		if err != nil {
			return err
		}
		r.id = id
		return found.handle(w, r)
	}
}
