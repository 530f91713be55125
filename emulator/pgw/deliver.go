package pgw

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// Wire is the way from the simulated providers to the gateway: through its own listener, so that faults hit webhooks too.
type Wire struct {
	BaseURL string
	Client  *http.Client
}

const (
	// lookAgain is how often what waits for a time is looked at: the server's clock can be moved meanwhile.
	lookAgain       = 50 * time.Millisecond
	deliveryTimeout = 10 * time.Second
)

// Wake makes Run look for work now.
func (s *Server) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends and processes webhooks until ctx ends, and goes on where the server before it stopped.
func (s *Server) Run(ctx context.Context, wire Wire) {
	d := &dispatcher{server: s, wire: wire, busy: map[string]bool{}}
	defer d.sending.Wait()
	for {
		waiting, err := s.work(ctx, d)
		var again <-chan time.Time
		if waiting || err != nil { // a full disk may be freed
			again = time.After(lookAgain)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-again:
		}
	}
}

// work does what is due and reports whether there is something to be done later.
func (s *Server) work(ctx context.Context, d *dispatcher) (waiting bool, err error) {
	if err := s.processDue(); err != nil {
		return false, err
	}
	if err := d.sendDue(ctx); err != nil {
		return false, err
	}
	n := 0
	err = s.state.Do(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT (SELECT count(*) FROM pgw_webhook WHERE state = 'retrying') + (SELECT count(*) FROM pgw_delivery WHERE state = 'waiting')").Scan(&n)
	})
	return n > 0, err
}

// dispatcher sends webhooks: those of one PaymentIntent in their order, those of others beside them.
type dispatcher struct {
	server  *Server
	wire    Wire
	sending sync.WaitGroup
	mu      sync.Mutex
	busy    map[string]bool // PaymentIntents
}

// delivery is a webhook that a simulated provider has to send.
type delivery struct {
	seq              int64
	intent, provider string
	body             []byte
	attempts         int
}

func (d *dispatcher) sendDue(ctx context.Context) error {
	due, err := d.server.dueDeliveries()
	if err != nil {
		return err
	}
	lanes := map[string][]delivery{}
	for _, each := range due {
		lanes[each.intent] = append(lanes[each.intent], each)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for intent, lane := range lanes {
		if d.busy[intent] || ctx.Err() != nil {
			continue
		}
		d.busy[intent] = true
		d.sending.Go(func() {
			defer d.free(intent)
			for _, each := range lane {
				d.send(ctx, each)
			}
		})
	}
	return nil
}

func (d *dispatcher) free(intent string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.busy, intent)
	d.server.Wake()
}

func (s *Server) dueDeliveries() (due []delivery, err error) {
	err = s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT seq, intent_id, provider, body, attempts FROM pgw_delivery WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, seq LIMIT 200",
			s.now().UnixMilli())
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var each delivery
			if err := rows.Scan(&each.seq, &each.intent, &each.provider, &each.body, &each.attempts); err != nil {
				return err
			}
			due = append(due, each)
		}
		return rows.Err()
	})
	return due, err
}

// send sends one webhook and notes what came of it. Not noted, because the server was killed, it is sent again.
func (d *dispatcher) send(ctx context.Context, each delivery) {
	ok := d.post(ctx, each) == nil
	if ctx.Err() != nil {
		return
	}
	// An error leaves it waiting, and it is sent again.
	_ = d.server.state.Do(func(tx *sql.Tx) error {
		state, due := "waiting", d.server.now()
		each.attempts++
		switch {
		case ok:
			state = "sent"
		case each.attempts >= maxTries:
			state = "given_up"
		default:
			due = due.Add(backoff(each.attempts))
		}
		_, err := tx.Exec("UPDATE pgw_delivery SET state = ?, attempts = ?, due_at = ? WHERE seq = ?", state, each.attempts, due.UnixMilli(), each.seq)
		return err
	})
}

func (d *dispatcher) post(ctx context.Context, each delivery) error {
	p, known := providerOf(each.provider)
	if !known {
		return errors.New("no such provider")
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.wire.BaseURL+"/v1/webhooks/"+p.key, bytes.NewReader(each.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(p.header, hex.EncodeToString(sign(d.server.secrets[p.key], each.body)))
	resp, err := d.wire.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return errors.New("refused")
	}
	return nil
}
