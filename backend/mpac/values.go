package mpac

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
)

// AccessToken is a bearer token. It prints, logs and encodes as a placeholder; string(t) is the token.
type AccessToken string

const placeholder = "[token]"

// String hides the token.
func (AccessToken) String() string { return placeholder }

// GoString hides the token.
func (AccessToken) GoString() string { return placeholder }

// LogValue hides the token.
func (AccessToken) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText hides the token.
func (AccessToken) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// Yen is an amount in whole yen: JPY has no minor unit, and nothing is scaled (conflict C7).
type Yen int64

// maxYen is the largest amount the database's numeric(12,2) holds.
const maxYen Yen = 9_999_999_999

// UnmarshalJSON takes an integer number of at most 9,999,999,999 either way. A fraction, an exponent or text is refused: what
// cannot be paid in coins must not be rounded.
func (y *Yen) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || Yen(n) > maxYen || Yen(n) < -maxYen {
		return errors.New("an amount that is not a number of whole yen")
	}
	*y = Yen(n)
	return nil
}

// OrderStatus is draft, open, billed, completed or cancelled.
type OrderStatus string

// BillStatus is pending, partial, paid or cancelled.
type BillStatus string

// PaymentStatus is pending, processing, completed, failed, refunded or cancelled.
type PaymentStatus string

// States that callers ask for.
const (
	OrderOpen         OrderStatus   = "open"
	OrderBilled       OrderStatus   = "billed"
	OrderCompleted    OrderStatus   = "completed"
	OrderCancelled    OrderStatus   = "cancelled"
	BillPending       BillStatus    = "pending"
	BillPartial       BillStatus    = "partial"
	BillPaid          BillStatus    = "paid"
	PaymentPending    PaymentStatus = "pending"
	PaymentProcessing PaymentStatus = "processing"
	PaymentCompleted  PaymentStatus = "completed"
	PaymentFailed     PaymentStatus = "failed"
	PaymentRefunded   PaymentStatus = "refunded"
	PaymentCancelled  PaymentStatus = "cancelled"
)

// UnmarshalJSON reads "paid" as billed (conflict C6).
func (s *OrderStatus) UnmarshalJSON(text []byte) error { return state(text, s, "paid", OrderBilled) }

// UnmarshalJSON reads "unpaid" as pending (conflict C6).
func (s *BillStatus) UnmarshalJSON(text []byte) error { return state(text, s, "unpaid", BillPending) }

// UnmarshalJSON reads "succeeded" as completed (conflict C6).
func (s *PaymentStatus) UnmarshalJSON(text []byte) error {
	return state(text, s, "succeeded", PaymentCompleted)
}

func state[S ~string](text []byte, into *S, other string, means S) error {
	var name string
	if err := json.Unmarshal(text, &name); err != nil {
		return err //nolint:wrapcheck // the caller says what cannot be read.
	}
	if *into = S(name); name == other {
		*into = means
	}
	return nil
}
