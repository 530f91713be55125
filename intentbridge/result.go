package intentbridge

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Result is what the Credit Card App answers.
type Result struct {
	Status Status
	// ApprovalCode, CardSlipNumber and CardLast4 are there on success. They are texts: leading zeros count.
	ApprovalCode, CardSlipNumber, CardLast4 string
	// ErrorMessage is the card app's own text, made safe to show; "" for none.
	ErrorMessage string
	// CorrID is that of the request; "" when the card app does not say.
	CorrID string
	// Unknown are fields that this version does not know, for diagnosis: name and JSON text, digits that could be a card number and
	// what is long masked. Nil for none.
	Unknown map[string]string
}

// resultJSON has the fields in the order of the vendor's page, corr_id behind them.
type resultJSON struct {
	Status         Status  `json:"status"`
	ApprovalCode   *string `json:"approval_code,omitempty"`
	CardSlipNumber *string `json:"card_slip_number,omitempty"`
	CardLast4      *string `json:"card_last_4,omitempty"`
	ErrorMessage   *string `json:"error_message"`
	CorrID         string  `json:"corr_id,omitempty"`
}

// invalid is a result that does not tell what became of the payment.
func invalid(op string, err error) error { return fault.Wrap(fault.CardAppResultInvalid, op, err) }

// Check says what the contract does not allow. Errors: card_app_result_invalid.
func (r Result) Check() error {
	const op = "intentbridge: result"
	switch {
	case !r.Status.Known():
		return invalid(op, errors.New("status must be success, declined, error or cancelled"))
	case r.CorrID != "" && !isCorrID(r.CorrID):
		return invalid(op, errors.New("corr_id is of another form"))
	case r.Status != Success:
		return nil
	case !code(r.ApprovalCode):
		return invalid(op, fmt.Errorf("%s must have 1 to 50 characters and be no card number", fieldApproval))
	case !code(r.CardSlipNumber):
		return invalid(op, fmt.Errorf("%s must have 1 to 50 characters and be no card number", fieldSlip))
	case !httpx.IsDigits(r.CardLast4, last4Digits):
		return invalid(op, fmt.Errorf("%s must have 4 digits", fieldLast4))
	}
	return nil
}

// code is an approval code or a slip number.
func code(value string) bool { return httpx.IsPrintable(value, maxCode) && !httpx.HasCardNumber(value) }

// Encode gives the text of the extra "result", for who stands in for the Credit Card App. Unknown fields are not written. Errors as of
// Check.
func (r Result) Encode() (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	out := resultJSON{Status: r.Status, CorrID: r.CorrID}
	if r.Status == Success {
		out.ApprovalCode, out.CardSlipNumber, out.CardLast4 = &r.ApprovalCode, &r.CardSlipNumber, &r.CardLast4
	}
	if r.ErrorMessage != "" {
		out.ErrorMessage = &r.ErrorMessage
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return "", fault.Wrap(fault.Internal, "intentbridge: result", err)
	}
	return string(encoded), nil
}

// DecodeResult reads the extra "result". On success every field must be as the contract has it; on another status no money moved, so
// only status and corr_id must be right. Errors: card_app_result_invalid.
func DecodeResult(result []byte) (Result, error) {
	const op = "intentbridge: result"
	fields, err := readObject(result)
	if err != nil {
		return Result{}, invalid(op, err)
	}
	status, _, err := textField(fields, fieldStatus)
	if err != nil {
		return Result{}, invalid(op, err)
	}
	r := Result{Status: Status(status)}
	if r.CorrID, _, err = textField(fields, fieldCorrID); err != nil {
		return Result{}, invalid(op, err)
	}
	read := []string{fieldStatus, fieldCorrID}
	message, _, err := textField(fields, fieldMessage)
	if err == nil {
		r.ErrorMessage = httpx.Clip(message, maxMessage)
		read = append(read, fieldMessage)
	}
	if r.Status == Success {
		var problems [4]error
		problems[0] = err
		r.ApprovalCode, _, problems[1] = textField(fields, fieldApproval)
		r.CardSlipNumber, _, problems[2] = textField(fields, fieldSlip)
		r.CardLast4, _, problems[3] = textField(fields, fieldLast4)
		if err := errors.Join(problems[:]...); err != nil {
			return Result{}, invalid(op, err)
		}
		read = append(read, fieldApproval, fieldSlip, fieldLast4)
	}
	if err := r.Check(); err != nil {
		return Result{}, err
	}
	for _, name := range read {
		delete(fields, name)
	}
	r.Unknown = unknown(fields)
	return r, nil
}

// unknown keeps what was not read, so that it can be shown and stored: of a bounded size, and without a card number.
func unknown(fields map[string]json.RawMessage) map[string]string {
	var kept map[string]string
	for name, value := range fields {
		if string(value) == "null" {
			continue
		}
		if len(kept) == maxUnknownFields {
			break
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[httpx.Clip(name, 64)] = httpx.Clip(string(value), maxUnknownText)
	}
	return kept
}
