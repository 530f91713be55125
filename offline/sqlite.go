package offline

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/atomicfile"
)

// Data source parameters of a list file. While it is built nobody reads it and an error removes it, so nothing is journalled
// or synced before the end. Afterwards it never changes. Without mmap: a cold check would read 8 MiB ahead, and a flash error
// would kill the process.
const (
	buildDSN = "mode=rw&_mutex=no&_journal_mode=OFF&_synchronous=OFF&_locking_mode=EXCLUSIVE&_cache_size=-2000"
	readDSN  = "mode=ro&immutable=1&_mutex=no&_cache_size=-2000"
)

// listConn is a connection to a list file over the driver itself: database/sql costs a lookup ten allocations and more time
// than the search. Not safe for concurrent use.
type listConn struct{ conn *sqlite3.SQLiteConn }

func openList(path, params string) (*listConn, error) {
	// An opaque path: with a host part SQLite would refuse a relative one.
	dsn := &url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: params}
	conn, err := (&sqlite3.SQLiteDriver{}).Open(dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	lite, ok := conn.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("open: unknown connection %T", conn), conn.Close())
	}
	list := &listConn{lite}
	if err := list.run("PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY"); err != nil {
		return nil, errors.Join(err, list.close())
	}
	return list, nil
}

// run executes statements without parameters.
func (c *listConn) run(statements string) error {
	if _, err := c.conn.Exec(statements, nil); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

func (c *listConn) close() error {
	if err := c.conn.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

func (c *listConn) prepare(text string) (*statement, error) {
	prepared, err := c.conn.Prepare(text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	lite, ok := prepared.(*sqlite3.SQLiteStmt)
	if !ok {
		return nil, errors.Join(fmt.Errorf("prepare: unknown statement %T", prepared), prepared.Close())
	}
	return &statement{stmt: lite, args: make([]driver.NamedValue, lite.NumInput())}, nil
}

// statement is a prepared statement. Its context is never cancelled: one that can be costs a lookup 3 to 4 µs.
type statement struct {
	stmt *sqlite3.SQLiteStmt
	args []driver.NamedValue
}

func (s *statement) bind(values []driver.Value) []driver.NamedValue {
	for i, value := range values {
		s.args[i] = driver.NamedValue{Ordinal: i + 1, Value: value}
	}
	return s.args
}

func (s *statement) exec(values ...driver.Value) error {
	if _, err := s.stmt.ExecContext(context.Background(), s.bind(values)); err != nil {
		return fmt.Errorf("execute: %w", err)
	}
	return nil
}

// each runs a query and calls use for every row until it returns an error. row is used again.
func (s *statement) each(row []driver.Value, use func() error, values ...driver.Value) error {
	return s.query(math.MaxInt, row, use, values)
}

// first is each for one row at most; to look for another would cost a lookup a tenth of its time.
func (s *statement) first(row []driver.Value, use func() error, values ...driver.Value) error {
	return s.query(1, row, use, values)
}

func (s *statement) query(limit int, row []driver.Value, use func() error, values []driver.Value) error {
	rows, err := s.stmt.QueryContext(context.Background(), s.bind(values))
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	for range limit {
		err := rows.Next(row)
		if err == io.EOF { //nolint:errorlint // the driver's bare end of rows.
			break
		}
		if err == nil {
			err = use()
		}
		if err != nil {
			_ = rows.Close() // the first error says more
			return fmt.Errorf("query: %w", err)
		}
	}
	if err := rows.Close(); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return nil
}

func (s *statement) close() error {
	if err := s.stmt.Close(); err != nil {
		return fmt.Errorf("close statement: %w", err)
	}
	return nil
}

// createList makes a list file: fill writes it in one transaction, then file and folder are synced. After an error there is
// no file; one that was there before is an error and stays.
func createList(path, schema string, fill func(c *listConn) error) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the caller's path.
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err == nil {
			err = atomicfile.SyncDir(filepath.Dir(path))
		}
		if err != nil {
			_ = os.Remove(path) // swept at the next open if it stays
		}
	}()
	if err := fillList(path, schema, fill); err != nil {
		return err
	}
	return file.Sync() //nolint:wrapcheck // a PathError names it.
}

func fillList(path, schema string, fill func(c *listConn) error) (err error) {
	c, err := openList(path, buildDSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.run("PRAGMA page_size=4096; BEGIN;" + schema); err != nil {
		return err
	}
	if err := fill(c); err != nil {
		return err
	}
	return c.run("COMMIT")
}

// damaged is the fault of a list file that is not as it was built.
func damaged(op, detail string) error { return fault.New(fault.StorageDamaged, op, detail) }
