package posstream

import (
	"database/sql"
	"encoding/json"
	"strconv"
)

// Client is a client application as the operator sees it.
type Client struct {
	ID      string `json:"id"`
	POS     string `json:"pos"`
	Address string `json:"address"`
	State   string `json:"state"`
	// Refusal is what the POS answered to the last registration that it refused, empty since one was taken.
	Refusal string `json:"refusal,omitempty"`
	// Events is the subscription, empty for everything.
	Events           []string `json:"events"`
	RSA              string   `json:"rsa"`
	AES              string   `json:"aes"`
	ReconnectSeconds float64  `json:"reconnectSeconds"`
	// Connections that were made; Sent counts repeats too; Waiting is neither acknowledged nor dropped.
	Connections  int64 `json:"connections"`
	Sent         int64 `json:"sent"`
	Acknowledged int64 `json:"acknowledged"`
	Dropped      int64 `json:"dropped"`
	Waiting      int   `json:"waiting"`
}

func (c *client) row() Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Client{
		ID: strconv.FormatInt(c.id, 10), POS: c.POS, Address: c.Address, State: string(c.state), Refusal: c.refusal,
		Events: append([]string{}, c.Events...), RSA: c.RSA, AES: c.AES, ReconnectSeconds: c.Reconnect.Seconds(),
		Connections: c.connections, Sent: c.sent, Acknowledged: c.acknowledged, Dropped: c.dropped, Waiting: len(c.waiting),
	}
}

// Clients lists all of them by id.
func (s *Server) Clients() []Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Client, len(s.clients))
	for i, c := range s.clients {
		list[i] = c.row()
	}
	return list
}

// Waiting is an event without an acknowledgement.
type Waiting struct {
	MsgID   string `json:"msgId"`
	MsgType string `json:"msgType"`
	// Times is how often it was sent on this connection.
	Times int             `json:"times"`
	Data  json.RawMessage `json:"data"`
}

// maxListed is the most events of one list.
const maxListed = 100

// Waiting lists the oldest events of a client that are not acknowledged, 100 at most.
func (s *Server) Waiting(id string) ([]Waiting, error) {
	c, err := s.client(id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Waiting, min(maxListed, len(c.waiting)))
	for i := range list {
		e := c.waiting[i]
		list[i] = Waiting{MsgID: e.id, MsgType: e.kind, Times: e.times, Data: e.data}
	}
	return list, nil
}

// Cut ends the connection of a client, which is dialled again after its interval. ErrNoConnection when there is none.
func (s *Server) Cut(id string) error {
	c, err := s.client(id)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return ErrNoConnection
	}
	_ = c.conn.Close()
	return nil
}

func (s *Server) client(id string) (*client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		if strconv.FormatInt(c.id, 10) == id {
			return c, nil
		}
	}
	return nil, ErrUnknown
}

// Integrators lists the key ids that the cloud knows. Secrets are nowhere to list.
func (s *Server) Integrators() (keyIDs []string, err error) {
	keyIDs = []string{}
	err = s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT key_id FROM posstream_integrator ORDER BY key_id")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			keyIDs = append(keyIDs, id)
		}
		return rows.Err()
	})
	return keyIDs, err
}
