package mpac

import (
	"encoding/json"
	"time"
)

// This file is the whole wire of MPAC: paths, field names, scopes and codes. On the vendor's record are the paths, the two
// names access_token and expires_in, the payment request and the columns of orders, bills and payments (protocol sections 2.2
// to 2.5). All else is protocol section 2's default, ours (OPEN there): the bodies of provisioning, split, combine and refund,
// list envelopes, error codes and the name of the idempotency header, so that the vendor's answer is a change of this file.

// Paths of the calls, appended to the base URL. Zero values are the defaults, which begin with /api/v1.
type Paths struct {
	GenerateActivationCode, Activate, ActivationStatus string
	Token, DeviceKeys, HumanKeys                       string
	Orders, Bills, Payments                            string
}

// ShortPaths are the forms without /api/v1 that the vendor's communication page prints (conflict C3).
func ShortPaths() Paths { return pathsUnder("") }

func pathsUnder(prefix string) Paths {
	return Paths{
		GenerateActivationCode: prefix + "/device/provision/generateActivationCode",
		Activate:               prefix + "/device/provision/activate",
		ActivationStatus:       prefix + "/device/provision/activationStatus",
		Token:                  prefix + "/auth/device/token",
		DeviceKeys:             prefix + "/jwks/device",
		HumanKeys:              prefix + "/jwks/human",
		Orders:                 prefix + "/orders",
		Bills:                  prefix + "/bills",
		Payments:               prefix + "/payments",
	}
}

// Scopes of a device token (protocol section 2.3). Refund is OPEN, ours; it is given only when asked for.
const (
	ScopeOrder   = "order:create"
	ScopeBill    = "bill:create"
	ScopePayment = "payment:create"
	ScopeRefund  = "payment:refund"
)

// keyHeader carries the idempotency key (OPEN, ours). It is set in a Header map as it stands here: in its canonical spelling net/http
// would take it for leave to repeat a request by itself, unseen by the code that must know.
const keyHeader = "idempotency-key"

// codeInProgress is the error code of a call whose first try is still being worked on (OPEN, ours).
const codeInProgress = "in_progress"

// States of a device in error codes and descriptions (names FACT of protocol section 2.4, their place OPEN).
const (
	suspended      = "suspended"
	decommissioned = "decommissioned"
)

type codeRequest struct {
	SerialNumber string `json:"serial_number"`
	PublicKeyPEM string `json:"public_key_pem"`
	DeviceName   string `json:"device_name,omitempty"`
}

type codeAnswer struct {
	DeviceID       string `json:"device_id"`
	ClientID       string `json:"client_id"`
	ActivationCode string `json:"activation_code"`
	ExpiresAt      string `json:"expires_at"`    // RFC 3339
	PollInterval   *int   `json:"poll_interval"` // seconds
}

type statusAnswer struct {
	Status     string `json:"status"` // pending, active or expired
	ClientID   string `json:"client_id"`
	MerchantID int64  `json:"merchant_id"`
	StoreID    int64  `json:"store_id"`
}

type activateRequest struct {
	ActivationCode string `json:"activation_code"`
	MerchantID     int64  `json:"merchant_id"`
	StoreID        int64  `json:"store_id"`
	DeviceName     string `json:"device_name,omitempty"`
}

type activateAnswer struct {
	DeviceID string `json:"device_id"`
	Status   string `json:"status"` // active
}

