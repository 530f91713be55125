package intentbridge

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Options set up a Ledger; all are needed.
type Options struct {
	Memory Memory
	// Now is trusted time.
	Now func() time.Time
}

// Ledger keeps the card payments of one terminal. Make one with New.
type Ledger struct {
	memory Memory
	now    func() time.Time
	mu     sync.Mutex // held through every change of a payment
	// recording holds one token, taken while the backend is asked; it is a channel so that who waits for it can leave.
	recording chan struct{}
}

// New returns a ledger over a memory. Errors: invalid_config.
func New(o Options) (*Ledger, error) {
	if o.Memory == nil || o.Now == nil {
		return nil, fault.New(fault.InvalidConfig, "intentbridge: options", "Memory and Now are needed")
	}
	return &Ledger{memory: o.Memory, now: o.Now, recording: make(chan struct{}, 1)}, nil
}

// isPaymentID checks the id of a payment of the backend; it stands in a path and in an idempotency key.
func isPaymentID(text string) bool { return httpx.IsID(text, maxPaymentID) }

// Begin writes a card payment down and gives the Intent for it. The request's CorrID is made here. paymentID is the payment of the
// backend in which the result will be recorded, "" for none, or for one that is named later. Errors: invalid_amount, invalid_request,
// conflict for a payment whose card request has no result yet, already_resolved for one that has its result, clock_wrong, storage
// faults.
func (l *Ledger) Begin(r Request, paymentID string) (Launch, error) {
	const op = "intentbridge: begin"
	l.mu.Lock()
	defer l.mu.Unlock()
	if paymentID != "" && !isPaymentID(paymentID) {
		return Launch{}, fault.New(fault.InvalidRequest, op, "paymentId must be 1 to 64 letters, digits, _ and -")
	}
	all, err := l.load(op)
	if err != nil {
		return Launch{}, err
	}
	if err := chargedOnce(op, all, paymentID); err != nil {
		return Launch{}, err
	}
	now := l.now().UTC()
	if r.CorrID, err = newCorrID(r.ClassificationCode, now.UnixMilli(), all); err != nil {
		return Launch{}, err
	}
	out, err := launch(r)
	if err != nil {
		return Launch{}, err
	}
	if err := l.tidy(op, all); err != nil {
		return Launch{}, err
	}
	if err := l.save(op, Payment{CorrID: r.CorrID, State: Open, Amount: r.Amount, PaymentID: paymentID, StartedAt: now.Truncate(time.Second)}); err != nil {
		return Launch{}, err
	}
	return out, nil
}

// chargedOnce guards against a second charge for one payment of the backend: behind an unknown outcome, and behind a result, which
// ends the payment whatever it is (protocol section 6.2).
func chargedOnce(op string, all []Payment, paymentID string) error {
	i := slices.IndexFunc(all, func(p Payment) bool { return p.PaymentID == paymentID })
	switch {
	case paymentID == "" || i < 0:
		return nil
	case all[i].State == Open:
		return fault.New(fault.Conflict, op, "this payment was handed to the card app and has no result: decode it, or say what happened, before the card is charged again")
	}
	return fault.New(fault.AlreadyResolved, op, "this payment has its card result: a new try is a new payment of the backend")
}

// ResultCode is how the Credit Card App ended.
type ResultCode string

// The result codes of Android. Any other tells nothing.
const (
	ResultOK       ResultCode = "ok"
	ResultCanceled ResultCode = "cancelled"
)

