package pgw

import (
	"encoding/json"
	"time"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// This file is the emulated gateway's wire: names of fields, codes, methods and states. On the vendor's record are the endpoints, the
// scheme of the signature, the create request, the states and the four codes of protocol section 4.1; the rest, such as the
// error envelope, transactions, list filters, capture and sync bodies and what each status of a provider means, is the
// default of protocol sections 4, 5 and 11, ours.

// States of a PaymentIntent (protocol section 4.5).
const (
	requiresMethod = "requires_payment_method"
	requiresAction = "requires_action"
	processing     = "processing"
	succeeded      = "succeeded"
	failed         = "failed"
	cancelled      = "cancelled"
)

const reasonExpired = "expired"

// moves are the legal changes of state. A capture alone goes from requires_payment_method to succeeded.
var moves = map[string]map[string]bool{
	requiresMethod: {requiresAction: true, processing: true, succeeded: true, failed: true, cancelled: true},
	requiresAction: {processing: true, succeeded: true, failed: true, cancelled: true},
	processing:     {succeeded: true, failed: true},
}

func final(status string) bool { return moves[status] == nil }

// Processing modes (protocol section 2.5).
const (
	modeGateway  = "pgw_processed"
	modeExternal = "external"
	modeManual   = "manual"
)

// methods are the payment methods and the mode each has unless the request says otherwise.
var methods = map[string]string{
	"qr_mpm": modeGateway, "qr_cpm": modeGateway,
	"credit_card": modeExternal, "card": modeExternal, "e_money": modeExternal,
	"cash": modeManual,
}

const methodCPM = "qr_cpm"

// intentView is a PaymentIntent as the gateway answers it.
type intentView struct {
	ID                    string          `json:"id"`
	Status                string          `json:"status"`
	Amount                int64           `json:"amount"`
	Currency              string          `json:"currency"`
	PaymentMethodTypes    []string        `json:"payment_method_types"`
	MerchantRefID         string          `json:"merchant_ref_id"`
	MerchantID            string          `json:"merchant_id"`
	MerchantStoreID       string          `json:"merchant_store_id,omitempty"`
	MerchantTerminalID    string          `json:"merchant_terminal_id,omitempty"`
	OrderID               string          `json:"order_id,omitempty"`
	Description           string          `json:"description,omitempty"`
	ProcessingMode        string          `json:"processing_mode"`
	PaymentMethodType     string          `json:"payment_method_type,omitempty"`
	Provider              string          `json:"provider,omitempty"`
	ProviderTransactionID string          `json:"provider_transaction_id,omitempty"`
	NextAction            *nextAction     `json:"next_action,omitempty"`
	QRContent             string          `json:"qr_content,omitempty"`
	QRCodeURL             string          `json:"qr_code_url,omitempty"`
	Capture               json.RawMessage `json:"capture,omitempty"`
	CancellationReason    string          `json:"cancellation_reason,omitempty"`
	LastError             *lastError      `json:"last_error,omitempty"`
	CreatedAt             string          `json:"created_at"`
	ExpiresAt             string          `json:"expires_at"`
	UpdatedAt             string          `json:"updated_at"`
	// PaymentToken is given once, by create.
	PaymentToken string `json:"payment_token,omitempty"`
}

type nextAction struct {
	Type string `json:"type"` // display_qr_code
}

type lastError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type transactionView struct {
	ID                    string `json:"id"`
	PaymentIntentID       string `json:"payment_intent_id"`
	Type                  string `json:"type"` // payment, capture, late
	Status                string `json:"status"`
	Amount                int64  `json:"amount"`
	Currency              string `json:"currency"`
	Provider              string `json:"provider,omitempty"`
	ProviderTransactionID string `json:"provider_transaction_id,omitempty"`
	CreatedAt             string `json:"created_at"`
	UpdatedAt             string `json:"updated_at"`
}

// notice is what a provider's webhook says (protocol section 5).
type notice struct {
	transactionID, status, currency string
	amount                          int64
	at                              time.Time
}

// readNotice reads the body that protocol section 5 prints. A provider with a body of its own gets a reader of its own.
func readNotice(body []byte) (notice, bool) {
	o, err := strictjson.Read(body)
	if err != nil {
		return notice{}, false
	}
	var n notice
	var ok [4]bool
	var at string
	n.transactionID, ok[0] = o.Text("transaction_id")
	n.status, ok[1] = o.Text("status")
	n.currency, ok[2] = o.Text("currency")
	n.amount, ok[3] = o.Integer("amount")
	at, _ = o.Text("timestamp")
	n.at, err = time.Parse(time.RFC3339, at)
	good := ok == [4]bool{true, true, true, true} && err == nil
	return n, good && n.transactionID != "" && len(n.transactionID) <= 255 && n.status != "" && len(n.status) <= 64
}

// writeNotice is the body that the simulated providers send.
func writeNotice(n notice) ([]byte, error) {
	return json.Marshal(struct {
		TransactionID string `json:"transaction_id"`
		Status        string `json:"status"`
		Amount        int64  `json:"amount"`
		Currency      string `json:"currency"`
		Timestamp     string `json:"timestamp"`
	}{n.transactionID, n.status, n.amount, n.currency, n.at.UTC().Format(time.RFC3339)})
}

// outcomes are the states that providers' statuses mean. A status that is not listed is stored and changes nothing.
var outcomes = map[string]string{
	"SUCCESS": succeeded,
	"FAILED":  failed, "DECLINED": failed,
	"CANCELED": cancelled, "CANCELLED": cancelled, "EXPIRED": cancelled,
	"PENDING": processing,
}

// Provider is one of the simulated providers.
type provider struct {
	// key is the path segment of its webhooks and the key of its secret in the env file.
	key string
	// names are what a confirmation may call it.
	names []string
	// header carries its signature.
	header string
	read   func(body []byte) (notice, bool)
}

var providers = []provider{
	{"paypay", []string{"PAYPAY"}, "X-PayPay-Signature", readNotice},
	{"linepay", []string{"LINEPAY", "LINE_PAY"}, "X-LINE-Signature", readNotice},
	{"rakuten", []string{"RAKUTEN", "RAKUTENPAY", "RAKUTEN_PAY"}, "X-Rakuten-Signature", readNotice},
	{"dpayment", []string{"DPAYMENT", "D_PAYMENT"}, "X-DPayment-Signature", readNotice},
}

func providerOf(key string) (provider, bool) {
	for _, p := range providers {
		if p.key == key {
			return p, true
		}
	}
	return provider{}, false
}

func providerNamed(name string) (provider, bool) {
	for _, p := range providers {
		for _, n := range p.names {
			if n == name {
				return p, true
			}
		}
	}
	return provider{}, false
}
