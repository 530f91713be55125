package merchant

import "github.com/smartpos-go/terminal/backend/pgw"

// This file is the part of the wire that a merchant's server alone uses; what it shares with terminals is in pgw's wire.go. The
// request of create is on the vendor's record (protocol section 4.3). The list's filters and envelope, capture's body and that of
// sync are open: the defaults of protocol sections 4.3, 4.4, 4.8 and 11, ours.

// Request is what a PaymentIntent is created from. Amount, Currency, MerchantRefID and one of PaymentMethodTypes are needed.
type Request struct {
	// Amount is in the currency's smallest unit: yen for JPY. 1 to 2^53-1.
	Amount int64 `json:"amount"`
	// Currency is an ISO 4217 code.
	Currency string `json:"currency"`
	// MerchantRefID is the merchant's own id of the payment, unique for the merchant: 1 to 100 characters.
	MerchantRefID string `json:"merchant_ref_id"`
	// PaymentMethodTypes such as qr_mpm, qr_cpm, credit_card, cash.
	PaymentMethodTypes []string `json:"payment_method_types"`
	// ProcessingMode is pgw_processed, external or manual; "" is by the method.
	ProcessingMode     string `json:"processing_mode,omitempty"`
	OrderID            string `json:"order_id,omitempty"`
	MerchantID         string `json:"merchant_id,omitempty"`
	MerchantStoreID    string `json:"merchant_store_id,omitempty"`
	MerchantTerminalID string `json:"merchant_terminal_id,omitempty"`
	Description        string `json:"description,omitempty"`
	// ExpiresInMinutes is 1 to 1440; 0 is the gateway's 30.
	ExpiresInMinutes int `json:"expires_in_minutes,omitempty"`
}

// createAnswer is the one answer that carries a payment token.
type createAnswer struct {
	pgw.Intent
	PaymentToken string `json:"payment_token"`
}

// Filter limits a list. The zero value is the newest 50.
type Filter struct {
	MerchantRefID string
	Status        pgw.Status
	// Limit is 1 to 100; 0 is 50.
	Limit int
	// StartingAfter is the id behind which the list begins: the last one of the page before.
	StartingAfter string
}

const (
	queryRef    = "merchant_ref_id"
	queryStatus = "status"
	queryLimit  = "limit"
	queryAfter  = "starting_after"

	actionCapture = "capture"
)

type listAnswer struct {
	Data    *[]listed `json:"data"`
	HasMore bool      `json:"has_more"`
}

// listed says whose a PaymentIntent is: a list has those of all merchants of the organisation.
type listed struct {
	pgw.Intent
	MerchantID string `json:"merchant_id"`
}

// Outcome is what capture records of a payment that was made elsewhere: by card, or in cash.
type Outcome struct {
	ApprovalCode   string `json:"approval_code,omitempty"`
	CardLast4      string `json:"card_last_4,omitempty"`
	CardSlipNumber string `json:"card_slip_number,omitempty"`
	// Amount is checked against the PaymentIntent's; 0 leaves it out.
	Amount int64 `json:"amount,omitempty"`
	// CashReceived is what the payer handed over.
	CashReceived int64 `json:"cash_received,omitempty"`
}

// Merchant is a merchant with its stores, as the portal knows it.
type Merchant struct {
	ID     string  `json:"id"`
	Code   string  `json:"code"`
	Name   string  `json:"name"`
	Status string  `json:"status"` // active or inactive
	Stores []Store `json:"stores"`
}

// Store is a store of a merchant.
type Store struct {
	ID     string `json:"id"`
	Code   string `json:"code"`
	Name   string `json:"name"`
	Status string `json:"status"` // active or inactive
}

type syncRequest struct {
	Merchants []Merchant `json:"merchants"`
}

type syncAnswer struct {
	Upserted *int `json:"upserted"`
}
