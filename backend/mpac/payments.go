package mpac

import (
	"context"
	"net/http"

	"github.com/smartpos-go/terminal/fault"
)

// CreatePayment pays a bill or a part of one. Cash is completed at once.
func (s *Smarttab) CreatePayment(ctx context.Context, payment NewPayment, key string) (Payment, error) {
	const op = "mpac: create payment"
	if err := checkAmount(op, payment.Amount); err != nil {
		return Payment{}, err
	}
	var made Payment
	err := s.send(ctx, op, http.MethodPost, s.portal.paths.Payments, key, payment, &made)
	return made, err
}

// Payments lists the payments of the device's store.
func (s *Smarttab) Payments(ctx context.Context) ([]Payment, error) {
	return items[Payment](ctx, s, "mpac: list payments", s.portal.paths.Payments)
}

// Payment gives one payment.
func (s *Smarttab) Payment(ctx context.Context, id string) (Payment, error) {
	var payment Payment
	err := s.send(ctx, "mpac: payment", http.MethodGet, under(s.portal.paths.Payments, id), "", nil, &payment)
	return payment, err
}

// UpdatePayment writes what the card app said into a payment's row (OPEN, ours).
func (s *Smarttab) UpdatePayment(ctx context.Context, paymentID string, outcome CardOutcome, key string) (Payment, error) {
	const op = "mpac: update payment"
	if outcome.Status == "" {
		return Payment{}, fault.New(fault.InvalidRequest, op, "a status is needed")
	}
	var updated Payment
	err := s.send(ctx, op, http.MethodPatch, under(s.portal.paths.Payments, paymentID), key, outcome, &updated)
	return updated, err
}

// Refund pays back a completed payment, in part or whole; the token needs payment:refund.
func (s *Smarttab) Refund(ctx context.Context, paymentID string, refund NewRefund, key string) error {
	const op = "mpac: refund"
	if err := checkAmount(op, refund.Amount); err != nil {
		return err
	}
	if refund.Reason == "" || len(refund.Reason) > 255 || refund.StaffCode == "" || len(refund.StaffCode) > 50 {
		return fault.New(fault.InvalidRequest, op, "a refund needs a reason of at most 255 and a staff code of at most 50 characters")
	}
	return s.send(ctx, op, http.MethodPost, under(s.portal.paths.Payments, paymentID, "refund"), key, refund, nil)
}
