package pgw

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Refused is an answer that refuses. errors.Is finds the gateway's code and the fault's in it.
type Refused struct {
	// Status is the HTTP status.
	Status int
	// Code is the gateway's code, "" when it sent none.
	Code ErrorCode
	// Message is the gateway's own text, Param the field it speaks of; both are made safe to show and may be empty.
	Message, Param string
	// RequestID is what the gateway's support asks for; it may be empty.
	RequestID string
	// RetryAfter is how long the gateway wants to be left alone; 0 when it does not say.
	RetryAfter time.Duration

	fault *fault.Fault
}

// Error names operation, fault, status and the gateway's code and text.
func (r *Refused) Error() string { return r.fault.Error() }

// Unwrap gives the fault.
func (r *Refused) Unwrap() error { return r.fault }

// Is makes errors.Is(err, pgw.InvalidState) answer by code.
func (r *Refused) Is(target error) bool {
	code, ok := target.(ErrorCode)
	return ok && r.Code == code
}

// faults are what the gateway's codes mean. A signature that is refused for its time is no clock_wrong: that is a certificate's.
var faults = map[ErrorCode]fault.Code{
	MissingAuthorization:   fault.NotAuthorized,
	InvalidSignature:       fault.NotAuthorized,
	ExpiredSignature:       fault.NotAuthorized,
	ClientNotFound:         fault.NotAuthorized,
	ClientSuspended:        fault.NotAuthorized,
	InvalidPaymentToken:    fault.TokenInvalid,
	PaymentTokenMismatch:   fault.TokenInvalid,
	PaymentTokenExpired:    fault.PaymentExpired,
	IdempotencyConflict:    fault.Conflict,
	IdempotencyInProgress:  fault.OutcomeUnknown,
	InvalidRequest:         fault.ProtocolError,
	ValidationError:        fault.ProtocolError,
	PaymentIntentNotFound:  fault.NotFound,
	InvalidState:           fault.Conflict,
	DuplicateMerchantRefID: fault.Conflict,
	ProviderError:          fault.ServerError,
	ProviderUnavailable:    fault.ServerError,
	RateLimited:            fault.RateLimited,
	InternalError:          fault.ServerError,
}

// byStatus is what a status means without a code that is known.
var byStatus = map[int]fault.Code{
	400: fault.ProtocolError, 405: fault.ProtocolError, 422: fault.ProtocolError,
	401: fault.NotAuthorized, 403: fault.NotAuthorized, 404: fault.NotFound, 409: fault.Conflict,
}

// ReadAnswer decodes a JSON answer of the gateway into a value, or gives the refusal that it is. A success without the promised
// JSON is bad_response.
func ReadAnswer(op string, resp *httpx.Response, into any) error {
	if resp.Status < 200 || resp.Status > 299 {
		return readRefusal(op, resp)
	}
	if !httpx.IsObject(resp.Body) || json.Unmarshal(resp.Body, into) != nil {
		return fault.New(fault.BadResponse, op, fmt.Sprintf("HTTP %d without the JSON that was promised; is there a login page in the way?", resp.Status))
	}
	return nil
}

func readRefusal(op string, resp *httpx.Response) error {
	var body errorAnswer
	if httpx.IsObject(resp.Body) {
		_ = json.Unmarshal(resp.Body, &body) // what cannot be read has no code
	}
	r := &Refused{
		Status: resp.Status, Code: ErrorCode(clip(body.Error.Code, 64)), Message: clip(text(body.Error.Message), 200),
		Param: clip(text(body.Error.Param), 64), RequestID: clip(text(body.Error.RequestID), 64),
	}
	if seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16); err == nil {
		r.RetryAfter = time.Duration(seconds) * time.Second
	}
	code, known := faults[r.Code]
	if !known {
		var none bool
		if code, none = httpx.NoAnswer(resp.Status); !none {
			code = byStatus[resp.Status]
		}
	}
	switch {
	case code == "":
		code = fault.BadResponse
	case code == fault.ProtocolError && r.Param == "amount":
		code = fault.InvalidAmount
	}
	r.fault = fault.New(code, op, strings.Join(nonEmpty(fmt.Sprintf("HTTP %d %s", resp.Status, r.Code), r.Message, advice[r.Code]), ": "))
	return r
}

// advice is what a code alone does not say.
var advice = map[ErrorCode]string{
	ExpiredSignature:      "the signature's time is more than 5 minutes off the gateway's: set this machine's clock",
	InvalidSignature:      "compare the canonical strings: posemu sign pgw --expect",
	IdempotencyInProgress: "the same request is under way: ask again",
}

func nonEmpty(parts ...string) []string {
	var kept []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			kept = append(kept, p)
		}
	}
	return kept
}

// Unanswered reports whether an error leaves open whether the request was carried out: it was sent and no answer came that can be
// read, or the gateway failed over it.
func Unanswered(err error) bool {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Status >= 500 || refused.Status == 408 || refused.Code == IdempotencyInProgress || refused.fault.Code == fault.BadResponse
	}
	switch fault.CodeOf(err) {
	case fault.NetworkUnavailable, fault.Timeout, fault.BadResponse, fault.ServerError, fault.Cancelled, fault.Internal:
		return !httpx.NotSent(err)
	default:
		return false
	}
}

// text is a JSON string; anything else is none.
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}

// unsafe is what a gateway's text must not carry into an error: payment tokens, secrets and card numbers.
var unsafe = regexp.MustCompile(`[A-Za-z0-9_+/=-]{40,}|[0-9][0-9 -]{10,}[0-9]`)

// clip makes a server's text safe to show: one line, valid UTF-8, at most n characters.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	runes := []rune(unsafe.ReplaceAllString(s, "****"))
	return string(runes[:min(len(runes), n)])
}
