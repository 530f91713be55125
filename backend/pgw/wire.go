package pgw

import (
	"cmp"
	"encoding/json"
	"time"
)

// This file is the wire of the gateway: paths, names of headers and fields, states and error codes. On the vendor's record are the
// endpoints of protocol section 4.2, the states of 4.5, the form of the create request and of the first fields of its answer
// (4.3), the signature (4.1, in package merchant) and the four codes of 4.1. Everything else here, such as the other error codes
// and the envelope, the fields behind payment_token, transactions, list filters, capture and sync bodies, is the
// default of protocol section 4 or 11, ours, so that the vendor's answer is a change of this file.

// Paths of the gateway's calls, appended to the base URL; an id and the name of an action are added behind Intents, an id behind
// Transactions. Zero values are the defaults.
type Paths struct {
	Intents, Transactions, SyncMerchants string
}

// WithDefaults fills every empty path.
func (p Paths) WithDefaults() Paths {
	return Paths{
		Intents:       cmp.Or(p.Intents, "/v1/payment_intents"),
		Transactions:  cmp.Or(p.Transactions, "/v1/transactions"),
		SyncMerchants: cmp.Or(p.SyncMerchants, "/v1/sync/merchants"),
	}
}

// KeyHeader carries the idempotency key of a POST; the gateway keeps results for 24 hours. It is set in a Header map as it stands here:
// in its canonical spelling net/http would take it for leave to repeat a request by itself, unseen by the code that must know.
const KeyHeader = "idempotency-key"

// replayedHeader marks an answer that was given before: what it says may be out of date.
const replayedHeader = "Idempotent-Replayed"

const (
	queryToken        = "payment_token"
	actionConfirm     = "confirm"
	actionCancel      = "cancel"
	actionTransaction = "transactions"
)

// Status is the state of a PaymentIntent (protocol section 4.5). Cancelled has two l's.
type Status string

// The states. A state that is not listed comes from a newer gateway and is passed through.
const (
	RequiresPaymentMethod Status = "requires_payment_method"
	RequiresAction        Status = "requires_action"
	Processing            Status = "processing"
	Succeeded             Status = "succeeded"
	Failed                Status = "failed"
	Cancelled             Status = "cancelled"
)

// Final reports whether a state never changes again.
func (s Status) Final() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Intent is a PaymentIntent. Amount is in the currency's smallest unit: yen for JPY. Fields that the gateway left out are zero.
type Intent struct {
	ID                 string   `json:"id"`
	Status             Status   `json:"status"`
	Amount             int64    `json:"amount"`
	Currency           string   `json:"currency"`
	MerchantRefID      string   `json:"merchant_ref_id,omitempty"`
	PaymentMethodTypes []string `json:"payment_method_types,omitempty"`
	MerchantStoreID    string   `json:"merchant_store_id,omitempty"`
	MerchantTerminalID string   `json:"merchant_terminal_id,omitempty"`
	OrderID            string   `json:"order_id,omitempty"`
	Description        string   `json:"description,omitempty"`
	ProcessingMode     string   `json:"processing_mode,omitempty"`
	PaymentMethodType  string   `json:"payment_method_type,omitempty"`
	Provider           string   `json:"provider,omitempty"`
	// ProviderTransactionID is there once the PaymentIntent was confirmed.
	ProviderTransactionID string `json:"provider_transaction_id,omitempty"`
	// QRContent is what the QR code holds, QRCodeURL the same where it is an address.
	QRContent string `json:"qr_content,omitempty"`
	QRCodeURL string `json:"qr_code_url,omitempty"`
	// CancellationReason is "expired" for a PaymentIntent whose time ran out.
	CancellationReason string     `json:"cancellation_reason,omitempty"`
	LastError          *LastError `json:"last_error,omitempty"`
	CreatedAt          time.Time  `json:"created_at,omitzero"`
	ExpiresAt          time.Time  `json:"expires_at,omitzero"`
	UpdatedAt          time.Time  `json:"updated_at,omitzero"`
}

// LastError says why a payment failed.
type LastError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Expired reports whether the PaymentIntent was cancelled because its time ran out; a payment then needs a new one.
func (i Intent) Expired() bool { return i.Status == Cancelled && i.CancellationReason == "expired" }

// Transaction is one movement at a provider, or one recorded by capture.
type Transaction struct {
	ID                    string    `json:"id"`
	PaymentIntentID       string    `json:"payment_intent_id"`
	Type                  string    `json:"type,omitempty"`
	Status                string    `json:"status"`
	Amount                int64     `json:"amount"`
	Currency              string    `json:"currency"`
	Provider              string    `json:"provider,omitempty"`
	ProviderTransactionID string    `json:"provider_transaction_id,omitempty"`
	CreatedAt             time.Time `json:"created_at,omitzero"`
}

type confirmRequest struct {
	PaymentToken      string `json:"payment_token,omitempty"`
	PaymentMethodType string `json:"payment_method_type,omitempty"`
	Provider          string `json:"provider,omitempty"`
}

type cancelRequest struct {
	PaymentToken string `json:"payment_token,omitempty"`
}

type transactionsAnswer struct {
	Data *[]Transaction `json:"data"`
}

// errorAnswer is the error envelope.
type errorAnswer struct {
	Error struct {
		Code      string          `json:"code"`
		Message   json.RawMessage `json:"message"` // whatever stands there, the code alone refuses
		Param     json.RawMessage `json:"param"`
		RequestID json.RawMessage `json:"request_id"`
	} `json:"error"`
}

// ErrorCode is the gateway's own code of a refusal. It is an error itself, so that errors.Is(err, pgw.InvalidState) works.
type ErrorCode string

// Error is the code itself.
func (c ErrorCode) Error() string { return string(c) }

// The codes of protocol sections 4.1, 4.6 and 4.7. A code that is not listed is passed through.
const (
	MissingAuthorization   ErrorCode = "missing_authorization"
	InvalidSignature       ErrorCode = "invalid_signature"
	ExpiredSignature       ErrorCode = "expired_signature"
	ClientNotFound         ErrorCode = "client_not_found"
	ClientSuspended        ErrorCode = "client_suspended"
	InvalidPaymentToken    ErrorCode = "invalid_payment_token"
	PaymentTokenExpired    ErrorCode = "payment_token_expired"
	PaymentTokenMismatch   ErrorCode = "payment_token_mismatch"
	IdempotencyConflict    ErrorCode = "idempotency_conflict"
	IdempotencyInProgress  ErrorCode = "idempotency_in_progress"
	InvalidRequest         ErrorCode = "invalid_request"
	ValidationError        ErrorCode = "validation_error"
	PaymentIntentNotFound  ErrorCode = "payment_intent_not_found"
	InvalidState           ErrorCode = "invalid_state"
	DuplicateMerchantRefID ErrorCode = "duplicate_merchant_ref_id"
	ProviderError          ErrorCode = "provider_error"
	ProviderUnavailable    ErrorCode = "provider_unavailable"
	RateLimited            ErrorCode = "rate_limited"
	InternalError          ErrorCode = "internal_error"
)
