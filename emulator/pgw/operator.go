package pgw

import (
	"database/sql"
	"errors"
	"slices"
	"time"
)

// What a tester does through the admin API: settings, the providers' decisions, received webhooks.

// Errors of the operator's calls.
var (
	ErrUnknownIntent  = errors.New("no such PaymentIntent")
	ErrNotAtProvider  = errors.New("the PaymentIntent was not confirmed at a provider")
	ErrNotice         = errors.New("status must be SUCCESS, FAILED, CANCELED or PENDING, deliveries 1 to 100, amount a whole number, delayMs 0 to 86400000")
	ErrUnknownWebhook = errors.New("no such webhook")
	ErrWebhookState   = errors.New("state must be processed, retrying or dead")
	ErrSettings       = errors.New("ratePerMinute must be 0 to 1000000000; unavailableProviders are paypay, linepay, rakuten and dpayment")
)

// Intent is a PaymentIntent as the operator sees it.
type Intent struct {
	intentView
	OperatorTransactionID string `json:"providerTransactionId"`
}

// Intents lists the newest PaymentIntents of all organisations.
func (s *Server) Intents() ([]Intent, error) {
	list := []Intent{}
	err := s.state.Do(func(tx *sql.Tx) error {
		if err := s.expireAll(tx); err != nil {
			return err
		}
		found, err := queryIntents(tx, "1 ORDER BY seq DESC LIMIT 100")
		for _, i := range found {
			list = append(list, Intent{i.view(), i.providerTx})
		}
		return err
	})
	return list, err
}

// Intent gives one PaymentIntent.
func (s *Server) Intent(id string) (out Intent, err error) {
	err = s.inIntent(id, func(_ *sql.Tx, i intent) error {
		out = Intent{i.view(), i.providerTx}
		return nil
	})
	return out, err
}

func (s *Server) inIntent(id string, fn func(tx *sql.Tx, i intent) error) error {
	return s.state.Do(func(tx *sql.Tx) error {
		i, there, err := s.loadIntent(tx, "id", id)
		if err != nil {
			return err
		}
		if !there {
			return ErrUnknownIntent
		}
		return fn(tx, i)
	})
}

// Decision is what the simulated provider says of a payment.
type Decision struct {
	// Status is SUCCESS, FAILED, CANCELED or PENDING.
	Status string
	// Deliveries is how often the webhook is sent. 0 is once.
	Deliveries int
	// Amount and Currency replace the PaymentIntent's own.
	Amount   *int64
	Currency string
	// Delay before the first delivery.
	Delay time.Duration
}

// Decide makes the provider of a confirmed PaymentIntent send its webhook. It is on disk when Decide returns.
func (s *Server) Decide(id string, d Decision) error {
	if d.Deliveries == 0 {
		d.Deliveries = 1
	}
	if !slices.Contains([]string{"SUCCESS", "FAILED", "CANCELED", "PENDING"}, d.Status) || d.Deliveries < 1 || d.Deliveries > 100 ||
		d.Delay < 0 || d.Delay > 24*time.Hour {
		return ErrNotice
	}
	err := s.inIntent(id, func(tx *sql.Tx, i intent) error {
		if i.providerTx == "" {
			return ErrNotAtProvider
		}
		n := notice{transactionID: i.providerTx, status: d.Status, amount: i.amount, currency: i.currency, at: s.now()}
		if d.Amount != nil {
			n.amount = *d.Amount
		}
		if d.Currency != "" {
			n.currency = d.Currency
		}
		body, err := writeNotice(n)
		if err != nil {
			return err
		}
		for range d.Deliveries {
			if _, err := tx.Exec("INSERT INTO pgw_delivery(intent_id, provider, body, due_at) VALUES(?,?,?,?)",
				i.id, i.provider, body, s.now().Add(d.Delay).UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.Wake()
	}
	return err
}
