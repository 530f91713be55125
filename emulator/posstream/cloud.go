package posstream

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

// offlineLife is how long a POS lets a client in without the cloud, from the last time that the cloud let it in.
const offlineLife = 30 * 24 * time.Hour

// Integrator adds an integrator to the cloud, or changes the secret of one.
func (s *Server) Integrator(keyID, secret string) error {
	if keyID == "" || secret == "" || len(keyID) > 256 || len(secret) > 4096 {
		return fmt.Errorf("%w: keyId and secretKey are needed", ErrBad)
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("emulator: posstream: %w", err)
	}
	hash, err := salted(salt, secret)
	if err != nil {
		return err
	}
	return s.state.Do(func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO posstream_integrator(key_id, salt, secret_hash) VALUES(?, ?, ?)
			ON CONFLICT(key_id) DO UPDATE SET salt = excluded.salt, secret_hash = excluded.secret_hash`, keyID, salt, hash)
		return err
	})
}

// Cloud plugs the cloud in or out.
func (s *Server) Cloud(online bool) { s.offline.Store(!online) }

// Online reports whether the cloud is plugged in.
func (s *Server) Online() bool { return !s.offline.Load() }

// salted is the only form in which a secret is kept.
func salted(salt []byte, secret string) ([]byte, error) {
	hash, err := pbkdf2.Key(sha256.New, secret, salt, 4096, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("emulator: posstream: %w", err)
	}
	return hash, nil
}

func matches(salt, hash []byte, secret string) bool {
	given, err := salted(salt, secret)
	return err == nil && subtle.ConstantTimeCompare(given, hash) == 1
}

// admits decides whether a client application is the integrator it says it is: by the cloud, or without it by what the cloud said
// to this POS within 30 days.
func (s *Server) admits(pos, keyID, secret string) (ok bool, err error) {
	now, err := s.passing.now(s.clock, s.state)
	if err != nil {
		return false, err
	}
	err = s.state.Do(func(tx *sql.Tx) error {
		if s.offline.Load() {
			ok, err = admitsOffline(tx, pos, keyID, secret, now)
		} else {
			ok, err = admitsOnline(tx, pos, keyID, secret, now)
		}
		return err
	})
	return ok, err
}

func admitsOnline(tx *sql.Tx, pos, keyID, secret string, now time.Time) (bool, error) {
	var salt, hash []byte
	err := tx.QueryRow("SELECT salt, secret_hash FROM posstream_integrator WHERE key_id = ?", keyID).Scan(&salt, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	key := sha256.Sum256([]byte(keyID))
	if err != nil || !matches(salt, hash, secret) {
		// A secret that the cloud does not take any more opens nothing offline either.
		known, err := cached(tx, pos, key[:], secret)
		if err == nil && known != nil {
			_, err = tx.Exec("DELETE FROM posstream_validation WHERE pos = ? AND key_hash = ?", pos, key[:])
		}
		return false, err
	}
	fresh := make([]byte, 16)
	if _, err := rand.Read(fresh); err != nil {
		return false, err
	}
	if hash, err = salted(fresh, secret); err != nil {
		return false, err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO posstream_validation(pos, key_hash, salt, secret_hash, last_online) VALUES(?, ?, ?, ?, ?)",
		pos, key[:], fresh, hash, now.Unix())
	return true, err
}

func admitsOffline(tx *sql.Tx, pos, keyID, secret string, now time.Time) (bool, error) {
	key := sha256.Sum256([]byte(keyID))
	last, err := cached(tx, pos, key[:], secret)
	return err == nil && last != nil && now.Sub(*last) <= offlineLife, err
}

// cached is when the cloud last let this client in at this POS, nil for never or with another secret.
func cached(tx *sql.Tx, pos string, key []byte, secret string) (*time.Time, error) {
	var salt, hash []byte
	var at int64
	err := tx.QueryRow("SELECT salt, secret_hash, last_online FROM posstream_validation WHERE pos = ? AND key_hash = ?", pos, key).Scan(&salt, &hash, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case !matches(salt, hash, secret):
		return nil, nil
	}
	last := time.Unix(at, 0)
	return &last, nil
}

// passing is time that does not go back: the server's clock, or the latest time it ever showed and what has passed since.
type passing struct {
	mu   sync.Mutex
	high time.Time
	at   time.Time // on the machine's monotonic clock
}

const highWater = "posstream.highWater"

func (p *passing) now(clock *state.Clock, st *state.State) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() {
		text, err := st.Value(highWater)
		if err != nil {
			return time.Time{}, err
		}
		seconds, _ := strconv.ParseInt(text, 10, 64) // none before the first time
		p.high, p.at = time.Unix(seconds, 0), time.Now()
	}
	now, passed := clock.Now(), p.high.Add(time.Since(p.at))
	if passed.After(now) {
		now = passed
	}
	p.high, p.at = now, time.Now()
	return now, st.SetValue(highWater, strconv.FormatInt(now.Unix(), 10))
}
