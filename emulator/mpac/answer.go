package mpac

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// refusal is an answer with an error code: {"error":{"code","message"}}.
type refusal struct {
	status        int
	code, message string
	// retryAfter in whole seconds, 0 for none.
	retryAfter int
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func no(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

// unfit is 422: a body that is JSON but does not fit.
func unfit(message string) error {
	return no(http.StatusUnprocessableEntity, "invalid_body", message)
}

// conflict is 409: the resource's state does not allow it.
func conflict(message string) error { return no(http.StatusConflict, "conflict", message) }

// oauthError is an answer in the form of RFC 6749 section 5.2.
type oauthError struct {
	status            int
	code, description string
}

func (e *oauthError) Error() string { return e.code + ": " + e.description }

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		answerError(w, err)
		return
	}
	answerText(w, status, text)
}

func answerText(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client may hang up
}

func answerError(w http.ResponseWriter, err error) {
	var oauth *oauthError
	if errors.As(err, &oauth) {
		answer(w, oauth.status, map[string]string{"error": oauth.code, "error_description": oauth.description})
		return
	}
	var r *refusal
	if !errors.As(err, &r) {
		r = no(http.StatusInternalServerError, "internal", "the emulator failed")
	}
	if r.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	if r.code == errToken.code || r.code == errScope.code { // RFC 6750 section 3
		w.Header().Set("WWW-Authenticate", `Bearer error="`+r.code+`"`)
	}
	answer(w, r.status, map[string]any{"error": map[string]string{"code": r.code, "message": r.message}})
}
