package pgw

import (
	"database/sql"
	"errors"
)

// Webhook is a received webhook.
type Webhook struct {
	ID            string `json:"id"`
	Provider      string `json:"provider"`
	TransactionID string `json:"transactionId"`
	IntentID      string `json:"intentId,omitempty"`
	Status        string `json:"status"`
	Amount        int64  `json:"amount"`
	Currency      string `json:"currency"`
	// State is retrying until it is processed or dead.
	State string `json:"state"`
	// Attempts counts tries to process it, Deliveries how often it came.
	Attempts   int    `json:"attempts"`
	Deliveries int    `json:"deliveries"`
	NextAt     string `json:"nextAttemptAt,omitempty"`
	// Alert is what somebody should look at.
	Alert       string `json:"alert,omitempty"`
	ReceivedAt  string `json:"receivedAt"`
	ProcessedAt string `json:"processedAt,omitempty"`
}

// Webhooks lists the newest 1000 received webhooks, of one state unless that is "".
func (s *Server) Webhooks(state string) ([]Webhook, error) {
	if state != "" && state != webhookProcessed && state != webhookRetrying && state != webhookDead {
		return nil, ErrWebhookState
	}
	list := []Webhook{}
	err := s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query(`SELECT id, provider, transaction_id, intent_id, status, amount, currency, state, attempts, deliveries, next_at, alert,
received_at, processed_at FROM pgw_webhook WHERE ?1 = '' OR state = ?1 ORDER BY seq DESC LIMIT 1000`, state)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var w Webhook
			var next, received, processed int64
			if err := rows.Scan(&w.ID, &w.Provider, &w.TransactionID, &w.IntentID, &w.Status, &w.Amount, &w.Currency, &w.State, &w.Attempts,
				&w.Deliveries, &next, &w.Alert, &received, &processed); err != nil {
				return err
			}
			w.ReceivedAt = stamp(at(received))
			if w.State == webhookRetrying {
				w.NextAt = stamp(at(next))
			} else {
				w.ProcessedAt = stamp(at(processed))
			}
			list = append(list, w)
		}
		return rows.Err()
	})
	return list, err
}

// Replay processes a webhook again, with all its tries. One that was processed changes nothing, as a repeated delivery does.
func (s *Server) Replay(id string) error {
	err := s.state.Do(func(tx *sql.Tx) error {
		result, err := tx.Exec("UPDATE pgw_webhook SET state = 'retrying', attempts = 0, next_at = ?, alert = '' WHERE id = ?", s.now().UnixMilli(), id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrUnknownWebhook)
		}
		return nil
	})
	if err == nil {
		s.Wake()
	}
	return err
}

// Event is a change of a PaymentIntent that a webhook brought.
type Event struct {
	Seq      int64  `json:"seq"`
	IntentID string `json:"intentId"`
	Status   string `json:"status"`
	At       string `json:"at"`
}

// Events gives at most 1000 events behind a seq, in their order: what a poller of the gateway asks for.
func (s *Server) Events(after int64) ([]Event, error) {
	list := []Event{}
	err := s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT seq, intent_id, status, at FROM pgw_event WHERE seq > ? ORDER BY seq LIMIT 1000", after)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var e Event
			var ms int64
			if err := rows.Scan(&e.Seq, &e.IntentID, &e.Status, &ms); err != nil {
				return err
			}
			e.At = stamp(at(ms))
			list = append(list, e)
		}
		return rows.Err()
	})
	return list, err
}
