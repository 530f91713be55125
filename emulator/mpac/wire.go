package mpac

import (
	"encoding/json"
	"net/http"
	"time"
)

// This file holds what the vendor's pages leave open (protocol sections 2, 3 and 11) and what is therefore ours: bodies, limits,
// lives, error codes. A vendor's answer is a change here. Names of columns and paths that the pages do print are used as printed.

// Paths of the portal that need no token.
const (
	prefix         = "/api/v1"
	pathToken      = "/auth/device/token" //nolint:gosec // a path.
	pathGenerate   = "/device/provision/generateActivationCode"
	pathActivate   = "/device/provision/activate"
	pathActivation = "/device/provision/activationStatus"
	pathJWKS       = "/jwks/"
	pathSocket     = "/ws"
)

// Issuers are FACT; skews and lives of assertions are the defaults of protocol section 2.2.
const (
	issuerDevices    = "svc-portal-devices"
	issuerUsers      = "svc-portal-users"
	assertionSkew    = 30 * time.Second
	assertionMaxLife = 300 * time.Second
	tokenSkew        = 5 * time.Second
	humanLife        = 900 * time.Second
	jwksLife         = 5 * time.Minute
	maxToken         = 8192 // bytes of a JWT
)

// Activation (protocol section 2.4).
const (
	activationLife = 15 * time.Minute
	pollInterval   = 5 // seconds
	maxSerial      = 64
	maxName        = 255
)

// Scopes: three are FACT, refund is ours and given only when it is asked for.
const (
	scopeOrder   = "order:create"
	scopeBill    = "bill:create"
	scopePayment = "payment:create"
	scopeRefund  = "payment:refund"
)

var (
	usualScopes = []string{scopeOrder, scopeBill, scopePayment}
	allScopes   = []string{scopeOrder, scopeBill, scopePayment, scopeRefund}
)

// Roles are FACT; who may do what is ours.
const (
	roleSystem   = "SYSTEM_OP"
	rolePSP      = "PSP_ADMIN"
	roleMerchant = "MERCHANT_ADMIN"
	roleManager  = "STORE_MANAGER"
	roleStaff    = "STAFF"
)

// Limits of smarttab. Amounts are integer yen; the largest fits the vendor's numeric(12,2).
const (
	maxAmount    = 9_999_999_999
	maxItems     = 500
	maxQuantity  = 100_000
	maxSplits    = 100
	maxCombined  = 50
	maxText      = 50
	maxItemName  = 255
	maxReason    = 255
	maxKey       = 100 // FACT: idempotency_key
	usualListLen = 100
	maxListLen   = 1000
)

// The socket (protocol section 3, all of it ours).
const (
	subprotocol    = "mpac.v1"
	maxFrame       = 64 << 10
	heartbeat      = 30 // seconds between a client's pings
	maxMessages    = 60 // a minute, ack, ping and auth.refresh not counted
	replayLife     = 24 * time.Hour
	closeBad       = 4400
	closeAuth      = 4401
	closeForbidden = 4403
	closeSilent    = 4408
	closeReplaced  = 4409
	closeRate      = 4429
	closeUTF8      = 1007
	closeRestart   = 1012
)

// tokenAnswer is the token endpoint's 200 (protocol section 2.2).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// deviceClaims are those of a device token (protocol section 2.3).
type deviceClaims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	DeviceSN   string   `json:"device_sn"`
	MerchantID int64    `json:"merchant_id"`
	StoreID    int64    `json:"store_id"`
	Scope      []string `json:"scope"`
	IssuedAt   int64    `json:"iat"`
	Expires    int64    `json:"exp"`
	ID         string   `json:"jti"`
}

// humanClaims are those of a person's token.
type humanClaims struct {
	Issuer     string `json:"iss"`
	Subject    string `json:"sub"`
	Role       string `json:"role"`
	MerchantID int64  `json:"merchant_id"`
	StoreID    int64  `json:"store_id"`
	PSPID      int64  `json:"psp_id"`
	IssuedAt   int64  `json:"iat"`
	Expires    int64  `json:"exp"`
	ID         string `json:"jti"`
}

