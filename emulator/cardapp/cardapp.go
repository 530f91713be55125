// Package cardapp plays the Credit Card App (protocol section 6): it reads the request of an Intent and gives the result that a tester
// asks for, one that never comes among them. It reads and writes with code of its own, so that a mistake of the library's codec is
// not mirrored. An App is safe for concurrent use as far as its Rand is.
package cardapp

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// Decision is what becomes of a card payment.
type Decision string

// The decisions.
const (
	// Approve, Decline, Error and Cancel end with RESULT_OK and a result of that status.
	Approve Decision = "approve"
	Decline Decision = "decline"
	Error   Decision = "error"
	Cancel  Decision = "cancel"
	// Timeout never answers: Handle returns when its context ends.
	Timeout Decision = "timeout"
	// Kill takes the card and dies before it answers.
	Kill Decision = "kill"
)

// Result codes of Android.
const (
	ResultOK       = -1
	ResultCanceled = 0
)

// Answer is what an Intent gives back: a result code and the extra "result", "" for none.
type Answer struct {
	ResultCode int
	Result     string
}

// Errors of Handle.
var (
	// ErrRequest is a request that breaks the contract.
	ErrRequest = errors.New("the request is not understood")
	// ErrKilled is the app's own end.
	ErrKilled = errors.New("the card app was killed before it answered")
	// ErrDecision is a decision that is none of the six.
	ErrDecision = errors.New("decide approve, decline, error, cancel, timeout or kill")
)

// App is a Credit Card App.
type App struct {
	// Rand is where approval codes, slip numbers and card digits come from.
	Rand io.Reader
	// Silent leaves corr_id out of results, as an app may that was built to the printed fields alone.
	Silent bool
}

// result has the fields in the order of the vendor's page; corr_id is an addition of ours.
type result struct {
	Status     string  `json:"status"`
	Approval   *string `json:"approval_code,omitempty"`
	SlipNumber *string `json:"card_slip_number,omitempty"`
	Last4      *string `json:"card_last_4,omitempty"`
	Message    *string `json:"error_message"`
	CorrID     string  `json:"corr_id,omitempty"`
}

// Handle answers one Intent with the extras "request" and "terminal_id", "" when that one is absent.
func (a App) Handle(ctx context.Context, d Decision, request, terminalID string) (Answer, error) {
	corrID, err := readRequest(request, terminalID)
	if err != nil {
		return Answer{}, err
	}
	out := result{CorrID: corrID}
	if a.Silent {
		out.CorrID = ""
	}
	message := func(text string) *string { return &text }
	switch d {
	case Approve:
		out.Status = "success"
		err = a.approve(&out)
	case Decline:
		out.Status, out.Message = "declined", message("the issuer declined the card")
	case Error:
		out.Status, out.Message = "error", message("the card reader failed")
	case Cancel:
		out.Status, out.Message = "cancelled", message("the customer went away")
	case Timeout:
		<-ctx.Done()
		return Answer{}, ctx.Err()
	case Kill:
		return Answer{}, ErrKilled
	default:
		return Answer{}, ErrDecision
	}
	if err != nil {
		return Answer{}, err
	}
	text, err := json.Marshal(out)
	if err != nil {
		return Answer{}, fmt.Errorf("emulator: card app: %w", err)
	}
	return Answer{ResultCode: ResultOK, Result: string(text)}, nil
}

// approve makes codes that begin with zeros often, which is where they get lost.
func (a App) approve(out *result) error {
	var raw [12]byte
	if _, err := io.ReadFull(a.Rand, raw[:]); err != nil {
		return fmt.Errorf("emulator: card app: %w", err)
	}
	n := func(i int, most uint32) uint32 { return binary.BigEndian.Uint32(raw[i:]) % most }
	approval, slip, last4 := fmt.Sprintf("%06d", n(0, 100_000)), fmt.Sprintf("%05d", n(4, 10_000)), fmt.Sprintf("%04d", n(8, 10_000))
	out.Approval, out.SlipNumber, out.Last4 = &approval, &slip, &last4
	return nil
}

// maxAmount is what a JSON number keeps exactly everywhere.
const maxAmount = 1<<53 - 1

var corrIDText = regexp.MustCompile(`^CORR-\d+-\d{13}$`)

func readRequest(text, terminalID string) (corrID string, err error) {
	bad := func(what string) (string, error) { return "", fmt.Errorf("%w: %s", ErrRequest, what) }
	o, err := strictjson.Read([]byte(text))
	if err != nil {
		return bad("it must be one JSON object, no name twice")
	}
	corrID, ok := o.Text("corr_id")
	if !ok || !corrIDText.MatchString(corrID) {
		return bad("corr_id must be CORR-{digits}-{13 digits}")
	}
	if amount, ok := o.Integer("amount"); !ok || amount < 1 || amount > maxAmount {
		return bad("amount must be whole yen above 0")
	}
	if class, ok := o.Integer("classificationCode"); !ok || class < 1 || class > 9 {
		return bad("classificationCode must be 1 to 9")
	}
	if id, ok := o.Text("authorizationID"); !ok || id == "" {
		return bad("authorizationID must be text")
	}
	if terminalID == "" { // the extra is read first
		terminalID, _ = o.Text("terminal_id")
	}
	if terminalID == "" {
		return bad("terminal_id must be in an extra of its own or in the request")
	}
	return corrID, nil
}
