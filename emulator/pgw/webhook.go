package pgw

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

// States of a received webhook.
const (
	webhookRetrying  = "retrying" // received, not processed yet
	webhookProcessed = "processed"
	webhookDead      = "dead"
)

// futureLimit is how far in the future a webhook's own time may be; how old it is does not matter, for retries are late.
const futureLimit = 24 * time.Hour

// webhook receives what a provider sends (protocol section 5): verified, stored, answered, and processed behind that, so that what
// was acknowledged is never lost.
func (s *Server) webhook(c *call) (int, any, error) {
	p, known := providerOf(c.id)
	if !known {
		return 0, nil, no(http.StatusNotFound, "not_found", "no such provider")
	}
	if !s.signedBy(p, c) {
		return 0, nil, no(http.StatusUnauthorized, "invalid_signature", "the signature in "+p.header+" does not fit the body")
	}
	n, ok := p.read(c.body)
	if !ok {
		return 0, nil, no(http.StatusBadRequest, "invalid_request", "transaction_id, status, amount, currency and timestamp are needed")
	}
	if n.at.After(s.now().Add(futureLimit)) {
		return 0, nil, no(http.StatusBadRequest, "invalid_request", "timestamp is more than 24 hours in the future")
	}
	known, err := s.receive(c.tx, p, n)
	if err != nil {
		return 0, nil, err
	}
	s.Wake()
	if !known { // the provider sends it again; meanwhile the gateway looks for itself
		return 0, nil, no(http.StatusNotFound, "transaction_not_found", "no PaymentIntent has this transaction")
	}
	return http.StatusOK, map[string]bool{"received": true}, nil
}

// signedBy compares 32 bytes in constant time, given as hex in either case or as base64.
func (s *Server) signedBy(p provider, c *call) bool {
	values := c.r.Header.Values(p.header)
	if len(values) != 1 {
		return false
	}
	given, err := hex.DecodeString(values[0])
	if err != nil {
		if given, err = base64.StdEncoding.DecodeString(values[0]); err != nil {
			return false
		}
	}
	return hmac.Equal(given, sign(s.secrets[p.key], c.body))
}

func sign(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

// receive stores a webhook, or counts it as a repeated one: of a processed webhook every one with the same transaction and status
// is, of another one the same in every part. It reports whether its transaction is known.
func (s *Server) receive(tx *sql.Tx, p provider, n notice) (known bool, err error) {
	_, known, err = s.loadPaid(tx, p.key, n.transactionID)
	if err != nil {
		return false, err
	}
	now := s.now()
	var id, state, paid string
	err = tx.QueryRow(`SELECT id, state, intent_id FROM pgw_webhook WHERE provider = ? AND transaction_id = ? AND status = ?
AND (state = 'processed' OR (amount = ? AND currency = ?)) ORDER BY state = 'processed' DESC, seq LIMIT 1`,
		p.key, n.transactionID, n.status, n.amount, n.currency).Scan(&id, &state, &paid)
	switch {
	case err == nil && known && state != webhookProcessed && paid == "": // what it waited for is there
		_, err = tx.Exec("UPDATE pgw_webhook SET deliveries = deliveries + 1, state = 'retrying', next_at = ? WHERE id = ?", now.UnixMilli(), id)
		return known, err
	case err == nil:
		_, err = tx.Exec("UPDATE pgw_webhook SET deliveries = deliveries + 1 WHERE id = ?", id)
		return known, err
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	id, err = ulid.New(s.state.Rand, now)
	if err != nil {
		return false, err
	}
	attempts, next := 0, now
	if !known { // looking for it just now was the first try
		attempts, next = 1, now.Add(backoff(1))
	}
	_, err = tx.Exec(`INSERT INTO pgw_webhook(id, provider, transaction_id, status, amount, currency, state, attempts, next_at, received_at)
VALUES(?,?,?,?,?,?,?,?,?,?)`, "wh_"+id, p.key, n.transactionID, n.status, n.amount, n.currency, webhookRetrying, attempts, next.UnixMilli(), now.UnixMilli())
	return known, err
}

// loadPaid finds the PaymentIntent of a provider's transaction.
func (s *Server) loadPaid(tx *sql.Tx, provider, transactionID string) (intent, bool, error) {
	var id string
	err := tx.QueryRow("SELECT id FROM pgw_intent WHERE provider = ? AND provider_transaction_id = ?", provider, transactionID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) || transactionID == "" {
		return intent{}, false, nil
	}
	if err != nil {
		return intent{}, false, err
	}
	return s.loadIntent(tx, "id", id)
}
