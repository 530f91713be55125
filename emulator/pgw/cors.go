package pgw

import (
	"database/sql"
	"net/http"
	"strings"
)

// Web pages may call from the origins that an organisation allows (protocol section 4.8): methods GET, POST and OPTIONS, no cookies.
const (
	corsMethods = "GET, POST, OPTIONS"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key"
)

// preflight answers a browser's question before a call.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request) {
	if !s.allowOrigin(w.Header(), r) {
		s.encode(0, nil, no(http.StatusForbidden, "origin_not_allowed", "this origin is not on the allow-list")).send(w)
		return
	}
	w.Header().Set("Access-Control-Allow-Methods", corsMethods)
	w.Header().Set("Access-Control-Allow-Headers", corsHeaders)
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// allowOrigin names the request's origin in the answer when it may read it: the browser keeps every other page from it.
func (s *Server) allowOrigin(header http.Header, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	header.Add("Vary", "Origin")
	allowed := 0
	err := s.state.Do(func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM pgw_origin WHERE origin = ?1
AND organisation = coalesce((SELECT organisation FROM pgw_intent WHERE id = ?2), organisation)`, origin, intentOf(r.URL.Path)).Scan(&allowed)
	})
	if err != nil || allowed == 0 {
		return false
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", "Idempotent-Replayed, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset")
	return true
}

// intentOf is the PaymentIntent that a path is about, "" for none.
func intentOf(path string) string {
	rest, is := strings.CutPrefix(path, "/v1/payment_intents/")
	if !is {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}
