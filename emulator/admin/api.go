// Package admin is the emulator's admin API and its web panel: what an operator does at MACS, and what a tester does to the
// emulator. Every call needs the Bearer token of the env file; the panel asks for it.
package admin

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/smartpos-go/terminal/emulator/faults"
	"github.com/smartpos-go/terminal/emulator/journal"
	"github.com/smartpos-go/terminal/emulator/macs"
	"github.com/smartpos-go/terminal/emulator/mpac"
	"github.com/smartpos-go/terminal/emulator/pay"
	"github.com/smartpos-go/terminal/emulator/pgw"
	"github.com/smartpos-go/terminal/emulator/posstream"
	"github.com/smartpos-go/terminal/emulator/state"
)

// maxBody is the largest body: a whitelist of millions.
const maxBody = 1 << 30

// Options are the parts that the API works on; all are needed.
type Options struct {
	Token     string
	MACS      *macs.Server
	MPAC      *mpac.Server
	PGW       *pgw.Server
	Pay       *pay.Server
	POSStream *posstream.Server
	Faults    *faults.Table
	Journal   *journal.Journal
	Clock     *state.Clock
}

type api struct {
	Options
	token [sha256.Size]byte
}

// New returns the handler of the admin listener.
func New(o Options) http.Handler {
	a := &api{Options: o, token: sha256.Sum256([]byte(o.Token))}
	calls := http.NewServeMux()
	for pattern, call := range map[string]call{
		"GET /admin/api/terminals":                    a.terminals,
		"POST /admin/api/terminals":                   a.register,
		"POST /admin/api/terminals/{sn}/pairing-code": a.pairingCode,
		"POST /admin/api/terminals/{sn}/unpair":       a.unpair,
		"PUT /admin/api/terminals/{sn}/bin-ranges":    a.binRanges,
		"PUT /admin/api/whitelist":                    a.whitelist,
		"GET /admin/api/entries":                      a.entries,
		"POST /admin/api/mpac/activate":               a.activate,
		"GET /admin/api/mpac/devices":                 a.devices,
		"PUT /admin/api/mpac/devices/{sn}/status":     a.deviceStatus,
		"POST /admin/api/mpac/devices/{sn}/release":   a.releaseDevice,
		"POST /admin/api/mpac/devices/{sn}/events":    a.pushEvent,
		"GET /admin/api/mpac/sockets":                 a.sockets,
		"DELETE /admin/api/mpac/sockets/{sn}":         a.closeSocket,
		"POST /admin/api/mpac/keys/rotate":            a.rotateKeys,
		"POST /admin/api/mpac/human-tokens":           a.humanToken,
		"PUT /admin/api/mpac/settings":                a.mpacSettings,
		"GET /admin/api/faults":                       a.listFaults,
		"POST /admin/api/faults":                      a.addFault,
		"DELETE /admin/api/faults":                    a.clearFaults,
		"DELETE /admin/api/faults/{id}":               a.deleteFault,
		"PUT /admin/api/clock":                        a.clock,
		"GET /admin/api/requests":                     a.requests,
		"/":                                           func(*http.Request) (int, any, error) { return 0, nil, errNotFound },
	} {
		calls.Handle(pattern, call)
	}
	for pattern, call := range a.posStreamCalls() {
		calls.Handle(pattern, call)
	}
	a.addPayments(calls)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", panel)
	mux.HandleFunc("GET /panel.js", script(panelCode))
	mux.HandleFunc("GET /mpac.js", script(mpacCode))
	mux.HandleFunc("GET /payments.js", script(paymentsCode))
	mux.HandleFunc("GET /posstream.js", script(posStreamCode))
	mux.Handle("/", a.guard(calls))
	return mux
}

// guard asks for the token, compared in constant time, and sets the server's Date.
func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", a.Clock.Now().Format(http.TimeFormat))
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sum := sha256.Sum256([]byte(given))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(sum[:], a.token[:]) != 1 {
			reply(w, 0, nil, &apiError{http.StatusUnauthorized, "unauthorized", "the Bearer token of the env file is needed"})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// call is one call of the API: a status and a value, or an error.
type call func(r *http.Request) (int, any, error)

func (c call) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, value, err := c(r)
	reply(w, status, value, err)
}

// apiError is an error of the API.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string { return e.message }

var errNotFound = &apiError{http.StatusNotFound, "not_found", "no such call"}

func unprocessable(message string) *apiError {
	return &apiError{http.StatusUnprocessableEntity, "bad_body", message}
}

func reply(w http.ResponseWriter, status int, value any, err error) {
	if err != nil {
		e := errorOf(err)
		status, value = e.status, map[string]any{"error": map[string]string{"code": e.code, "message": e.message}}
	}
	if status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client may hang up
}

func errorOf(err error) *apiError {
	var e *apiError
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, macs.ErrUnknown):
		return &apiError{http.StatusNotFound, "unknown_terminal", macs.ErrUnknown.Error()}
	case errors.Is(err, macs.ErrExists):
		return &apiError{http.StatusConflict, "exists", macs.ErrExists.Error()}
	case errors.Is(err, macs.ErrPaired):
		return &apiError{http.StatusConflict, "paired", macs.ErrPaired.Error()}
	case errors.Is(err, mpac.ErrUnknown):
		return &apiError{http.StatusNotFound, "unknown_device", err.Error()}
	case errors.Is(err, mpac.ErrCode):
		return &apiError{http.StatusNotFound, "unknown_code", err.Error()}
	case errors.Is(err, mpac.ErrNoSocket):
		return &apiError{http.StatusNotFound, "no_socket", err.Error()}
	case errors.Is(err, mpac.ErrState):
		return &apiError{http.StatusConflict, "wrong_state", err.Error()}
	case errors.Is(err, mpac.ErrStatus), errors.Is(err, mpac.ErrKeySet), errors.Is(err, mpac.ErrPerson), errors.Is(err, mpac.ErrSettings),
		errors.Is(err, mpac.ErrEvent), errors.Is(err, mpac.ErrCloseCode):
		return unprocessable(err.Error())
	case paymentError(err) != nil:
		return paymentError(err)
	case errors.Is(err, faults.ErrBad):
		return &apiError{http.StatusUnprocessableEntity, "bad_fault", err.Error()}
	}
	return &apiError{http.StatusInternalServerError, "internal", "the emulator failed"}
}

// decode reads a body; what does not fit is 422, an unknown field too: a fault whose "times" is misspelt would last for ever.
func decode(r *http.Request, into any) error {
	text, err := io.ReadAll(r.Body)
	if err != nil || !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte{'{'}) {
		return unreadable(err, "a JSON object is needed")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return unprocessable("the body does not fit: " + jsonProblem(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return unprocessable("the body does not end with its object")
	}
	return nil
}

// unreadable is what a body gets that could not be read to its end: 413 when it was too long, else 422.
func unreadable(err error, message string) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &apiError{http.StatusRequestEntityTooLarge, "too_large", "a body may have 1 GiB"}
	}
	return unprocessable(message)
}

// jsonProblem names the field without its value.
func jsonProblem(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return kind.Field + " has a wrong type"
	}
	// The package has no type for this one.
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return name + " is no field of it"
	}
	return "broken JSON"
}
