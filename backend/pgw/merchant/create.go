package merchant

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/internal/ledger"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// maxAmount is the largest whole number that every JSON reader keeps exactly.
const maxAmount = 1<<53 - 1

var currencyText = regexp.MustCompile(`^[A-Z]{3}$`)

// Created is a new PaymentIntent with the token that lets a terminal or a payment page act on it.
type Created struct {
	Intent pgw.Intent
	// Token is "" only when the PaymentIntent was found by its merchant_ref_id, more than 24 hours after it was created without an
	// answer: the gateway gives a token once.
	Token pgw.Token
}

// Create makes a PaymentIntent. The request is on disk with its idempotency key before the first byte goes out, and stays there
// until [Client.Done]: creating again under the same merchant_ref_id, also after a restart, asks for the same PaymentIntent and
// never makes a second one. Errors: invalid_amount, invalid_request, conflict when the merchant_ref_id was used for another
// request, outcome_unknown when no answer came: call it again with the same request, or Resolve; protocol_error, not_authorized,
// and those of a call that never went out.
func (c *Client) Create(ctx context.Context, r Request) (Created, error) {
	const op = "merchant: create"
	if err := r.check(op); err != nil {
		return Created{}, err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return Created{}, fault.Wrap(fault.Internal, op, err)
	}
	call, again, err := c.creates.Begin(op, r.MerchantRefID, string(body))
	if err != nil {
		return Created{}, err
	}
	if call.Body != string(body) {
		return Created{}, fault.New(fault.Conflict, op, "another request was sent under this merchant_ref_id: resolve that one, or take a new id")
	}
	return c.create(ctx, op, call, again)
}

// Resolve asks again for a PaymentIntent whose creation was begun. Errors: payment_unknown when none was under this id, and those of
// Create.
func (c *Client) Resolve(ctx context.Context, merchantRefID string) (Created, error) {
	const op = "merchant: resolve"
	call, found, err := c.creates.Find(op, merchantRefID)
	switch {
	case err != nil:
		return Created{}, err
	case !found:
		return Created{}, fault.New(fault.PaymentUnknown, op, "no creation was begun under this merchant_ref_id")
	}
	return c.create(ctx, op, call, true)
}

// create sends a creation, and once more when its answer is lost. again is true when it may have been sent before.
func (c *Client) create(ctx context.Context, op string, call ledger.Call, again bool) (Created, error) {
	for try := 1; ; try++ {
		made, err := c.send(ctx, op, call)
		switch {
		case err == nil:
			return made, nil
		case pgw.Unanswered(err):
			if try == 2 || ctx.Err() != nil {
				return Created{}, unknown(op, err)
			}
			again = true
			continue
		case again && errors.Is(err, pgw.DuplicateMerchantRefID): // the key of the first try has run out, or means nothing, at the gateway
			return c.find(ctx, op, call, err)
		case again && (fault.CodeOf(err) == fault.RateLimited || fault.CodeOf(err) == fault.NotAuthorized || httpx.NotSent(err)):
			return Created{}, err // says nothing of the try before
		}
		return Created{}, errors.Join(err, c.creates.End(op, call.Name))
	}
}

func (c *Client) send(ctx context.Context, op string, call ledger.Call) (Created, error) {
	request := httpx.Request{Method: http.MethodPost, Path: c.paths.Intents, Header: http.Header{pgw.KeyHeader: {call.Key}}, Body: []byte(call.Body)}
	var answer createAnswer
	if err := c.call(ctx, op, request, nil, &answer); err != nil {
		return Created{}, err
	}
	if answer.ID == "" || answer.PaymentToken == "" || answer.MerchantRefID != call.Name {
		return Created{}, fault.New(fault.BadResponse, op, "the answer lacks id or payment_token, or is about another payment")
	}
	return Created{answer.Intent, pgw.Token(answer.PaymentToken)}, nil
}

// find looks a PaymentIntent up that was created without an answer.
func (c *Client) find(ctx context.Context, op string, call ledger.Call, duplicate error) (Created, error) {
	rows, _, err := c.list(ctx, Filter{MerchantRefID: call.Name})
	if err != nil {
		return Created{}, unknown(op, err)
	}
	var sent Request
	if err := json.Unmarshal([]byte(call.Body), &sent); err != nil {
		return Created{}, fault.Wrap(fault.StorageDamaged, op, err)
	}
	var found []listed
	for _, i := range rows {
		foreign := sent.MerchantID != "" && i.MerchantID != "" && i.MerchantID != sent.MerchantID
		if i.MerchantRefID == call.Name && i.Amount == sent.Amount && i.Currency == sent.Currency && !foreign {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return Created{}, duplicate
	case 1:
		return Created{Intent: found[0].Intent}, nil
	}
	return Created{}, unknown(op, errors.New("several merchants have this merchant_ref_id: name MerchantID in requests"))
}

// Pending are the merchant_ref_ids of creations that were begun and are not done, oldest first. After a restart, resolve them.
func (c *Client) Pending() ([]string, error) {
	calls, err := c.creates.List("merchant: pending")
	ids := make([]string, len(calls))
	for i, call := range calls {
		ids[i] = call.Name
	}
	return ids, err
}

// Done forgets a creation: its PaymentIntent and token are in the caller's own keeping, or are not wanted.
func (c *Client) Done(merchantRefID string) error {
	return c.creates.End("merchant: done", merchantRefID)
}

func (r Request) check(op string) error {
	bad := func(detail string) error { return fault.New(fault.InvalidRequest, op, detail) }
	switch {
	case r.Amount < 1 || r.Amount > maxAmount:
		return fault.New(fault.InvalidAmount, op, "Amount must be 1 to 2^53-1, in the currency's smallest unit")
	case !currencyText.MatchString(r.Currency):
		return bad("Currency must be three upper-case letters")
	case r.MerchantRefID == "" || len(r.MerchantRefID) > 100 || !utf8.ValidString(r.MerchantRefID):
		return bad("MerchantRefID must have 1 to 100 bytes of UTF-8")
	case len(r.PaymentMethodTypes) == 0:
		return bad("PaymentMethodTypes is missing")
	case r.ExpiresInMinutes < 0 || r.ExpiresInMinutes > 1440:
		return bad("ExpiresInMinutes must be 1 to 1440, or 0 for the gateway's 30")
	}
	return nil
}

func unknown(op string, err error) error {
	return &fault.Fault{Code: fault.OutcomeUnknown, Op: op, Detail: "no answer came; make the same call again", Err: err}
}