// codeAnswer is generateActivationCode's 201.
type codeAnswer struct {
	DeviceID       string `json:"device_id"`
	ClientID       string `json:"client_id"`
	ActivationCode string `json:"activation_code"`
	ExpiresAt      string `json:"expires_at"`
	PollInterval   int    `json:"poll_interval"`
}

// statusAnswer is activationStatus's 200; the ids come once it is active.
type statusAnswer struct {
	Status     string `json:"status"`
	ClientID   string `json:"client_id,omitempty"`
	MerchantID int64  `json:"merchant_id,omitempty"`
	StoreID    int64  `json:"store_id,omitempty"`
}

// order is the resource (names of OB and DB:orders; bodies are ours).
type order struct {
	ID             string          `json:"id"`
	MerchantID     int64           `json:"merchant_id"`
	StoreID        int64           `json:"store_id"`
	DeviceID       *string         `json:"device_id"`
	OrderNumber    string          `json:"order_number"`
	OrderType      string          `json:"order_type"`
	TableNumber    *string         `json:"table_number"`
	CustomerID     json.RawMessage `json:"customer_id"`
	Items          []item          `json:"items"`
	Subtotal       int64           `json:"subtotal"`
	TaxAmount      int64           `json:"tax_amount"`
	DiscountAmount int64           `json:"discount_amount"`
	TotalAmount    int64           `json:"total_amount"`
	Status         string          `json:"status"`
	CreatedAt      string          `json:"created_at"`
	UpdatedAt      string          `json:"updated_at"`
	CompletedAt    *string         `json:"completed_at"`
}

// item is a line of an order; prices include tax (ours).
type item struct {
	Sequence  int64  `json:"sequence"`
	ItemName  string `json:"item_name"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unit_price"`
	Subtotal  int64  `json:"subtotal"`
}

// billRow is the resource (columns of DB:bills; paid_amount, refunded_amount and splits are ours).
type billRow struct {
	ID                   string   `json:"id"`
	MerchantID           int64    `json:"merchant_id"`
	StoreID              int64    `json:"store_id"`
	OrderID              *string  `json:"order_id"`
	BillNumber           string   `json:"bill_number"`
	Subtotal             int64    `json:"subtotal"`
	DiscountAmount       int64    `json:"discount_amount"`
	Tax                  int64    `json:"tax"`
	TotalAmount          int64    `json:"total_amount"`
	PaidAmount           int64    `json:"paid_amount"`
	RefundedAmount       int64    `json:"refunded_amount"`
	Status               string   `json:"status"`
	PaidAt               *string  `json:"paid_at"`
	CustomerName         *string  `json:"customer_name"`
	StaffCode            *string  `json:"staff_code"`
	TableNumber          *string  `json:"table_number"`
	Description          *string  `json:"description"`
	IsSplit              bool     `json:"is_split"`
	SplitCount           int      `json:"split_count"`
	Splits               []split  `json:"splits"`
	IsCombined           bool     `json:"is_combined"`
	CombinedOrderIDs     []string `json:"combined_order_ids"`
	CombinedBillIDs      []string `json:"combined_bill_ids"`
	CombinedTableNumbers []string `json:"combined_table_numbers"`
	CreatedAt            string   `json:"created_at"`
	UpdatedAt            string   `json:"updated_at"`
}

// split is one part of a split bill; it is paid by payments that name its split_id.
type split struct {
	SplitID    int64 `json:"split_id"`
	Amount     int64 `json:"amount"`
	PaidAmount int64 `json:"paid_amount"`
}

