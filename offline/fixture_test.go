package offline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// testSecret is the whitelist secret of every test.
const testSecret = "whitelist secret of the tests"

var testNoon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// keyed is the MAC under a key of a test.
func keyed(key string) MAC {
	return func(message []byte) (sum [sha256.Size]byte, err error) {
		h := hmac.New(sha256.New, []byte(key))
		_, _ = h.Write(message)
		return [sha256.Size]byte(h.Sum(nil)), nil
	}
}

func testOptions(dir string, source clock.Source) Options {
	return Options{Dir: dir, Time: source, Whitelist: keyed(testSecret), Chain: keyed("chain")}
}

func openStore(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// newStore is a store in a fresh folder whose clock stands at noon.
func newStore(t testing.TB) (*Store, *clock.Fake) {
	t.Helper()
	source := clock.NewFake(testNoon)
	return openStore(t, testOptions(t.TempDir(), source)), source
}

// reopen closes a store and opens its folder again.
func reopen(t testing.TB, s *Store) *Store {
	t.Helper()
	o := s.options
	require.NoError(t, s.Close())
	return openStore(t, o)
}

func hashOf(n int) PANHash { return PANHash(sha256.Sum256(fmt.Append(nil, n))) }

// grant gives out an offline access.
func grant(t testing.TB, s *Store, hash PANHash) Access {
	t.Helper()
	a, err := s.GrantOffline(hash, "", Decision{Allowed: true, Reason: InWhitelist, MaxGuests: 3})
	require.NoError(t, err)
	return a
}

// enter makes offline entries, each of another card, and gives their ids.
func enter(t testing.TB, s *Store, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		a := grant(t, s, hashOf(i))
		_, known, err := s.Confirm(t.Context(), nil, a.ID, 1, 0)
		require.NoError(t, err)
		require.True(t, known)
		ids[i] = a.ID
	}
	return ids
}

// statesOf reads where every journal row stands.
func statesOf(t testing.TB, s *Store) map[string]entryState {
	t.Helper()
	rows, err := s.entriesIn(maxListed, waiting, sending, uploaded, voided, quarantined)
	require.NoError(t, err)
	states := make(map[string]entryState, len(rows))
	for _, row := range rows {
		states[row.id] = row.state
	}
	return states
}

func requireCode(t testing.TB, code fault.Code, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
}

// ServeMACS starts a TLS server and gives a client that trusts it alone.
func ServeMACS(t testing.TB, handler http.Handler) (*macs.Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	// A clock of its own: the store's is moved by tests, and certificates of now must be in date.
	client, err := macs.New(macs.Options{BaseURL: server.URL, TrustedCA: ca})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client, server
}

// ListServer serves the two lists as MACS does: each with its ETag, 304 when the terminal has it.
type ListServer struct {
	mu                   sync.Mutex
	bodies, tags         map[string]string
	full, unchanged, cut int
	// held, if not nil, is where a download of the BIN ranges waits, after it said so on reached.
	held, reached chan struct{}
}

const (
	whitelistPath = "/pos/whitelisted_pans"
	binRangesPath = "/pos/fallback_bin_ranges"
)

// NewListServer serves PANs as a whitelist, and ranges.
func NewListServer(tag string, pans []string, ranges [][2]string) *ListServer {
	l := &ListServer{bodies: map[string]string{}, tags: map[string]string{}}
	l.Set(tag, pans, ranges)
	return l
}

// Set replaces both lists.
func (l *ListServer) Set(tag string, pans []string, ranges [][2]string) {
	hashes := make([][hashBytes]byte, len(pans))
	for i, pan := range pans {
		sum, _ := keyed(testSecret)([]byte(pan))
		hashes[i] = sum
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bodies[whitelistPath], l.bodies[binRangesPath] = string(hashBody(hashes)), rangeBody(ranges)
	l.tags[whitelistPath], l.tags[binRangesPath] = `"w`+tag+`"`, `"b`+tag+`"`
}

// cutNext ends the next download of the BIN ranges in the middle.
func (l *ListServer) cutNext() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = 1
}

func (l *ListServer) counts() (full, unchanged int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full, l.unchanged
}

func (l *ListServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	body, tag, held, reached := l.bodies[r.URL.Path], l.tags[r.URL.Path], l.held, l.reached
	cut := l.cut > 0 && r.URL.Path == binRangesPath
	same := r.Header.Get("If-None-Match") == tag
	switch {
	case cut:
		l.cut--
	case same:
		l.unchanged++
	default:
		l.full++
	}
	l.mu.Unlock()
	if held != nil && r.URL.Path == binRangesPath {
		close(reached)
		select {
		case <-held:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("ETag", tag)
	switch {
	case cut:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write([]byte(body[:len(body)/2]))
		_ = http.NewResponseController(w).Flush() // else the answer never begins, and the connection is tried again
		panic(http.ErrAbortHandler)
	case same:
		w.WriteHeader(http.StatusNotModified)
	default:
		_, _ = w.Write([]byte(body))
	}
}

// reportServer takes offline reports. refuse tells what is wrong with a row, "" when nothing is; whole refuses a batch that
// holds such a row with HTTP 422 instead.
type reportServer struct {
	mu      sync.Mutex
	refuse  func(entryID string) string
	whole   bool
	lose    int // so many answers get lost after the rows were taken
	entries map[string]int
	batches []int
}

func (s *reportServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Entries []struct {
			EntryID string `json:"entryId"`
		} `json:"entries"`
	}
	if !strings.HasSuffix(r.URL.Path, "/offline_reports") || json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, len(body.Entries))
	rejected := []map[string]string{}
	for _, e := range body.Entries {
		if s.refuse != nil && s.refuse(e.EntryID) != "" {
			rejected = append(rejected, map[string]string{"entryId": e.EntryID, "errorCode": s.refuse(e.EntryID), "message": "no"})
		}
	}
	if s.whole && len(rejected) > 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(map[string]string{"errorCode": "INVALID_ROW", "message": "no"})
		return
	}
	for _, e := range body.Entries {
		if s.refuse == nil || s.refuse(e.EntryID) == "" {
			s.entries[e.EntryID]++
		}
	}
	if s.lose > 0 {
		s.lose--
		panic(http.ErrAbortHandler)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"accepted": len(body.Entries) - len(rejected), "duplicates": 0, "rejected": rejected})
}

func newReportServer() *reportServer { return &reportServer{entries: map[string]int{}} }

func (s *reportServer) taken() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := make(map[string]int, len(s.entries))
	for id, n := range s.entries {
		taken[id] = n
	}
	return taken
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}
