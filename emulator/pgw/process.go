package pgw

import (
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// maxTries is how often a webhook is processed, or sent by a simulated provider, before it is given up.
const maxTries = 5

// backoff is the pause after a failed try: 1 s·4^n.
func backoff(tries int) time.Duration {
	return time.Second << (2 * (tries - 1))
}

// stored is a webhook that waits.
type stored struct {
	id, provider, transactionID, status, currency string
	amount                                        int64
	attempts                                      int
}

// processDue processes what is due, each webhook in a transaction of its own: the change of the PaymentIntent, its event and the
// webhook's end are on disk together or not at all.
func (s *Server) processDue() error {
	for {
		done := false
		err := s.state.Do(func(tx *sql.Tx) error {
			var w stored
			err := tx.QueryRow(`SELECT id, provider, transaction_id, status, amount, currency, attempts FROM pgw_webhook
WHERE state = 'retrying' AND next_at <= ? ORDER BY next_at, seq LIMIT 1`, s.now().UnixMilli()).
				Scan(&w.id, &w.provider, &w.transactionID, &w.status, &w.amount, &w.currency, &w.attempts)
			if errors.Is(err, sql.ErrNoRows) {
				done = true
				return nil
			}
			if err != nil {
				return err
			}
			return s.process(tx, w)
		})
		if err != nil || done {
			return err
		}
	}
}

func (s *Server) process(tx *sql.Tx, w stored) error {
	i, there, err := s.loadPaid(tx, w.provider, w.transactionID)
	if err != nil {
		return err
	}
	w.attempts++
	target := outcomes[w.status]
	switch {
	case !there && w.attempts >= maxTries:
		return s.end(tx, w, webhookDead, "", "no PaymentIntent has this transaction")
	case !there:
		_, err := tx.Exec("UPDATE pgw_webhook SET attempts = ?, next_at = ? WHERE id = ?", w.attempts, s.now().Add(backoff(w.attempts)).UnixMilli(), w.id)
		return err
	case target == "":
		return s.end(tx, w, webhookProcessed, i.id, "a status that is not known; nothing was changed")
	case w.amount != i.amount || w.currency != i.currency:
		return s.end(tx, w, webhookDead, i.id, fmt.Sprintf("%d %s, but the PaymentIntent is over %d %s", w.amount, w.currency, i.amount, i.currency))
	}
	alert, err := s.apply(tx, &i, target, w.status)
	if err != nil {
		return err
	}
	return s.end(tx, w, webhookProcessed, i.id, alert)
}

// apply changes a PaymentIntent as its provider says. A final state never changes: a success that comes too late is noted as a
// transaction, for somebody has the money.
func (s *Server) apply(tx *sql.Tx, i *intent, target, status string) (alert string, err error) {
	if i.status == processing && target == cancelled { // it cannot be cancelled any more, so for the payer it failed
		target = failed
	}
	switch {
	case i.status == target:
		return "", nil
	case target == succeeded && final(i.status):
		return "success for a PaymentIntent that is " + i.status + ": the payer may have to be refunded", s.noteLate(tx, *i)
	case !moves[i.status][target]:
		return status + " for a PaymentIntent that is " + i.status + "; nothing was changed", nil
	}
	i.status = target
	if target == failed {
		i.errorCode = status
	}
	if err := s.saveIntent(tx, i); err != nil {
		return "", err
	}
	if final(target) {
		if err := setTransactions(tx, i.id, target, s.now()); err != nil {
			return "", err
		}
	}
	_, err = tx.Exec("INSERT INTO pgw_event(intent_id, status, at) VALUES(?,?,?)", i.id, target, s.now().UnixMilli())
	return "", err
}

// noteLate notes the money of a payment that had ended, once: an operator may replay its webhook.
func (s *Server) noteLate(tx *sql.Tx, i intent) error {
	var noted int
	err := tx.QueryRow("SELECT count(*) FROM pgw_transaction WHERE intent_id = ? AND type = 'late'", i.id).Scan(&noted)
	if err != nil || noted > 0 {
		return err
	}
	return s.insertTransaction(tx, i, "late", succeeded)
}

func (s *Server) end(tx *sql.Tx, w stored, state, intentID, alert string) error {
	_, err := tx.Exec("UPDATE pgw_webhook SET state = ?, attempts = ?, intent_id = ?, alert = ?, processed_at = ? WHERE id = ?",
		state, w.attempts, intentID, alert, s.now().UnixMilli(), w.id)
	return err
}