// Settle closes a card payment with what the Credit Card App gave back: its result code and the text of its result, empty when there is
// none. corrID is the request that was asked about, "" when the app does not know it. A result that does not name its request belongs
// to the one that is open; with several open it belongs to none. Errors, after which every payment is as it was:
// card_app_result_invalid for a missing or unreadable result, foreign_corr_id, payment_unknown, already_resolved, storage faults.
func (l *Ledger) Settle(corrID string, code ResultCode, result []byte) (Payment, error) {
	const op = "intentbridge: result"
	r, err := read(code, result)
	if err != nil {
		return Payment{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all, err := l.load(op)
	if err != nil {
		return Payment{}, err
	}
	p, err := belonging(all, corrID, r.CorrID)
	if err != nil {
		return Payment{}, err
	}
	return l.settle(op, p, r, false)
}

// read makes a result of what came back.
func read(code ResultCode, result []byte) (Result, error) {
	const op = "intentbridge: result"
	switch {
	case code == ResultCanceled && len(result) == 0:
		return Result{Status: Cancelled}, nil
	case code != ResultOK && code != ResultCanceled:
		return Result{}, invalid(op, errors.New("the card app ended with a result code that says nothing"))
	}
	r, err := DecodeResult(result)
	if err == nil && code == ResultCanceled && r.Status == Success {
		err = invalid(op, errors.New("the card app was cancelled and says success"))
	}
	return r, err
}

// belonging finds the payment of a result.
func belonging(all []Payment, asked, named string) (Payment, error) {
	const op = "intentbridge: result"
	if asked != "" && named != "" && asked != named {
		return Payment{}, fault.New(fault.ForeignCorrID, op, "the result names another corr_id than the one that was asked about")
	}
	if named == "" {
		named = asked
		open := inState(all, Open)
		switch p, known := find(all, asked); {
		case known && p.State != Open:
			return p, nil // settle says that it has its result
		case len(open) > 1 && (known || asked == ""):
			return Payment{}, fault.New(fault.ForeignCorrID, op, "the result has no corr_id and several requests are open: say what became of the others first")
		case len(open) == 1 && asked == "":
			return open[0], nil
		}
	}
	p, known := find(all, named)
	if !known {
		return Payment{}, fault.New(fault.PaymentUnknown, op, "no card payment with this corr_id was begun here")
	}
	return p, nil
}

// settle is for holders of mu.
func (l *Ledger) settle(op string, p Payment, r Result, byOperator bool) (Payment, error) {
	state, err := next(p.State, settle)
	if err != nil {
		return Payment{}, fault.New(fault.AlreadyResolved, op, second(p.Result.Status, r.Status))
	}
	if p.PaymentID != "" {
		if state, err = next(state, record); err != nil {
			return Payment{}, fault.Wrap(fault.Internal, op, err)
		}
	}
	p.State, p.Result, p.ByOperator, p.ClosedAt = state, r, byOperator, l.now().UTC().Truncate(time.Second)
	p.Result.CorrID = ""
	return p, l.save(op, p)
}

// second says what a second result means. Android brings one late, when the operator has said already what the slip did not show yet.
func second(first, late Status) string {
	text := "it ended as " + string(first) + ", and that stays"
	if late == first {
		return text
	}
	text += "; this result says " + string(late)
	if late == Success {
		text += ": the card was charged, pay it back or record it by hand"
	}
	return text
}

// Resolve closes an open card payment by the operator's word. Errors: invalid_request, payment_unknown, already_resolved, storage
// faults.
func (l *Ledger) Resolve(corrID string, status Status) (Payment, error) {
	const op = "intentbridge: resolve"
	if !status.Known() {
		return Payment{}, fault.New(fault.InvalidRequest, op, "status must be success, declined, error or cancelled")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.payment(op, corrID)
	if err != nil {
		return Payment{}, err
	}
	return l.settle(op, p, Result{Status: status}, true)
}

// payment is for holders of mu.
func (l *Ledger) payment(op, corrID string) (Payment, error) {
	all, err := l.load(op)
	if err != nil {
		return Payment{}, err
	}
	p, known := find(all, corrID)
	if !known {
		return Payment{}, fault.New(fault.PaymentUnknown, op, "no card payment with this corr_id was begun here")
	}
	return p, nil
}

// Open lists the card payments whose result is not known, Unrecorded those whose result the backend does not have; oldest first.
func (l *Ledger) Open() ([]Payment, error) { return l.list(Open) }

// Unrecorded is described at Open.
func (l *Ledger) Unrecorded() ([]Payment, error) { return l.list(Recording) }

func (l *Ledger) list(state State) ([]Payment, error) {
	const op = "intentbridge: list"
	l.mu.Lock()
	defer l.mu.Unlock()
	all, err := l.load(op)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return inState(all, state), nil
}
