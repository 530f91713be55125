package offline

import (
	"context"
	"database/sql"
	"time"
)

// clockSaveEvery is how far trusted time may run ahead of what is on disk while nothing else is written.
const clockSaveEvery = time.Minute

// change is one transaction; what is registered with after happens when it is on disk. It is no sql.Tx, which starts a
// goroutine for itself and one for each of its queries: waking a thread for them took a sixth of the time of an entry.
type change struct {
	conn    *sql.Conn
	effects []func()
}

// Exec runs a statement within the transaction.
func (c *change) Exec(query string, args ...any) (sql.Result, error) {
	return c.conn.ExecContext(context.Background(), query, args...) //nolint:wrapcheck // mapped by write.
}

// QueryRow asks for one row within the transaction; scan it before anything else.
func (c *change) QueryRow(query string, args ...any) *sql.Row {
	return c.conn.QueryRowContext(context.Background(), query, args...)
}

func (c *change) after(effect func()) { c.effects = append(c.effects, effect) }

// commit runs fn between BEGIN and COMMIT. Whatever goes wrong, a panic too, the connection has no open transaction afterwards.
func (c *change) commit(fn func() error) error {
	if _, err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	done := false
	defer func() {
		if !done {
			_, _ = c.Exec("ROLLBACK") // SQLite may have rolled back already
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	_, err := c.Exec("COMMIT")
	done = err == nil
	return err
}

// write runs one transaction. When it returns nil everything in it is on disk, and the mirrors agree.
func (s *Store) write(op string, fn func(*change) error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.isClosed() {
		return closedFault(op)
	}
	conn, err := s.db.Conn(context.Background())
	if err != nil {
		return stored(op, err)
	}
	defer func() { _ = conn.Close() }() // gives it back
	c := &change{conn: conn}
	state := s.clock.State()
	err = c.commit(func() error {
		if err := fn(c); err != nil || state.HighWater.Sub(s.clockSaved).Abs() <= clockSaveEvery {
			return err
		}
		c.after(func() { s.clockSaved = state.HighWater })
		return saveClock(c, state)
	})
	if err != nil {
		return stored(op, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, effect := range c.effects {
		effect()
	}
	return nil
}
