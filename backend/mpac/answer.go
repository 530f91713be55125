package mpac

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// fail gives an answer other than 2xx its fault: 401 token_refused, 403 scope_missing or the state of the device, 404
// not_found, 409 conflict, 400, 402, 405 and 422 protocol_error, and those of no answer.
func fail(op string, status int, body []byte) error {
	detail := describe(status, body)
	if code, is := stateFault(status, body); is {
		return fault.New(code, op, detail)
	}
	if code, none := httpx.NoAnswer(status); none {
		return fault.New(code, op, detail)
	}
	switch status {
	case 401:
		return fault.New(fault.TokenRefused, op, detail)
	case 403:
		return fault.New(fault.ScopeMissing, op, detail)
	case 404:
		return fault.New(fault.NotFound, op, detail)
	case 409:
		return fault.New(fault.Conflict, op, detail)
	}
	return fault.New(fault.ProtocolError, op, detail)
}

// describe is what an engineer needs of a refusal, made safe to show.
func describe(status int, body []byte) string {
	var e gatewayError
	if !httpx.IsObject(body) || json.Unmarshal(body, &e) != nil || e.Error.Code == "" {
		return fmt.Sprintf("HTTP %d", status)
	}
	return strings.TrimSuffix(fmt.Sprintf("HTTP %d %s: %s", status, httpx.Clip(e.Error.Code, 64), httpx.Clip(e.Error.Message, 200)), ": ")
}

func errorCode(body []byte) string {
	var e gatewayError
	if !httpx.IsObject(body) || json.Unmarshal(body, &e) != nil {
		return ""
	}
	return e.Error.Code
}

// stateFault finds a suspended or decommissioned device in a refusal.
func stateFault(status int, body []byte) (fault.Code, bool) {
	if status != 401 && status != 403 {
		return "", false
	}
	switch strings.TrimPrefix(errorCode(body), "device_") {
	case suspended:
		return fault.DeviceSuspended, true
	case decommissioned:
		return fault.DeviceDecommissioned, true
	}
	return "", false
}

// decode reads a JSON object. A login page with status 200 is no answer.
func decode(op string, body []byte, into any) error {
	if !httpx.IsObject(body) {
		return fault.New(fault.BadResponse, op, "no JSON object; is there a login page in the way?")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fault.New(fault.BadResponse, op, "the answer cannot be read: "+jsonProblem(err))
	}
	return nil
}

// jsonProblem names the field and never a value.
func jsonProblem(err error) string {
	switch e := err.(type) { //nolint:errorlint // encoding/json gives both bare.
	case *json.UnmarshalTypeError:
		return "wrong type of " + e.Field
	case *json.SyntaxError:
		return fmt.Sprintf("broken JSON at byte %d", e.Offset)
	}
	return httpx.Clip(err.Error(), 100)
}

// throttled is a refusal that says how long to wait.
type throttled struct {
	error
	after time.Duration
}

func (t *throttled) Unwrap() error { return t.error }

// withRetryAfter keeps the server's Retry-After in seconds with an error.
func withRetryAfter(err error, resp *httpx.Response) error {
	seconds, parseErr := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16)
	if parseErr != nil || seconds == 0 {
		return err
	}
	return &throttled{err, time.Duration(seconds) * time.Second}
}
