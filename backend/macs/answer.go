package macs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Refused is an answer that refuses: the server's code and text.
type Refused struct {
	// Status is the HTTP status.
	Status int
	// Code is the server's errorCode, in the spelling of package fault where it is known.
	Code fault.Code
	// Known: the code is one of protocol section 1.5.
	Known bool
	// Message is the server's own text, cut to 200 characters of one line; it may be empty.
	Message string
}

// Error names the code and the status.
func (r *Refused) Error() string {
	return fmt.Sprintf("macs: refused: %s (HTTP %d)", r.Code, r.Status)
}

// read sorts an answer by the closed list, in its order: a code of protocol section 1.5 whatever the status; 401, and 403
// without a code or with ACCESS_FORBIDDEN; 402, 403 and 409 with any other code; 400, 404, 405 and 422; a readable 200;
// and what is no answer.
func read(op string, resp *httpx.Response, into any) error {
	refused := readRefusal(resp)
	if refused.Known {
		return refused
	}
	coded := refused.Code != ""
	switch resp.Status {
	case 200:
		if err := json.Unmarshal(resp.Body, into); err != nil || !isObject(resp.Body) {
			return fault.New(fault.BadResponse, op, "HTTP 200 without the JSON that was promised; is there a login page in the way?")
		}
		return nil
	case 401:
		return notAuthorized(op, resp.Status)
	case 403:
		if !coded || refused.Code == codeAccessForbidden {
			return notAuthorized(op, resp.Status)
		}
		return refused
	case 402, 409:
		if coded {
			return refused
		}
	case 400, 404, 405, 422:
		return &protocolError{fault.New(fault.ProtocolError, op, fmt.Sprintf("HTTP %d", resp.Status)), refused}
	}
	if code, none := httpx.NoAnswer(resp.Status); none {
		return fault.New(code, op, fmt.Sprintf("HTTP %d", resp.Status))
	}
	return fault.New(fault.BadResponse, op, fmt.Sprintf("HTTP %d without a code", resp.Status))
}

// protocolError is a protocol_error that remembers the server's code: confirm and pair give some of them a meaning.
type protocolError struct {
	*fault.Fault
	refused *Refused
}

func (e *protocolError) Unwrap() error { return e.Fault }

func notAuthorized(op string, status int) error {
	return fault.New(fault.NotAuthorized, op, fmt.Sprintf("HTTP %d: the server does not accept this terminal's signature", status))
}

func readRefusal(resp *httpx.Response) *Refused {
	refused := &Refused{Status: resp.Status}
	var body errorAnswer
	if !isObject(resp.Body) || json.Unmarshal(resp.Body, &body) != nil || body.ErrorCode == "" {
		return refused
	}
	var message string
	_ = json.Unmarshal(body.Message, &message) // what is no string is no text
	code, known := fault.Refusal(body.ErrorCode)
	refused.Known = known
	refused.Code = fault.Code(clip(string(code), 64))
	refused.Message = clip(message, 200)
	return refused
}

// answered finds the server's code in an error of read.
func answered(err error) (*Refused, bool) {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused, true
	}
	var protocol *protocolError
	if errors.As(err, &protocol) {
		return protocol.refused, true
	}
	return nil, false
}

// pairFault gives refusals of pair their faults: the code decides, without a known one the status. An unknown code or status is
// read as rejected (protocol section 1.2), but for a bare 400, 404, 405 and 422, which say that there is no such call.
func pairFault(op string, resp *httpx.Response, err error) error {
	code := readRefusal(resp).Code
	detail := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", resp.Status, code))
	switch {
	case err == nil:
		return nil
	case code == codeAlreadyPaired:
		return fault.New(fault.AlreadyPaired, op, detail)
	case code == codeInvalidPublicKey:
		return fault.New(fault.KeyRejected, op, detail)
	case resp.Status == 409:
		return fault.New(fault.AlreadyPaired, op, detail)
	}
	var refused *Refused
	clientError := resp.Status >= 400 && resp.Status <= 499 && resp.Status != 407 && resp.Status != 408 && resp.Status != 429
	if errors.As(err, &refused) || clientError && (code != "" || fault.CodeOf(err) != fault.ProtocolError) {
		return fault.New(fault.PairingCodeRejected, op, detail)
	}
	return err
}

func confirmFault(op string, err error) error {
	refused, ok := answered(err)
	if !ok {
		return err
	}
	detail := fmt.Sprintf("HTTP %d %s", refused.Status, refused.Code)
	switch refused.Code {
	case codeAccessNotFound:
		return fault.New(fault.AccessNotFound, op, detail)
	case codeInvalidGuests:
		return fault.New(fault.InvalidGuests, op, detail)
	case codeAlreadyConfirmed:
		return fault.New(fault.AlreadyConfirmed, op, detail)
	default:
		return fault.New(fault.ProtocolError, op, detail)
	}
}

// reportFault keeps a 422 as a refusal of the batch, so that its bad row can be searched for.
func reportFault(op string, err error) error {
	refused, ok := answered(err)
	switch {
	case !ok:
		return err
	case refused.Status == 422:
		return refused
	}
	return fault.New(fault.ProtocolError, op, fmt.Sprintf("HTTP %d %s", refused.Status, refused.Code))
}

func (r Report) row() reportRow {
	return reportRow{
		EntryID: r.EntryID, PANHash: hex.EncodeToString(r.PANHash[:]), Guests: r.Guests, Reason: r.Reason,
		OccurredAt: r.OccurredAt.UTC().Format(time.RFC3339), RequestID: r.RequestID,
	}
}

// isObject guards against null, lists and bare values, which encoding/json lets into a struct.
func isObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
}

// cardNumber is what could be one: 12 digits or more, also in groups.
var cardNumber = regexp.MustCompile(`[0-9](?:[ ./-]?[0-9]){11,}`)

// clip makes a server's text safe to show and to store: one line, valid UTF-8, at most n characters, no card number.
func clip(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	runes := []rune(cardNumber.ReplaceAllString(text, "****"))
	return string(runes[:min(len(runes), n)])
}
