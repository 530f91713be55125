package intentbridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode"

	"github.com/smartpos-go/terminal/fault"
)

// Request is what the Credit Card App is asked for.
type Request struct {
	// CorrID names the request. It is opaque: CORR-{digits}-{13 digits}.
	CorrID string
	// Amount in yen, 1 to MaxAmount.
	Amount int64
	// ClassificationCode is the transaction's class, 1 to 9, passed through. The vendor's one example of a sale has 5.
	ClassificationCode int
	// AuthorizationID is the acquirer's, such as AUTH01: 1 to 100 characters.
	AuthorizationID string
	// TerminalID is the device's UUID at MPAC.
	TerminalID string
}

// requestJSON has the fields in the order of the vendor's page.
type requestJSON struct {
	CorrID             string `json:"corr_id"`
	Amount             int64  `json:"amount"`
	ClassificationCode int    `json:"classificationCode"`
	AuthorizationID    string `json:"authorizationID"`
	TerminalID         string `json:"terminal_id"`
}

// Check says what the contract does not allow. Errors: invalid_amount, invalid_request.
func (r Request) Check() error {
	const op = "intentbridge: request"
	bad := func(detail string) error { return fault.New(fault.InvalidRequest, op, detail) }
	switch {
	case r.Amount < 1 || r.Amount > MaxAmount:
		return fault.New(fault.InvalidAmount, op, fmt.Sprintf("amount must be 1 to %d yen", int64(MaxAmount)))
	case r.ClassificationCode < minClassification || r.ClassificationCode > maxClassification:
		return bad("classificationCode must be 1 to 9")
	case !idText(r.AuthorizationID):
		return bad("authorizationID must have 1 to 100 characters")
	case !idText(r.TerminalID):
		return bad("terminal_id must have 1 to 100 characters")
	case !isCorrID(r.CorrID):
		return bad("corr_id must be CORR-{digits}-{13 digits}")
	}
	return nil
}

func idText(text string) bool {
	if text == "" || len(text) > maxIDText {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// Encode gives the text of the extra "request". The terminal's id stands in it and in an extra of its own, because the vendor's pages
// show one here, one there. Errors as of Check.
func (r Request) Encode() (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	encoded, err := json.Marshal(requestJSON(r))
	if err != nil {
		return "", fault.Wrap(fault.Internal, "intentbridge: request", err)
	}
	return string(encoded), nil
}

// DecodeRequest reads a request as the Credit Card App gets it: the extra "request" and the extra "terminal_id", "" when there is none.
// The terminal's id is that of the extra, else that of the request. Unknown fields are passed over. Errors: invalid_request,
// invalid_amount.
func DecodeRequest(request, terminalID string) (Request, error) {
	const op = "intentbridge: request"
	fields, err := readObject([]byte(request))
	if err != nil {
		return Request{}, fault.Wrap(fault.InvalidRequest, op, err)
	}
	var r Request
	var classification int64
	var problems [5]error
	r.CorrID, _, problems[0] = textField(fields, fieldCorrID)
	r.AuthorizationID, _, problems[1] = textField(fields, fieldAuthorization)
	r.TerminalID, _, problems[2] = textField(fields, fieldTerminalID)
	classification, problems[3] = wholeField(fields, fieldClassification)
	r.Amount, problems[4] = wholeField(fields, fieldAmount)
	if err := errors.Join(problems[:4]...); err != nil {
		return Request{}, fault.Wrap(fault.InvalidRequest, op, err)
	}
	if problems[4] != nil {
		return Request{}, fault.Wrap(fault.InvalidAmount, op, problems[4])
	}
	if classification < minClassification || classification > maxClassification {
		classification = 0 // an int of 32 bits must not wrap into the range
	}
	r.ClassificationCode = int(classification)
	if terminalID != "" {
		r.TerminalID = terminalID
	}
	if err := r.Check(); err != nil {
		return Request{}, err
	}
	return r, nil
}

// Launch is everything an app needs to start the Credit Card App with an explicit Intent.
type Launch struct {
	CorrID, Package, Class string
	// Extras are string extras by name.
	Extras map[string]string
}

func launch(r Request) (Launch, error) {
	encoded, err := r.Encode()
	if err != nil {
		return Launch{}, err
	}
	return Launch{
		CorrID: r.CorrID, Package: Package, Class: Class,
		Extras: map[string]string{ExtraRequest: encoded, ExtraTerminalID: r.TerminalID},
	}, nil
}
