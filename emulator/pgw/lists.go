package pgw

import (
	"database/sql"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

const (
	defaultLimit = 50
	maxLimit     = 100
)

// list gives the organisation's PaymentIntents, newest first, without their tokens.
func (s *Server) list(c *call) (int, any, error) {
	query := c.r.URL.Query()
	limit := defaultLimit
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return 0, nil, unfit("limit", "limit must be 1 to 100")
		}
		limit = n
	}
	if err := s.expireAll(c.tx); err != nil {
		return 0, nil, err
	}
	before := int64(1) << 62
	if id := query.Get("starting_after"); id != "" {
		i, err := s.ownIntent(c.tx, c.client, id)
		if err != nil {
			return 0, nil, err
		}
		before = i.seq
	}
	found, err := queryIntents(c.tx, `organisation = ? AND seq < ? AND (?3 = '' OR ref = ?3) AND (?4 = '' OR status = ?4) ORDER BY seq DESC LIMIT ?5`,
		c.client.organisation, before, query.Get("merchant_ref_id"), query.Get("status"), limit+1)
	if err != nil {
		return 0, nil, err
	}
	more := len(found) > limit
	views := []intentView{}
	for _, i := range found[:min(limit, len(found))] {
		views = append(views, i.view())
	}
	return http.StatusOK, map[string]any{"data": views, "has_more": more}, nil
}

func queryIntents(tx *sql.Tx, where string, args ...any) ([]intent, error) {
	rows, err := tx.Query("SELECT "+intentColumns+" FROM pgw_intent WHERE "+where, args...) //nolint:gosec // conditions of ours.
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []intent
	for rows.Next() {
		i, err := scanIntent(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, i)
	}
	return found, rows.Err()
}

// expireAll cancels every PaymentIntent whose time has run out, so that a list tells no other state than retrieve.
func (s *Server) expireAll(tx *sql.Tx) error {
	late, err := queryIntents(tx, "status IN ('requires_payment_method', 'requires_action') AND expires_at <= ?", s.now().UnixMilli())
	for n := range late {
		err = errors.Join(err, s.expire(tx, &late[n]))
	}
	return err
}

// insertTransaction notes a movement of a PaymentIntent.
func (s *Server) insertTransaction(tx *sql.Tx, i intent, kind, status string) error {
	id, err := ulid.New(s.state.Rand, s.now())
	if err != nil {
		return err
	}
	now := s.now().UnixMilli()
	_, err = tx.Exec("INSERT INTO pgw_transaction(id, intent_id, type, status, created_at, updated_at) VALUES(?,?,?,?,?,?)", "txn_"+id, i.id, kind, status, now, now)
	return err
}

// setTransactions gives the open transactions of a PaymentIntent their end.
func setTransactions(tx *sql.Tx, intentID, status string, now time.Time) error {
	_, err := tx.Exec("UPDATE pgw_transaction SET status = ?, updated_at = ? WHERE intent_id = ? AND status = 'processing'", status, now.UnixMilli(), intentID)
	return err
}

const transactionQuery = `SELECT t.id, t.type, t.status, t.created_at, t.updated_at, i.id, i.amount, i.currency, i.provider_name,
i.provider_transaction_id, i.organisation FROM pgw_transaction t JOIN pgw_intent i ON i.id = t.intent_id WHERE `

// queryTransactions gives transactions, and beside each whose organisation it is.
func queryTransactions(tx *sql.Tx, where string, value any) ([]transactionView, []string, error) {
	rows, err := tx.Query(transactionQuery+where+" ORDER BY t.seq", value) //nolint:gosec // conditions of ours.
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	views, organisations := []transactionView{}, []string{}
	for rows.Next() {
		var v transactionView
		var organisation string
		var created, updated int64
		if err := rows.Scan(&v.ID, &v.Type, &v.Status, &created, &updated, &v.PaymentIntentID, &v.Amount, &v.Currency, &v.Provider,
			&v.ProviderTransactionID, &organisation); err != nil {
			return nil, nil, err
		}
		v.CreatedAt, v.UpdatedAt = stamp(at(created)), stamp(at(updated))
		views, organisations = append(views, v), append(organisations, organisation)
	}
	return views, organisations, rows.Err()
}

func (s *Server) transactions(c *call) (int, any, error) {
	views, _, err := queryTransactions(c.tx, "t.intent_id = ?", c.intent.id)
	return http.StatusOK, map[string]any{"data": views}, err
}

func (s *Server) transaction(c *call) (int, any, error) {
	views, organisations, err := queryTransactions(c.tx, "t.id = ?", c.id)
	if err != nil {
		return 0, nil, err
	}
	if len(views) == 0 || organisations[0] != c.client.organisation {
		return 0, nil, no(http.StatusNotFound, "transaction_not_found", "no such transaction")
	}
	return http.StatusOK, views[0], nil
}
