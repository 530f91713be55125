package pgw

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// keyLife is how long the gateway remembers the answer to a key (FACT, protocol section 4.7).
const keyLife = 24 * time.Hour

var keyText = regexp.MustCompile(`^[\x21-\x7e]{1,100}$`)

var (
	errKey         = no(http.StatusBadRequest, "invalid_request", "an Idempotency-Key has 1 to 100 printable ASCII characters")
	errKeyConflict = no(http.StatusConflict, "idempotency_conflict", "this Idempotency-Key was used with another body")
	errKeyRunning  = no(http.StatusConflict, "idempotency_in_progress", "a request with this Idempotency-Key is under way")
)

// running are the keys of requests that are under way.
type running struct {
	mu   sync.Mutex
	keys map[string]bool
}

// begin gives the idempotency key of a POST, "" for none, and holds it until release is called.
func (s *Server) begin(route route, c *call) (key string, release func(), err error) {
	key = c.r.Header.Get("Idempotency-Key")
	if key == "" || route.method != http.MethodPost || route.auth == open {
		return "", func() {}, nil
	}
	if !keyText.MatchString(key) {
		return "", nil, errKey
	}
	claimed, _, _ := strings.Cut(c.r.Header.Get("Authorization"), ":")
	name := claimed + "\n" + c.r.URL.Path + "\n" + key
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	if s.running.keys[name] {
		return "", nil, errKeyRunning
	}
	if s.running.keys == nil {
		s.running.keys = map[string]bool{}
	}
	s.running.keys[name] = true
	return key, func() {
		s.running.mu.Lock()
		defer s.running.mu.Unlock()
		delete(s.running.keys, name)
	}, nil
}

// once gives the answer that a key of this caller and path has already, or makes it and keeps it. Answers from 500 on are not kept.
// The answer to create holds a payment token, of which only the hash may be stored: what is kept is sealed with the request's own
// key and body, which only their sender has.
func (s *Server) once(route route, c *call, key string) (reply, error) {
	scope, name, body := c.client.apiKey+" "+c.r.URL.Path, sha256.Sum256([]byte(key)), sha256.Sum256(c.body)
	now := s.now()
	if _, err := c.tx.Exec("DELETE FROM pgw_idempotency WHERE at <= ?", now.Add(-keyLife).UnixMilli()); err != nil {
		return reply{}, err
	}
	var had, sealed []byte
	var kept reply
	err := c.tx.QueryRow("SELECT body_hash, status, answer FROM pgw_idempotency WHERE scope = ? AND key_hash = ?", scope, name[:]).Scan(&had, &kept.status, &sealed)
	switch {
	case err == nil && subtle.ConstantTimeCompare(had, body[:]) != 1:
		return s.refuse(errKeyConflict)
	case err == nil:
		c.header.Set("Idempotent-Replayed", "true")
		kept.text, err = unseal(sealKey(key, c.body), sealed)
		return kept, err
	case !errors.Is(err, sql.ErrNoRows):
		return reply{}, err
	}
	answer, err := s.handle(route, c)
	if err != nil || answer.status >= http.StatusInternalServerError {
		return answer, err
	}
	if sealed, err = s.seal(sealKey(key, c.body), answer.text); err != nil {
		return reply{}, err
	}
	_, err = c.tx.Exec("INSERT INTO pgw_idempotency(scope, key_hash, body_hash, status, answer, at) VALUES(?,?,?,?,?,?)",
		scope, name[:], body[:], answer.status, sealed, now.UnixMilli())
	return answer, err
}

func sealKey(key string, body []byte) []byte {
	sum := sha256.Sum256(append([]byte(key+"\n"), body...))
	return sum[:]
}

func (s *Server) seal(key, text []byte) ([]byte, error) {
	box, err := newBox(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	if _, err := io.ReadFull(s.state.Rand, nonce); err != nil {
		return nil, fmt.Errorf("emulator: keep answer: %w", err)
	}
	return box.Seal(nonce, nonce, text, nil), nil
}

func unseal(key, sealed []byte) ([]byte, error) {
	box, err := newBox(key)
	if err != nil || len(sealed) < box.NonceSize() {
		return nil, errors.Join(err, errors.New("emulator: kept answer is too short"))
	}
	return box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], nil)
}

func newBox(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
