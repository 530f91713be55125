package pgw

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// intent is a PaymentIntent's row.
type intent struct {
	seq                                        int64
	id, organisation, merchantID, status       string
	amount                                     int64
	currency                                   string
	methods                                    []string
	mode, ref, order, store, terminal, about   string
	tokenHash                                  []byte
	created, expires, updated                  time.Time
	tokenVoid                                  bool
	method, provider, providerName, providerTx string
	qr, capture, reason, errorCode             string
}

const intentColumns = `seq, id, organisation, merchant_id, status, amount, currency, methods, mode, ref, order_id, store_id, terminal_id, description,
token_hash, created_at, expires_at, updated_at, token_void, method, provider, provider_name, provider_transaction_id, qr, capture, reason, error_code`

func scanIntent(row interface{ Scan(...any) error }) (intent, error) {
	var i intent
	var list string
	var created, expires, updated int64
	err := row.Scan(&i.seq, &i.id, &i.organisation, &i.merchantID, &i.status, &i.amount, &i.currency, &list, &i.mode, &i.ref, &i.order, &i.store,
		&i.terminal, &i.about, &i.tokenHash, &created, &expires, &updated, &i.tokenVoid, &i.method, &i.provider, &i.providerName, &i.providerTx,
		&i.qr, &i.capture, &i.reason, &i.errorCode)
	if err != nil {
		return intent{}, err
	}
	i.created, i.expires, i.updated = at(created), at(expires), at(updated)
	return i, json.Unmarshal([]byte(list), &i.methods)
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// loadIntent finds a PaymentIntent by a unique column. One whose time has run out is cancelled first.
func (s *Server) loadIntent(tx *sql.Tx, column string, value any) (intent, bool, error) {
	i, err := scanIntent(tx.QueryRow("SELECT "+intentColumns+" FROM pgw_intent WHERE "+column+" = ?", value)) //nolint:gosec // columns of ours.
	if errors.Is(err, sql.ErrNoRows) {
		return intent{}, false, nil
	}
	if err == nil {
		err = s.expire(tx, &i)
	}
	return i, err == nil, err
}

// expire cancels a PaymentIntent that nobody paid in its time. One that the provider processes is left to it, and one about which a
// webhook came in time to that webhook.
func (s *Server) expire(tx *sql.Tx, i *intent) error {
	if (i.status != requiresMethod && i.status != requiresAction) || s.now().Before(i.expires) {
		return nil
	}
	if i.status == requiresAction { // before, no provider knows it
		var waiting int
		err := tx.QueryRow("SELECT count(*) FROM pgw_webhook WHERE provider = ? AND transaction_id = ? AND state = 'retrying' AND received_at < ?",
			i.provider, i.providerTx, i.expires.UnixMilli()).Scan(&waiting)
		if err != nil || waiting > 0 {
			return err
		}
	}
	i.status, i.reason = cancelled, reasonExpired
	if err := s.saveIntent(tx, i); err != nil {
		return err
	}
	return setTransactions(tx, i.id, cancelled, s.now())
}

// saveIntent stores what can change.
func (s *Server) saveIntent(tx *sql.Tx, i *intent) error {
	i.updated = s.now().Truncate(time.Millisecond)
	_, err := tx.Exec(`UPDATE pgw_intent SET status = ?, updated_at = ?, token_void = ?, method = ?, provider = ?, provider_name = ?,
provider_transaction_id = ?, qr = ?, capture = ?, reason = ?, error_code = ? WHERE id = ?`,
		i.status, i.updated.UnixMilli(), i.tokenVoid, i.method, i.provider, i.providerName, i.providerTx, i.qr, i.capture, i.reason, i.errorCode, i.id)
	return err
}

func (i intent) expired() bool { return i.status == cancelled && i.reason == reasonExpired }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// view is the PaymentIntent as it is answered, without its token.
func (i intent) view() intentView {
	v := intentView{
		ID: i.id, Status: i.status, Amount: i.amount, Currency: i.currency, PaymentMethodTypes: i.methods, MerchantRefID: i.ref,
		MerchantID: i.merchantID, MerchantStoreID: i.store, MerchantTerminalID: i.terminal, OrderID: i.order, Description: i.about,
		ProcessingMode: i.mode, PaymentMethodType: i.method, Provider: i.providerName, ProviderTransactionID: i.providerTx,
		QRContent: i.qr, QRCodeURL: i.qr, Capture: json.RawMessage(i.capture), CancellationReason: i.reason,
		CreatedAt: stamp(i.created), ExpiresAt: stamp(i.expires), UpdatedAt: stamp(i.updated),
	}
	if i.status == requiresAction {
		v.NextAction = &nextAction{Type: "display_qr_code"}
	}
	if i.errorCode != "" {
		v.LastError = &lastError{Code: i.errorCode, Message: "the provider says " + i.errorCode}
	}
	return v
}
