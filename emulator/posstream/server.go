// Package posstream is the POS side of the POS Event Stream (protocol section 7): emulated POS terminals that dial the client
// applications they are configured with, validate the integrator with a cloud that can be unplugged, and send the events of a
// made-up shop. It shares no code with the library's client application.
//
// A [Server] is safe for concurrent use. Integrators, clients and validations are in the state; events that wait and counters are
// in memory.
package posstream

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

const schema = `
CREATE TABLE IF NOT EXISTS posstream_integrator(key_id TEXT PRIMARY KEY, salt BLOB NOT NULL, secret_hash BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posstream_client(
  id INTEGER PRIMARY KEY AUTOINCREMENT, pos TEXT NOT NULL, address TEXT NOT NULL, events TEXT NOT NULL, rsa TEXT NOT NULL, aes TEXT NOT NULL,
  reconnect_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS posstream_validation(
  pos TEXT NOT NULL, key_hash BLOB NOT NULL, salt BLOB NOT NULL, secret_hash BLOB NOT NULL, last_online INTEGER NOT NULL,
  PRIMARY KEY(pos, key_hash)
) WITHOUT ROWID;
`

// Server is all emulated POS terminals of a site.
type Server struct {
	state   *state.State
	clock   *state.Clock
	offline atomic.Bool // whether the cloud is unplugged
	passing passing

	life    context.Context //nolint:containedctx // the life of the object, not of a call.
	end     context.CancelFunc
	running sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu: the configured clients in the order of their ids, and the shop of each POS.
	clients []*client
	shops   map[string]*shop
}

// Errors of the operator's calls.
var (
	ErrUnknown      = errors.New("no such client")
	ErrPOS          = errors.New("no client is configured at this POS")
	ErrNoConnection = errors.New("this POS has no connection to cut")
	ErrBad          = errors.New("bad value")
)

// New reads the state, or begins it, and dials every client that is configured.
func New(st *state.State, clock *state.Clock) (*Server, error) {
	if err := st.Schema(schema); err != nil {
		return nil, err
	}
	s := &Server{state: st, clock: clock, shops: map[string]*shop{}}
	s.life, s.end = context.WithCancel(context.Background())
	known, err := s.stored()
	if err != nil {
		return nil, err
	}
	for _, c := range known {
		s.begin(c)
	}
	return s, nil
}

// Close ends every connection and the dialling.
func (s *Server) Close() {
	s.end()
	s.running.Wait()
}

// stored reads the configured clients.
func (s *Server) stored() (all []Config, err error) {
	err = s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT id, pos, address, events, rsa, aes, reconnect_ms FROM posstream_client ORDER BY id")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var c Config
			var events string
			var pause int64
			if err := rows.Scan(&c.id, &c.POS, &c.Address, &events, &c.RSA, &c.AES, &pause); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(events), &c.Events); err != nil {
				return fmt.Errorf("emulator: posstream: client %d: %w", c.id, err)
			}
			c.Reconnect = time.Duration(pause) * time.Millisecond
			all = append(all, c)
		}
		return rows.Err()
	})
	return all, err
}

// AddClient configures a POS to dial a client application, and gives its id.
func (s *Server) AddClient(c Config) (string, error) {
	c, err := c.checked()
	if err != nil {
		return "", err
	}
	events, err := json.Marshal(c.Events)
	if err != nil {
		return "", fmt.Errorf("emulator: posstream: %w", err)
	}
	err = s.state.Do(func(tx *sql.Tx) error {
		result, err := tx.Exec("INSERT INTO posstream_client(pos, address, events, rsa, aes, reconnect_ms) VALUES(?, ?, ?, ?, ?, ?)",
			c.POS, c.Address, string(events), c.RSA, c.AES, c.Reconnect.Milliseconds())
		if err == nil {
			c.id, err = result.LastInsertId()
		}
		return err
	})
	if err != nil {
		return "", err
	}
	s.begin(c)
	return strconv.FormatInt(c.id, 10), nil
}

func (s *Server) begin(config Config) {
	c := &client{Config: config, server: s, state: dialing, wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(s.life)
	c.cancel = cancel
	s.mu.Lock()
	s.clients = append(s.clients, c)
	s.mu.Unlock()
	s.running.Go(func() { c.run(ctx) })
}

// DeleteClient ends a client's connection and its dialling.
func (s *Server) DeleteClient(id string) error {
	s.mu.Lock()
	at := slices.IndexFunc(s.clients, func(c *client) bool { return strconv.FormatInt(c.id, 10) == id })
	if at < 0 {
		s.mu.Unlock()
		return ErrUnknown
	}
	c := s.clients[at]
	s.clients = slices.Delete(s.clients, at, at+1)
	s.mu.Unlock()
	c.cancel()
	return s.state.Do(func(tx *sql.Tx) error {
		_, err := tx.Exec("DELETE FROM posstream_client WHERE id = ?", c.id)
		return err
	})
}

// Events is what the operator lets happen.
type Events struct {
	// POS is where; empty is at every POS.
	POS string `json:"pos"`
	// Type is what, create_order by default.
	Type string `json:"type"`
	// Data is the payload; without it the shop makes one up.
	Data json.RawMessage `json:"data"`
	// Count is how often, once by default.
	Count *int `json:"count"`
}

// maxCount is the most events of one call.
const maxCount = 100_000

// Happen queues events at the clients that subscribe to them, and tells how many.
func (s *Server) Happen(e Events) (queued int, err error) {
	if e.Type == "" {
		e.Type = createOrder
	}
	count := 1
	if e.Count != nil {
		count = *e.Count
	}
	switch {
	case count < 1 || count > maxCount:
		return 0, fmt.Errorf("%w: count must be 1 to %d", ErrBad, maxCount)
	case len(e.Type) > 64 || e.Type == typeInit || e.Type == typeRegister:
		return 0, fmt.Errorf("%w: type is no name of an event", ErrBad)
	case len(e.Data) == 0 && !madeUp(e.Type):
		return 0, fmt.Errorf("%w: the shop makes up %s; give data for others", ErrBad, strings.Join(kinds, ", "))
	case len(e.Data) > maxPayload:
		return 0, fmt.Errorf("%w: data has %d bytes at most", ErrBad, maxPayload)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := map[string][]*client{}
	for _, c := range s.clients {
		if e.POS == "" || e.POS == c.POS {
			at[c.POS] = append(at[c.POS], c)
		}
	}
	if len(at) == 0 && e.POS != "" {
		return 0, ErrPOS
	}
	for pos, clients := range at {
		for range count {
			data := e.Data
			if len(data) == 0 {
				data = s.shop(pos).happens(e.Type, s.clock.Now())
			}
			for _, c := range clients {
				if c.subscribes(e.Type) {
					c.enqueue(e.Type, data)
					queued++
				}
			}
		}
	}
	return queued, nil
}

func (s *Server) shop(pos string) *shop {
	if s.shops[pos] == nil {
		s.shops[pos] = newShop(pos)
	}
	return s.shops[pos]
}
