package intentbridge

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// Payment is a card payment of the ledger.
type Payment struct {
	CorrID string
	State  State
	// Amount in yen.
	Amount int64
	// PaymentID is the payment of the backend in which the result is recorded; "" when none was named.
	PaymentID string
	// StartedAt is when the request was made, ClosedAt when its result came, zero before: trusted time, UTC.
	StartedAt, ClosedAt time.Time
	// Result is zero while the payment is open.
	Result Result
	// ByOperator is true when the operator said what happened.
	ByOperator bool
	// RecordError is why the backend does not have the result yet, "" when it was not asked or has it.
	RecordError fault.Code
}

// Memory remembers small values durably; the offline.Store is one.
type Memory interface {
	// SetSetting stores a value, or forgets it when it is ""; it is on disk when the call returns.
	SetSetting(key, value string) error
	// Settings gives the values of all keys that begin with prefix.
	Settings(prefix string) (map[string]string, error)
}

// settingCard is before the corr_id of a payment in the Memory.
const settingCard = "card."

// keepClosed is how many payments are kept that have nothing open, so that a second result is known as one. The newest is always
// kept: behind it new corr_ids begin.
const keepClosed = 100

// stored is a payment as it is remembered.
type stored struct {
	State       State             `json:"state"`
	Amount      int64             `json:"amount"`
	PaymentID   string            `json:"paymentId,omitempty"`
	StartedAt   time.Time         `json:"startedAt"`
	ClosedAt    time.Time         `json:"closedAt,omitzero"`
	Status      Status            `json:"status,omitempty"`
	Approval    string            `json:"approvalCode,omitempty"`
	Slip        string            `json:"cardSlipNumber,omitempty"`
	Last4       string            `json:"cardLast4,omitempty"`
	Message     string            `json:"errorMessage,omitempty"`
	Unknown     map[string]string `json:"unknown,omitempty"`
	ByOperator  bool              `json:"byOperator,omitempty"`
	RecordError fault.Code        `json:"recordError,omitempty"`
}

func (l *Ledger) save(op string, p Payment) error {
	value, err := json.Marshal(stored{
		p.State, p.Amount, p.PaymentID, p.StartedAt, p.ClosedAt, p.Result.Status, p.Result.ApprovalCode, p.Result.CardSlipNumber, p.Result.CardLast4,
		p.Result.ErrorMessage, p.Result.Unknown, p.ByOperator, p.RecordError,
	})
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	if err := l.memory.SetSetting(settingCard+p.CorrID, string(value)); err != nil {
		return fmt.Errorf("%s: keep the card payment: %w", op, err)
	}
	return nil
}

// load gives all payments, oldest first. One that cannot be read counts as open: the card may have been charged.
func (l *Ledger) load(op string) ([]Payment, error) {
	values, err := l.memory.Settings(settingCard)
	if err != nil {
		return nil, fmt.Errorf("%s: card payments: %w", op, err)
	}
	all := make([]Payment, 0, len(values))
	for key, value := range values {
		p := Payment{CorrID: strings.TrimPrefix(key, settingCard), State: Open}
		var s stored
		if json.Unmarshal([]byte(value), &s) == nil && slices.Contains(states, s.State) {
			p.State, p.Amount, p.PaymentID, p.StartedAt, p.ClosedAt = s.State, s.Amount, s.PaymentID, s.StartedAt, s.ClosedAt
			p.Result = Result{s.Status, s.Approval, s.Slip, s.Last4, s.Message, "", s.Unknown}
			p.ByOperator, p.RecordError = s.ByOperator, s.RecordError
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Payment) int {
		if order := stampOf(a.CorrID) - stampOf(b.CorrID); order != 0 {
			return int(max(min(order, 1), -1))
		}
		return strings.Compare(a.CorrID, b.CorrID)
	})
	return all, nil
}

// tidy forgets the oldest payments that have nothing open, beyond those that are kept.
func (l *Ledger) tidy(op string, all []Payment) error {
	closed := slices.DeleteFunc(slices.Clone(all), func(p Payment) bool { return p.State == Open || p.State == Recording })
	for len(closed) > keepClosed {
		if err := l.memory.SetSetting(settingCard+closed[0].CorrID, ""); err != nil {
			return fmt.Errorf("%s: forget a card payment: %w", op, err)
		}
		closed = closed[1:]
	}
	return nil
}

func inState(all []Payment, state State) []Payment {
	return slices.DeleteFunc(slices.Clone(all), func(p Payment) bool { return p.State != state })
}

func find(all []Payment, corrID string) (Payment, bool) {
	i := slices.IndexFunc(all, func(p Payment) bool { return p.CorrID == corrID })
	if i < 0 {
		return Payment{}, false
	}
	return all[i], true
}
