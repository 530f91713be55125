package pgw

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

// refusal is an answer with an error code.
type refusal struct {
	status               int
	code, message, param string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func no(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// unfit is 422: a field that does not fit.
func unfit(param, message string) *refusal {
	return &refusal{http.StatusUnprocessableEntity, "validation_error", message, param}
}

func wrongState(message string) *refusal { return no(http.StatusConflict, "invalid_state", message) }

var (
	errJSON     = no(http.StatusBadRequest, "invalid_request", "the body must be one JSON object, no name twice")
	errNotFound = no(http.StatusNotFound, "payment_intent_not_found", "no such PaymentIntent")
	errInternal = no(http.StatusInternalServerError, "internal_error", "the emulator failed")
)

// BodyError is what the gateway answers to a body that cannot be read or is too large.
const BodyError = `{"error":{"code":"invalid_request","message":"the body could not be read, or is over 1 MiB","param":null,"request_id":null}}`

// reply is an answer, ready to send.
type reply struct {
	status int
	text   []byte
}

// encode makes a reply of a handler's result.
func (s *Server) encode(status int, value any, err error) reply {
	if err == nil {
		text, encodeErr := json.Marshal(value)
		if encodeErr == nil {
			return reply{status, text}
		}
		err = encodeErr
	}
	var r *refusal
	if !errors.As(err, &r) {
		r = errInternal
	}
	var param *string
	if r.param != "" {
		param = &r.param
	}
	requestID, err := ulid.New(s.state.Rand, s.now())
	if err != nil {
		return reply{http.StatusInternalServerError, []byte(BodyError)}
	}
	text, err := json.Marshal(map[string]any{"error": map[string]any{
		"code": r.code, "message": r.message, "param": param, "request_id": "req_" + requestID,
	}})
	if err != nil {
		return reply{http.StatusInternalServerError, []byte(BodyError)}
	}
	return reply{r.status, text}
}

func (r reply) send(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(r.text)))
	w.WriteHeader(r.status)
	_, _ = w.Write(r.text) // a client may hang up
}
