// Package macs is a strict MACS (protocol section 1): pairing, RS256 JWT on every request, check, confirm, lists and offline
// reports, with test cards in the manner of card schemes. It verifies with the standard library and shares no code with the
// library's client. A Server is safe for concurrent use; what it answered is on disk.
package macs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

const schema = `
CREATE TABLE IF NOT EXISTS terminal(
  sn TEXT PRIMARY KEY, location TEXT NOT NULL, public_key BLOB, paired_at TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '', code_expires INTEGER NOT NULL DEFAULT 0, code_tries INTEGER NOT NULL DEFAULT 0,
  ranges TEXT NOT NULL DEFAULT '[]', ranges_at TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS access(
  id TEXT PRIMARY KEY, sn TEXT NOT NULL, card TEXT NOT NULL, max_guests INTEGER NOT NULL, request_id TEXT NOT NULL,
  held_until INTEGER NOT NULL, guests INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS access_card ON access(card, held_until);
CREATE INDEX IF NOT EXISTS access_request ON access(sn, request_id) WHERE request_id <> '';
CREATE TABLE IF NOT EXISTS first_try(sn TEXT, card TEXT, request_id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(sn, card)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry(
  seq INTEGER PRIMARY KEY, entry_id TEXT NOT NULL, sn TEXT NOT NULL, access_id TEXT NOT NULL, mode TEXT NOT NULL, guests INTEGER NOT NULL,
  reason TEXT NOT NULL, occurred_at TEXT NOT NULL, received_at TEXT NOT NULL, UNIQUE(entry_id, sn)
);
`

// Server is the emulated MACS.
type Server struct {
	state  *state.State
	clock  *state.Clock
	secret string
	routes map[string]route
	// listMu guards the whitelist file's replacement.
	listMu    sync.RWMutex
	whitelist whitelistFile
}

// route is one call; handle gets the serial number that signed it, "" for pair.
type route struct {
	method string
	open   bool
	handle func(w http.ResponseWriter, r *http.Request, sn string, body []byte) error
}

// New reads the state, or begins it.
func New(st *state.State, clock *state.Clock) (*Server, error) {
	secret, err := st.Secret("macs.whitelistSecret")
	if err != nil {
		return nil, err
	}
	if err := st.Schema(schema); err != nil {
		return nil, err
	}
	s := &Server{state: st, clock: clock, secret: secret}
	s.routes = map[string]route{
		"/pos/pair":                {http.MethodPost, true, s.pair},
		"/pos/check_entry":         {http.MethodPost, false, s.checkEntry},
		"/post/check_entry":        {http.MethodPost, false, s.checkEntry}, // as the vendor's page prints it once
		"/pos/confirm_entry":       {http.MethodPost, false, s.confirmEntry},
		"/pos/offline_reports":     {http.MethodPost, false, s.offlineReports},
		"/pos/fallback_bin_ranges": {http.MethodGet, false, s.binRanges},
		"/pos/whitelisted_pans":    {http.MethodGet, false, s.whitelistedPANs},
	}
	return s, s.openWhitelist()
}

// WhitelistSecret is the key of the PAN hashes.
func (s *Server) WhitelistSecret() string { return s.secret }

// ServeHTTP answers a POS.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		answerError(w, err)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) error {
	route, known := s.routes[r.URL.Path]
	switch {
	case !known:
		return no(http.StatusNotFound, "NOT_FOUND", "no such path")
	case route.method != r.Method:
		w.Header().Set("Allow", route.method)
		return no(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "this path takes "+route.method)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return no(http.StatusBadRequest, "INVALID_REQUEST", "the body could not be read")
	}
	sn := ""
	if !route.open {
		if sn, err = s.authorize(r.Header.Get("Authorization")); err != nil {
			return err
		}
	}
	return route.handle(w, r, sn, body)
}

// hashPAN is the PAN hash of protocol section 1.4; the emulator stores no PAN either.
func (s *Server) hashPAN(pan string) string {
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write([]byte(pan))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Server) now() time.Time { return s.clock.Now() }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
