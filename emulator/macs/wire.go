package macs

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// BodyError answers a body that cannot be read or is over 1 MiB.
const BodyError = `{"errorCode":"BODY_NOT_READABLE","message":"the body could not be read, or is over 1 MiB"}`

// refusal is an answer with an error code.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.code }

func no(status int, code, message string) error { return &refusal{status, code, message} }

func badRequest(message string) error {
	return no(http.StatusUnprocessableEntity, "INVALID_REQUEST", message)
}

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"errorCode":"INTERNAL"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func answerError(w http.ResponseWriter, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{http.StatusInternalServerError, "INTERNAL", "the emulator failed"}
	}
	answer(w, r.status, map[string]string{"errorCode": r.code, "message": r.message})
}
