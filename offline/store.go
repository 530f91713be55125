package offline

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// PANHash is HMAC-SHA256 of a PAN under the whitelist secret (protocol section 1.4).
type PANHash [sha256.Size]byte

// Store is an open data folder. Make one with Open; Close it.
type Store struct {
	options Options
	lock    *os.File
	db      *sql.DB
	clock   *clock.Clock

	// syncing and uploading are held through a whole Sync or Upload; writing through one transaction. They are taken in
	// this order, and mu last.
	syncing, uploading, writing sync.Mutex

	// Guarded by writing.
	head       chainEnd
	clockSaved time.Time

	mu sync.RWMutex
	// Guarded by mu: what Decide reads instead of the journal.
	closed   bool
	lists    *lists
	refusals map[PANHash]refusal
	pending  int
	day      int64
	perCard  map[PANHash]int
	health   Health
}

// refusal is a card that the server turned away.
type refusal struct {
	code  fault.Code
	until int64
}

// Open takes the data folder, checks the journal and opens the lists in force. Nothing is sent. Errors: invalid_config,
// data_dir_locked, storage_read_only, storage_full, storage_damaged.
func Open(o Options) (*Store, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{options: o, lock: lock, refusals: map[PANHash]refusal{}, perCard: map[PANHash]int{}}
	if err := s.open(); err != nil {
		if s.db != nil {
			_ = s.db.Close()
		}
		_ = unlockDir(lock)
		return nil, err
	}
	return s, nil
}

func (s *Store) open() (err error) {
	var fresh bool
	if s.db, fresh, err = openJournal(s.options.Dir); err != nil {
		return err
	}
	saved, err := savedClock(s.db)
	if err != nil {
		return err
	}
	s.clock = clock.New(s.options.Time, saved)
	if err := s.checkLost(fresh); err != nil {
		return err
	}
	for _, step := range []func() error{s.checkJournal, s.loadMirrors, s.openLists} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Clock is trusted time; the store remembers it over restarts.
func (s *Store) Clock() *clock.Clock { return s.clock }

// HashPAN hashes a PAN of 12–19 ASCII digits.
func (s *Store) HashPAN(pan []byte) (PANHash, error) {
	sum, err := s.options.Whitelist(pan)
	return PANHash(sum), err
}

// loadMirrors reads what Decide asks on every check.
func (s *Store) loadMirrors() error {
	const op = "offline: read journal"
	err := s.db.QueryRow("SELECT count(*) FROM journal WHERE state IN ('waiting', 'sending')").Scan(&s.pending)
	if err != nil {
		return stored(op, err)
	}
	rows, err := s.db.Query("SELECT pan_hash, code, until FROM refusal")
	if err != nil {
		return stored(op, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var hash blobColumn
		var code textColumn
		var until intColumn
		if err := rows.Scan(&hash, &code, &until); err != nil {
			return stored(op, err)
		}
		if len(hash.value) == sha256.Size && !until.bad {
			s.refusals[PANHash(hash.value)] = refusal{code: fault.Code(code.value), until: until.value}
		}
	}
	if err := rows.Err(); err != nil {
		return stored(op, err)
	}
	s.day = dayOf(s.clock.Now())
	s.perCard, err = s.countDay(s.day)
	return err
}

func dayOf(t time.Time) int64 { return t.Unix() / 86_400 }

// countDay counts the entries of a UTC day by card, voided ones not.
func (s *Store) countDay(day int64) (map[PANHash]int, error) {
	const op = "offline: count entries of the day"
	rows, err := s.db.Query("SELECT pan_hash, count(*) FROM journal WHERE occurred_at >= ? AND occurred_at < ? AND state <> 'voided' GROUP BY pan_hash",
		day*86_400, (day+1)*86_400)
	if err != nil {
		return nil, stored(op, err)
	}
	defer func() { _ = rows.Close() }()
	counts := map[PANHash]int{}
	for rows.Next() {
		var hash blobColumn
		var n int
		if err := rows.Scan(&hash, &n); err != nil {
			return nil, stored(op, err)
		}
		if len(hash.value) == sha256.Size {
			counts[PANHash(hash.value)] = n
		}
	}
	return counts, stored(op, rows.Err())
}

func (s *Store) isClosed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.closed
}

func closedFault(op string) error {
	return fault.New(fault.Closed, op, "the store is closed")
}

// Close gives the data folder back. A second Close does nothing. Calls that run meanwhile end with closed. What was acknowledged is
// on disk already, so a full disk is no error here.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if err := saveClock(s.db, s.clock.State()); err != nil {
		s.options.Log.Warn("what was learnt about the time is not kept", "error", err)
	}
	var err error
	if s.lists != nil {
		err = s.lists.close()
	}
	err = errors.Join(err, s.db.Close(), unlockDir(s.lock))
	return stored("offline: close "+filepath.Base(s.options.Dir), err)
}
