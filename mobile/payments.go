package mobile

import (
	"context"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/fault"
)

// pgwCall is a call of the payment gateway.
func (t *Terminal) pgwCall(name string, op *Op, do func(ctx context.Context) (any, error)) (string, error) {
	return t.call(name, op, func(ctx context.Context) (any, error) {
		if t.pgw == nil {
			return nil, fault.New(fault.InvalidConfig, "mobile: "+name, "the configuration has no pgw, which this call needs")
		}
		return do(ctx)
	})
}

// RetrievePayment gives a PaymentIntent as it stands. paymentToken is the one that came with it; it is kept nowhere. Answer:
// {"v":1,"intent":{"id","status","amount","currency",…}}, in the gateway's names. Errors: token_invalid, payment_expired, not_found,
// and those of a call without an answer.
func (t *Terminal) RetrievePayment(op *Op, paymentIntentID, paymentToken string) (string, error) {
	return t.pgwCall("retrieve payment", op, func(ctx context.Context) (any, error) {
		return intentAnswer(t.pgw.Retrieve(ctx, paymentIntentID, pgw.Token(paymentToken)))
	})
}

// ConfirmPayment asks a provider for the payment: method such as qr_mpm, provider such as PAYPAY. Answer as of RetrievePayment, with
// "qr_content" and "qr_code_url" for a QR code to show. Its idempotency key is on disk before it goes out; confirming again is
// always safe. Errors: conflict for one that has ended, payment_expired, token_invalid, not_found, protocol_error, outcome_unknown
// when no answer came, and those of a call that never went out.
func (t *Terminal) ConfirmPayment(op *Op, paymentIntentID, paymentToken, method, provider string) (string, error) {
	return t.pgwCall("confirm payment", op, func(ctx context.Context) (any, error) {
		return intentAnswer(t.pgw.Confirm(ctx, paymentIntentID, pgw.Token(paymentToken), pgw.Confirmation{Method: method, Provider: provider}))
	})
}

// CancelPayment gives a PaymentIntent up, which is possible until the provider processes it; then it is conflict. Answer and errors
// otherwise as of ConfirmPayment.
func (t *Terminal) CancelPayment(op *Op, paymentIntentID, paymentToken string) (string, error) {
	return t.pgwCall("cancel payment", op, func(ctx context.Context) (any, error) {
		return intentAnswer(t.pgw.Cancel(ctx, paymentIntentID, pgw.Token(paymentToken)))
	})
}

// AwaitPayment retrieves a PaymentIntent every 2 s, at most 60 times, until it has succeeded, failed or was cancelled. Answer as of
// RetrievePayment. Cancelling op ends the waiting, not the payment. Errors: timeout when it has not ended by then, after which it
// may be awaited again, token_invalid, payment_expired, not_found.
func (t *Terminal) AwaitPayment(op *Op, paymentIntentID, paymentToken string) (string, error) {
	return t.pgwCall("await payment", op, func(ctx context.Context) (any, error) {
		return intentAnswer(t.pgw.Await(ctx, paymentIntentID, pgw.Token(paymentToken), pgw.Polling{}))
	})
}

// PaymentHandover is what an app passes to the payment page of its WebView, after it has asked the gateway whether the token is good:
// {"token","payment_intent_id","expires_in"}, exactly these, seconds (protocol section 4.6). Do not store or log it. Errors as of
// RetrievePayment.
func (t *Terminal) PaymentHandover(op *Op, paymentIntentID, paymentToken string) (string, error) {
	return t.pgwCall("payment handover", op, func(ctx context.Context) (any, error) {
		intent, err := t.pgw.Retrieve(ctx, paymentIntentID, pgw.Token(paymentToken))
		if err != nil {
			return nil, err
		}
		return handover(intent, paymentToken, t.store.Clock().Now()), nil
	})
}
