// Package state is the emulator's memory: one SQLite database in a folder, locked against a second server, and the virtual
// clock that every rule follows. Everything is safe for concurrent use.
package state

import (
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	_ "github.com/mattn/go-sqlite3" // the driver
)

// State is an open state folder.
type State struct {
	// Rand is where secrets and codes come from. It is not changed once the state is in use.
	Rand      io.Reader
	dir       string
	temporary bool
	lock      *os.File
	db        *sql.DB
	mu        sync.Mutex
}

// Open takes a folder, of mode 0700; "" makes a temporary one that Close removes. A folder that another server has is an error.
func Open(dir string) (s *State, err error) {
	s = &State{Rand: rand.Reader}
	durable := "FULL"
	if dir != "" { // a relative path in a file URL would be read as its host
		if s.dir, err = filepath.Abs(dir); err != nil {
			return nil, fmt.Errorf("emulator: state: %w", err)
		}
	} else {
		if s.dir, err = os.MkdirTemp("", "posemu-"); err != nil {
			return nil, fmt.Errorf("emulator: state: %w", err)
		}
		s.temporary, durable = true, "OFF"
	}
	if err := s.take(); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("emulator: state: %w", err), s.Close())
	}
	path := (&url.URL{Scheme: "file", Path: filepath.Join(s.dir, "state.db")}).String()
	s.db, err = sql.Open("sqlite3", path+"?_journal_mode=WAL&_synchronous="+durable+"&_txlock=immediate")
	if err == nil {
		s.db.SetMaxOpenConns(1)
		_, err = s.db.Exec("CREATE TABLE IF NOT EXISTS value(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("emulator: state: %w", err), s.Close())
	}
	return s, nil
}

func (s *State) take() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("emulator: state: %w", err)
	}
	if err := os.Chmod(s.dir, 0o700); err != nil { //nolint:gosec // a folder needs its x bit.
		return fmt.Errorf("emulator: state: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(s.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("emulator: state: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return fmt.Errorf("emulator: state: another server uses %s, stop it or take another folder: %w", s.dir, err)
	}
	s.lock = lock
	return nil
}

// prepare removes what a killed server left and makes the database private: it holds the admin token, and SQLite gives its
// journals the mode of the database.
func (s *State) prepare() error {
	if err := sweep(s.dir); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(s.dir, "state.db"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(0o600), file.Close())
}

// Dir is the folder.
func (s *State) Dir() string { return s.dir }

// Schema makes tables.
func (s *State) Schema(statements string) error {
	if _, err := s.db.Exec(statements); err != nil {
		return fmt.Errorf("emulator: schema: %w", err)
	}
	return nil
}

// Do runs one transaction; what it did is on disk when it returns nil.
func (s *State) Do(fn func(*sql.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.db.Begin()
	if err != nil {
		return fmt.Errorf("emulator: state: %w", err)
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("emulator: state: %w", err)
	}
	return nil
}

// Value reads a value, "" when there is none.
func (s *State) Value(key string) (string, error) {
	var value string
	err := s.db.QueryRow("SELECT value FROM value WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetValue stores a value.
func (s *State) SetValue(key, value string) error {
	return s.Do(func(tx *sql.Tx) error { return SetValue(tx, key, value) })
}

// SetValue stores a value within a transaction.
func SetValue(tx *sql.Tx, key, value string) error {
	_, err := tx.Exec("INSERT INTO value(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// Secret reads a random secret of 43 characters, made at its first use.
func (s *State) Secret(key string) (string, error) {
	value, err := s.Value(key)
	if err != nil || value != "" {
		return value, err
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(s.Rand, secret); err != nil {
		return "", fmt.Errorf("emulator: secret: %w", err)
	}
	value = base64.RawURLEncoding.EncodeToString(secret)
	return value, s.SetValue(key, value)
}

// Close gives the folder back.
func (s *State) Close() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	err = errors.Join(err, syscall.Flock(int(s.lock.Fd()), syscall.LOCK_UN), s.lock.Close())
	if s.temporary {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
