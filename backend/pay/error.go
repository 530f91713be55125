package pay

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Error is an answer that refuses, in Pay's envelope.
type Error struct {
	// Status is the HTTP status.
	Status int
	// UUID names the reason, "" for none.
	UUID string
	// Code is 0 when unspecific, and when there was no envelope.
	Code int
	// Message is Pay's own text, made safe to show; it may be empty.
	Message string
	// TraceID names the request: 32 hex digits, "" when there was no envelope.
	TraceID string
	// Fields say what is wrong with the body, with HTTP 422.
	Fields []FieldError

	fault *fault.Fault
}

// Error names operation, fault, status, code, text and trace id.
func (e *Error) Error() string { return e.fault.Error() }

// Unwrap gives the fault: not_authorized, protocol_error, not_found, conflict, rate_limited, server_error, timeout or bad_response.
func (e *Error) Unwrap() error { return e.fault }

var byStatus = map[int]fault.Code{
	400: fault.ProtocolError, 401: fault.NotAuthorized, 402: fault.Conflict, 403: fault.NotAuthorized, 404: fault.NotFound,
	405: fault.ProtocolError, 409: fault.Conflict, 422: fault.ProtocolError,
}

// refusal reads the envelope of an answer that is no success. A code of a charge that failed comes with it whatever the status.
func refusal(op string, resp *httpx.Response) *Error {
	e := &Error{Status: resp.Status}
	var body errorAnswer
	if httpx.IsObject(resp.Body) && json.Unmarshal(resp.Body, &body) == nil {
		e.Message, e.TraceID = httpx.Clip(body.Message, 200), id(body.TraceID)
		if body.UUID != nil {
			e.UUID = id(*body.UUID)
		}
		if body.Code != nil {
			e.Code = *body.Code
		}
		for _, f := range body.Errors[:min(len(body.Errors), 50)] {
			e.Fields = append(e.Fields, FieldError{Field: httpx.Clip(f.Field, 100), Title: httpx.Clip(f.Title, 200)})
		}
	}
	code, none := httpx.NoAnswer(resp.Status)
	if !none {
		code = byStatus[resp.Status]
	}
	if code == "" {
		code = fault.BadResponse
	}
	detail := fmt.Sprintf("HTTP %d, code %d", resp.Status, e.Code)
	if e.Message != "" {
		detail += ": " + e.Message
	}
	if e.TraceID != "" {
		detail += " (trace " + e.TraceID + ")"
	}
	e.fault = fault.New(code, op, detail)
	return e
}

var traceText = regexp.MustCompile(`^[0-9a-f]{32}$`)

// id is a UUID or a trace id as it came: Clip could take its digits for a card number.
func id(text string) string {
	if traceText.MatchString(text) || (len(text) == 36 && uuid.Validate(text) == nil) {
		return text
	}
	return httpx.Clip(text, 64)
}
