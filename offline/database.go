package offline

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"github.com/smartpos-go/terminal/fault"
)

// journalFile is the one database that is written all the time.
const journalFile = "journal.db"

// schema of the journal. Times are Unix seconds of trusted time. A row of journal is immutable but for state, state_at, note
// and state_mac. Neither its states nor its days have an index: each would be one more page in every commit, for questions that
// are asked once a day or read every row anyway.
const schema = `
CREATE TABLE IF NOT EXISTS setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_check(pan_hash BLOB PRIMARY KEY, request_id TEXT NOT NULL, started_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refusal(pan_hash BLOB PRIMARY KEY, code TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS access(
  id TEXT PRIMARY KEY, mode TEXT NOT NULL, pan_hash BLOB NOT NULL, max_guests INTEGER NOT NULL, expires_at INTEGER NOT NULL,
  reason TEXT NOT NULL, request_id TEXT NOT NULL, state TEXT NOT NULL, guests INTEGER NOT NULL, note TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS access_state ON access(state) WHERE state IN ('asking', 'quarantined');
CREATE TABLE IF NOT EXISTS journal(
  seq INTEGER PRIMARY KEY, entry_id TEXT NOT NULL UNIQUE, pan_hash BLOB NOT NULL, guests INTEGER NOT NULL, reason TEXT NOT NULL,
  occurred_at INTEGER NOT NULL, request_id TEXT NOT NULL, prev BLOB NOT NULL, mac BLOB NOT NULL,
  state TEXT NOT NULL, state_at INTEGER NOT NULL, note TEXT NOT NULL, state_mac BLOB NOT NULL
);
`

// connector opens the journal; a pragma that no data source name carries is set on every connection. Statements stay prepared:
// compiling those of an entry took longer than running them. The lock is held as long as the folder's, and there is one
// connection with one user at a time: taking locks for each transaction guards nothing.
type connector struct{ dsn string }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	return c.Driver().Open(c.dsn) //nolint:wrapcheck // mapped by stored.
}

func (c connector) Driver() driver.Driver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		// A WAL of 100 pages is written over and over: an append that does not grow the file needs one fdatasync less.
		_, err := conn.Exec("PRAGMA wal_autocheckpoint=100; PRAGMA temp_store=MEMORY", nil)
		return err //nolint:wrapcheck // mapped by stored.
	}}
}

// openJournal opens the journal of a data folder; fresh says that there was none.
func openJournal(dir string) (db *sql.DB, fresh bool, err error) {
	// SQLite would make it readable by all, and gives its own files beside it the mode of this one.
	file, err := os.OpenFile(filepath.Join(dir, journalFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, stored("offline: open journal", err)
	}
	info, err := file.Stat()
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, false, stored("offline: open journal", err)
	}
	fresh = info.Size() == 0
	path := (&url.URL{Scheme: "file", Path: filepath.Join(dir, journalFile)}).String()
	db = sql.OpenDB(connector{path + "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_stmt_cache_size=32&_locking_mode=EXCLUSIVE&_mutex=no"})
	db.SetMaxOpenConns(1)
	var problem string
	err = db.QueryRow("PRAGMA quick_check(1)").Scan(&problem)
	if err == nil && problem != "ok" {
		err = sqlite3.Error{Code: sqlite3.ErrCorrupt}
	}
	if err == nil {
		_, err = db.Exec(schema)
	}
	if err != nil {
		_ = db.Close()
		return nil, false, stored("offline: open journal", err)
	}
	return db, fresh, nil
}

// stored gives a storage error its fault: storage_full, storage_read_only, storage_damaged, else internal.
func stored(op string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Fault
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if strings.Contains(err.Error(), "sql: database is closed") { // database/sql exports no value for it
		return closedFault(op)
	}
	code := fault.Internal
	var lite sqlite3.Error
	var errno syscall.Errno
	switch {
	case errors.As(err, &lite):
		code = sqliteFault(lite)
	case errors.As(err, &errno):
		code = errnoFault(errno)
	case errors.Is(err, fs.ErrPermission):
		code = fault.StorageReadOnly
	}
	return fault.Wrap(code, op, err)
}

func sqliteFault(err sqlite3.Error) fault.Code {
	switch err.Code { //nolint:exhaustive // what follows is for the rest.
	case sqlite3.ErrFull:
		return fault.StorageFull
	case sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrCantOpen, sqlite3.ErrAuth:
		return fault.StorageReadOnly
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB, sqlite3.ErrFormat:
		return fault.StorageDamaged
	}
	if err.SystemErrno != 0 {
		return errnoFault(err.SystemErrno)
	}
	return fault.Internal
}

func errnoFault(errno syscall.Errno) fault.Code {
	switch errno {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
		return fault.StorageFull
	case syscall.EROFS, syscall.EACCES, syscall.EPERM:
		return fault.StorageReadOnly
	case syscall.EIO:
		return fault.StorageDamaged
	default:
		return fault.Internal
	}
}

func isNoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }
