package intentbridge

import (
	"context"

	"github.com/smartpos-go/terminal/fault"
)

// Recorder writes the result of a card payment into a payment of the backend.
type Recorder interface {
	// RecordCard writes it once under the idempotency key. It returns nil when the backend has the result, also from before, and a
	// fault otherwise.
	RecordCard(ctx context.Context, paymentID string, p Payment, key string) error
}

// Record has the result of a card payment recorded in a payment of the backend; paymentID "" is the one that Begin was given. When
// the backend gives no answer the payment stays due for RecordDue, and the fault is returned with it. A payment that the backend refused
// (conflict, not_found, protocol_error) can be named anew. Errors: payment_unknown, outcome_unknown for a card payment without a
// result, already_resolved for one that is recorded elsewhere, conflict for one that may be, invalid_request, those of the Recorder, storage
// faults.
func (l *Ledger) Record(ctx context.Context, corrID, paymentID string, rec Recorder) (Payment, error) {
	const op = "intentbridge: record"
	p, err := l.due(op, corrID, paymentID)
	if err != nil || p.State == Recorded {
		return p, err
	}
	return l.ask(ctx, op, p, rec)
}

// due brings a payment into the state Recording.
func (l *Ledger) due(op, corrID, paymentID string) (Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.payment(op, corrID)
	if err != nil {
		return Payment{}, err
	}
	if paymentID == "" {
		paymentID = p.PaymentID
	}
	same := paymentID == p.PaymentID
	switch {
	case !isPaymentID(paymentID):
		return Payment{}, fault.New(fault.InvalidRequest, op, "the id of the backend's payment is needed: 1 to 64 letters, digits, _ and -")
	case p.State == Open:
		return Payment{}, fault.New(fault.OutcomeUnknown, op, "the card payment has no result yet: decode it, or say what happened")
	case p.State == Recorded && same, p.State == Recording && same:
		return p, nil
	case p.State == Recorded:
		return Payment{}, fault.New(fault.AlreadyResolved, op, "the result is recorded in another payment")
	case p.State == Recording && !refused(p.RecordError):
		return Payment{}, fault.New(fault.Conflict, op, "the result may be recorded in another payment already: that one has to answer first")
	}
	if p.State, err = next(p.State, record); err != nil {
		return Payment{}, fault.Wrap(fault.Internal, op, err)
	}
	p.PaymentID, p.RecordError = paymentID, ""
	return p, l.save(op, p)
}

// refused reports whether the backend said that a result is not in its payment and will not be.
func refused(code fault.Code) bool {
	return code == fault.Conflict || code == fault.NotFound || code == fault.ProtocolError
}

// ask asks the backend, one payment at a time, and writes down what it said.
func (l *Ledger) ask(ctx context.Context, op string, p Payment, rec Recorder) (Payment, error) {
	select {
	case l.recording <- struct{}{}:
		defer func() { <-l.recording }()
	case <-ctx.Done():
		return p, fault.Wrap(fault.CodeOf(ctx.Err()), op, ctx.Err())
	}
	now, err := l.asked(op, p)
	if err != nil || now.State != Recording || now.PaymentID != p.PaymentID {
		return now, err // another call was first
	}
	return l.told(op, now, rec.RecordCard(ctx, now.PaymentID, now, now.CorrID+"-"+now.PaymentID))
}

// told writes down what the backend said of a payment that was asked about; it may have been named anew meanwhile.
func (l *Ledger) told(op string, was Payment, answer error) (Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, err := l.payment(op, was.CorrID)
	if err != nil {
		return was, err
	}
	if code := fault.CodeOf(answer); code != "" {
		if code == p.RecordError || code == fault.Cancelled || p.PaymentID != was.PaymentID {
			return p, answer
		}
		p.RecordError = code
		if err := l.save(op, p); err != nil {
			return p, err
		}
		return p, answer
	}
	if p.State, err = next(p.State, answered); err != nil {
		return p, fault.Wrap(fault.Internal, op, err)
	}
	p.PaymentID, p.RecordError = was.PaymentID, ""
	return p, l.save(op, p)
}

// asked is a payment as it stands now.
func (l *Ledger) asked(op string, p Payment) (Payment, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.payment(op, p.CorrID)
}

// RecordDue asks the backend for everything that it does not have yet. It gives how many results it has now and how many are left; a
// refusal of one does not hold the others up. Errors: storage faults, cancelled.
func (l *Ledger) RecordDue(ctx context.Context, rec Recorder) (recorded, left int, err error) {
	const op = "intentbridge: record"
	open, err := l.Unrecorded()
	if err != nil {
		return 0, 0, err
	}
	for _, p := range open {
		if ctx.Err() != nil {
			break
		}
		if done, _ := l.ask(ctx, op, p, rec); done.State == Recorded { // why not is in the ledger
			recorded++
		}
	}
	now, err := l.Unrecorded()
	return recorded, len(now), err
}