// Fixed fields of a token request (RFC 6749 section 4.4, RFC 7523 section 2.2).
const (
	grantType     = "client_credentials"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

type tokenRequest struct {
	GrantType     string `json:"grant_type"`
	AssertionType string `json:"client_assertion_type"`
	Assertion     string `json:"client_assertion"`
	ClientID      string `json:"client_id"`
	Scope         string `json:"scope,omitempty"`
}

type tokenAnswer struct {
	AccessToken *string         `json:"access_token"`
	TokenType   string          `json:"token_type"`
	ExpiresIn   json.RawMessage `json:"expires_in"`
	Scope       json.RawMessage `json:"scope"` // text with spaces, or a list
}

// oauthError is the error body of the token endpoint (RFC 6749 section 5.2).
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// gatewayError is the error body of every other call.
type gatewayError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

type keySet struct {
	Keys []jwk `json:"keys"`
}

type jwk struct {
	KeyType string `json:"kty"`
	KeyID   string `json:"kid"`
	Curve   string `json:"crv"`
	X       string `json:"x"`
	Y       string `json:"y"`
	N       string `json:"n"`
	E       string `json:"e"`
}

type list[T any] struct {
	Items *[]T `json:"items"`
}

// Item is one line of an order.
type Item struct {
	Sequence  int    `json:"sequence"`
	Name      string `json:"item_name"`
	Quantity  int    `json:"quantity"`
	UnitPrice Yen    `json:"unit_price"`
	Subtotal  Yen    `json:"subtotal"`
}

// NewOrder is what an order is made of. Type is dine_in, takeaway or delivery.
type NewOrder struct {
	Type        string `json:"order_type"`
	TableNumber string `json:"table_number,omitempty"`
	CustomerID  string `json:"customer_id,omitempty"`
	Items       []Item `json:"items"`
}

// Order is an order of the device's store.
type Order struct {
	ID          string      `json:"id"`
	Number      string      `json:"order_number"`
	Type        string      `json:"order_type"`
	TableNumber string      `json:"table_number"`
	MerchantID  int64       `json:"merchant_id"`
	StoreID     int64       `json:"store_id"`
	DeviceID    string      `json:"device_id"`
	Items       []Item      `json:"items"`
	Subtotal    Yen         `json:"subtotal"`
	Tax         Yen         `json:"tax_amount"`
	Discount    Yen         `json:"discount_amount"`
	Total       Yen         `json:"total_amount"`
	Status      OrderStatus `json:"status"`
	CreatedAt   time.Time   `json:"created_at"`
	CompletedAt *time.Time  `json:"completed_at"`
}

type changeOrder struct {
	Items []Item `json:"items"`
}

type newBill struct {
	OrderID string `json:"order_id"`
}

type splitBill struct {
	Amounts []Yen `json:"amounts"`
}

type combineBills struct {
	BillIDs []string `json:"bill_ids"`
}

// Bill is what is to be paid for an order.
type Bill struct {
	ID         string     `json:"id"`
	OrderID    string     `json:"order_id"`
	Number     string     `json:"bill_number"`
	MerchantID int64      `json:"merchant_id"`
	StoreID    int64      `json:"store_id"`
	Subtotal   Yen        `json:"subtotal"`
	Discount   Yen        `json:"discount_amount"`
	Tax        Yen        `json:"tax"`
	Total      Yen        `json:"total_amount"`
	Status     BillStatus `json:"status"`
	PaidAt     *time.Time `json:"paid_at"`
	IsSplit    bool       `json:"is_split"`
	SplitCount int        `json:"split_count"`
	Splits     []Split    `json:"splits"`
	IsCombined bool       `json:"is_combined"`
}

// Split is a part of a bill that is paid by itself.
type Split struct {
	ID     int64  `json:"split_id"`
	Amount Yen    `json:"amount"`
	Status string `json:"status"`
}

// NewPayment is what a payment is made of. Method is cash, credit_card, qr_mpm, qr_cpm or e_money; SplitID names the part of a
// split bill, zero the bill.
type NewPayment struct {
	BillID  string `json:"bill_id"`
	SplitID int64  `json:"split_id,omitempty"`
	Amount  Yen    `json:"amount"`
	Method  string `json:"payment_method"`
}

// Payment is a payment of a bill. Cash is completed at once; a QR method comes with IntentID and IntentToken.
type Payment struct {
	ID           string        `json:"id"`
	BillID       string        `json:"bill_id"`
	SplitID      int64         `json:"split_id"`
	Method       string        `json:"payment_method"`
	Amount       Yen           `json:"amount"`
	Tip          Yen           `json:"tip_amount"`
	Total        Yen           `json:"total_amount"`
	Currency     string        `json:"currency"`
	Status       PaymentStatus `json:"status"`
	ApprovalCode string        `json:"approval_code"`
	CardLast4    string        `json:"card_last_4"`
	ErrorCode    string        `json:"error_code"`
	ErrorMessage string        `json:"error_message"`
	RefundAmount Yen           `json:"refund_amount"`
	ProcessedAt  *time.Time    `json:"processed_at"`
	RefundedAt   *time.Time    `json:"refunded_at"`
	CorrID       string        `json:"corr_id"`
	IntentID     string        `json:"payment_intent_id"`
	IntentToken  AccessToken   `json:"payment_token"`
}

// CardOutcome is what the card app said about a payment; it updates the payment's row.
type CardOutcome struct {
	Status         PaymentStatus `json:"status"`
	ApprovalCode   string        `json:"approval_code,omitempty"`
	CardLast4      string        `json:"card_last_4,omitempty"`
	CardSlipNumber string        `json:"card_slip_number,omitempty"`
	CorrID         string        `json:"corr_id,omitempty"`
}

// NewRefund is what a refund is made of; all fields are needed.
type NewRefund struct {
	Amount    Yen    `json:"amount"`
	Reason    string `json:"reason"`
	StaffCode string `json:"staff_code"`
}