// payment is the resource (columns of DB:payments; payment_method is FACT, card_slip_number, corr_id and payment_intent_id are ours).
type payment struct {
	ID             string  `json:"id"`
	MerchantID     int64   `json:"merchant_id"`
	StoreID        int64   `json:"store_id"`
	DeviceID       *string `json:"device_id"`
	BillID         string  `json:"bill_id"`
	SplitID        *int64  `json:"split_id"`
	PaymentMethod  string  `json:"payment_method"`
	ProcessingMode string  `json:"processing_mode"`
	IdempotencyKey string  `json:"idempotency_key"`
	Amount         int64   `json:"amount"`
	TipAmount      int64   `json:"tip_amount"`
	TotalAmount    int64   `json:"total_amount"`
	Currency       string  `json:"currency"`
	Status         string  `json:"status"`
	ApprovalCode   *string `json:"approval_code"`
	CardLast4      *string `json:"card_last_4"`
	CardSlipNumber *string `json:"card_slip_number"`
	CorrID         *string `json:"corr_id"`
	ErrorCode      *string `json:"error_code"`
	ErrorMessage   *string `json:"error_message"`
	ProcessedAt    *string `json:"processed_at"`
	CashReceived   *int64  `json:"cash_received"`
	ChangeAmount   *int64  `json:"change_amount"`
	RefundAmount   int64   `json:"refund_amount"`
	RefundedAt     *string `json:"refunded_at"`
	CreatedAt      string  `json:"created_at"`
	UpdatedAt      string  `json:"updated_at"`
	// With a QR method.
	PaymentIntentID *string `json:"payment_intent_id,omitempty"`
	TransactionID   *string `json:"transaction_id,omitempty"`
}

// modeGateway is processed by the payment gateway, which alone says how it ends.
const modeGateway = "pgw_processed"

// modes are the methods and where they are processed (FACT).
var modes = map[string]string{"cash": "manual", "credit_card": "external", "e_money": "external", "qr_mpm": modeGateway, "qr_cpm": modeGateway}

// refund is the resource (columns of DB:refunds).
type refund struct {
	ID             string `json:"id"`
	MerchantID     int64  `json:"merchant_id"`
	StoreID        int64  `json:"store_id"`
	PaymentID      string `json:"payment_id"`
	IdempotencyKey string `json:"idempotency_key"`
	Amount         int64  `json:"amount"`
	Reason         string `json:"reason"`
	StaffCode      string `json:"staff_code"`
	Status         string `json:"status"`
	RefundedAt     string `json:"refunded_at"`
	CallerType     string `json:"caller_type"`
	CallerID       string `json:"caller_id"`
}

// reply is a message of the server.
type reply struct {
	V    int    `json:"v"`
	Type string `json:"type"`
	ID   string `json:"id"`
	Seq  int64  `json:"seq,omitempty"`
	TS   string `json:"ts"`
	Re   string `json:"re,omitempty"`
	Data any    `json:"data,omitempty"`
}

// eventData is the data of an event frame.
type eventData struct {
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload"`
}

// patience is how long the server waits for a client.
type patience struct {
	hello   time.Duration // for its first message
	silence time.Duration // for anything: three pings that did not come
	refresh time.Duration // for a new token, by the virtual clock
	write   time.Duration // for it to read
	closing time.Duration // for its half of a close
	look    time.Duration // between two looks at all that
}

var usualPatience = patience{
	hello: 10 * time.Second, silence: 3 * heartbeat * time.Second, refresh: 16 * time.Minute, write: 10 * time.Second, closing: 3 * time.Second,
	look: 250 * time.Millisecond,
}

// reasons are what a close code says by itself.
var reasons = map[int]string{
	closeBad: "bad frame", closeAuth: "token", closeForbidden: suspended, closeSilent: "heartbeat", closeReplaced: "replaced", closeRate: "rate",
	closeRestart: "restart",
}

// Refusals that more than one place gives.
var (
	errNotFound     = no(http.StatusNotFound, "not_found", "there is no such resource here")
	errToken        = no(http.StatusUnauthorized, "invalid_token", "a valid Bearer token is needed")
	errScope        = no(http.StatusForbidden, "insufficient_scope", "the token lacks the scope of this call; ask for it in the token request")
	errForbidden    = no(http.StatusForbidden, "forbidden", "this caller may not do this")
	errJSON         = no(http.StatusBadRequest, "malformed_json", "the body must be one JSON object")
	errKeyMissing   = no(http.StatusBadRequest, "idempotency_key_required", "this call needs the header Idempotency-Key, 1 to 100 printable characters")
	errKeyConflict  = no(http.StatusConflict, "idempotency_conflict", "this Idempotency-Key was used with another request; make a new key")
	errBound        = no(http.StatusConflict, "already_active", "this serial number belongs to a device that was activated")
	errInvalidAgent = &oauthError{http.StatusUnauthorized, "invalid_client", "the client assertion is not accepted"}
)
