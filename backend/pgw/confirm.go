package pgw

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// Confirmation says how a PaymentIntent is to be paid.
type Confirmation struct {
	// Method is the payment method, such as qr_mpm.
	Method string `json:"method"`
	// Provider is the provider's name, such as PAYPAY.
	Provider string `json:"provider"`
}

// Confirm asks the provider for the payment and gives the PaymentIntent with what the payer needs: QRContent for a QR code. The
// idempotency key is on disk before the first byte goes out. When the answer is lost the PaymentIntent is retrieved, and what it
// says is the answer; one that was not confirmed yet is asked once more under the same key. Errors: outcome_unknown when that
// tells nothing either, conflict for a PaymentIntent that has ended, payment_expired, token_invalid, not_found, protocol_error
// for a method or provider it cannot be paid with, server_error when the provider is down, and those of a call without an answer
// that never went out. Confirming again is always safe.
func (c *Client) Confirm(ctx context.Context, id string, token Token, how Confirmation) (Intent, error) {
	const op = "pgw: confirm"
	if err := checkCall(op, id, token); err != nil {
		return Intent{}, err
	}
	key, again, err := c.beginConfirm(op, id, how)
	if err != nil {
		return Intent{}, err
	}
	for try := 1; ; try++ {
		intent, replayed, err := c.post(ctx, op, id, actionConfirm, key, token, confirmRequest{c.inBody(token), how.Method, how.Provider})
		switch {
		case err == nil:
			c.settle(op, id)
			return c.present(ctx, intent, replayed, token), nil
		case !Unanswered(err):
			return Intent{}, c.refused(op, id, again, err)
		}
		intent, open, err := c.resolve(ctx, op, id, token, err)
		if err == nil {
			return intent, nil // retrieving it settled the confirmation
		}
		if !open || try == 2 {
			return Intent{}, err
		}
		again = true
	}
}

// present is the state of a PaymentIntent now, where the answer was one of before. A strict token is used up, and then the old answer
// is all there is.
func (c *Client) present(ctx context.Context, intent Intent, replayed bool, token Token) Intent {
	if !replayed {
		return intent
	}
	if now, err := c.Retrieve(ctx, intent.ID, token); err == nil {
		return now
	}
	return intent
}

// refused ends a confirmation that the gateway turned down, unless that says nothing of the try before.
func (c *Client) refused(op, id string, again bool, err error) error {
	switch {
	case again && errors.Is(err, InvalidPaymentToken): // a strict token is used up by the first confirmation
		return unknown(op, err)
	case again && unsettled(err):
		return err
	}
	return errors.Join(err, c.confirms.End(op, id))
}

// forgetAfter is when a confirmation without an answer is forgotten: a PaymentIntent lives 24 hours at most.
const forgetAfter = 7 * 24 * time.Hour

// beginConfirm writes a confirmation down. One that was begun in the same way goes on under its key; another one begins anew.
func (c *Client) beginConfirm(op, id string, how Confirmation) (key string, again bool, err error) {
	body, err := json.Marshal(how)
	if err != nil {
		return "", false, fault.Wrap(fault.Internal, op, err)
	}
	if err := c.confirms.EndBefore(op, c.confirms.Now().Add(-forgetAfter)); err != nil {
		return "", false, err
	}
	call, again, err := c.confirms.Begin(op, id, string(body))
	if err != nil || !again || call.Body == string(body) {
		return call.Key, again, err
	}
	if err := c.confirms.End(op, id); err != nil {
		return "", false, err
	}
	call, _, err = c.confirms.Begin(op, id, string(body))
	return call.Key, true, err
}

// unsettled reports whether a refusal says nothing of the try before it.
func unsettled(err error) bool {
	switch fault.CodeOf(err) {
	case fault.RateLimited, fault.NotAuthorized, fault.TokenInvalid, fault.NetworkUnavailable, fault.TLSUntrusted, fault.ClockWrong, fault.Timeout, fault.Cancelled:
		return true
	default:
		return false
	}
}

// resolve asks the PaymentIntent what became of a call without an answer, unless the caller's time is up. open is true when it was
// not carried out, or not yet.
func (c *Client) resolve(ctx context.Context, op, id string, token Token, lost error) (intent Intent, open bool, err error) {
	if ctx.Err() != nil {
		return Intent{}, false, unknown(op, lost)
	}
	intent, err = c.Retrieve(ctx, id, token)
	switch {
	case err != nil:
		return Intent{}, false, unknown(op, fmt.Errorf("%w; asked again: %w", lost, err))
	case intent.Status != RequiresPaymentMethod:
		return intent, false, nil
	}
	var refused *Refused
	if errors.As(lost, &refused) && refused.Code != IdempotencyInProgress && refused.Code != "" {
		return Intent{}, false, lost // the gateway said that it failed
	}
	return Intent{}, true, unknown(op, lost)
}

// Cancel gives a PaymentIntent up, which is possible until the provider processes it: processing, succeeded and failed are
// conflict. Cancelling a cancelled one is no error. When the answer is lost the PaymentIntent is retrieved. Errors otherwise as
// of Confirm.
func (c *Client) Cancel(ctx context.Context, id string, token Token) (Intent, error) {
	const op = "pgw: cancel"
	if err := checkCall(op, id, token); err != nil {
		return Intent{}, err
	}
	intent, _, err := c.post(ctx, op, id, actionCancel, "", token, cancelRequest{c.inBody(token)})
	switch {
	case err == nil:
		c.settle(op, id)
		return intent, nil
	case !Unanswered(err):
		return Intent{}, err
	}
	lost := err
	if ctx.Err() != nil {
		return Intent{}, unknown(op, lost)
	}
	if intent, err = c.Retrieve(ctx, id, token); err != nil {
		return Intent{}, unknown(op, fmt.Errorf("%w; asked again: %w", lost, err))
	}
	if !intent.Status.Final() {
		return Intent{}, unknown(op, lost)
	}
	return intent, nil
}

// PendingConfirmations are the ids of PaymentIntents whose confirmation was begun and has no answer, oldest first: confirm or
// retrieve them again. They are forgotten after 7 days.
func (c *Client) PendingConfirmations() ([]string, error) {
	calls, err := c.confirms.List("pgw: pending confirmations")
	ids := make([]string, len(calls))
	for i, call := range calls {
		ids[i] = call.Name
	}
	return ids, err
}

func unknown(op string, err error) error {
	return &fault.Fault{Code: fault.OutcomeUnknown, Op: op, Detail: "no answer came; retrieve the PaymentIntent, or make the call again", Err: err}
}
