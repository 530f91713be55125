package emulator

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/smartpos-go/terminal/emulator/faults"
	"github.com/smartpos-go/terminal/emulator/journal"
	"github.com/smartpos-go/terminal/emulator/state"
)

// maxBody is the largest request body of a system.
const maxBody = 1 << 20

// entrance is what stands before every system: the body read whole and bounded, the server's own Date, faults, the journal.
type entrance struct {
	system
	faults  *faults.Table
	journal *journal.Journal
	clock   *state.Clock
	log     *slog.Logger
}

// ServeHTTP lets a request in.
func (e *entrance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.faults.Refused(e.name, r) {
		return
	}
	began := time.Now()
	tapped := &tap{ResponseWriter: w, clock: e.clock}
	row := journal.Row{At: e.clock.Now(), System: e.name, Method: r.Method, Path: r.URL.Path}
	said := ""
	defer func() { // also when a fault ends the connection
		if e.registered(said) { // anything else could be a card number or a code
			row.SerialNumber = said
		}
		row.Status, row.ResponseBody = tapped.status, string(tapped.body)
		row = e.journal.Add(row)
		e.log.Info("request", "system", row.System, "method", row.Method, "path", row.Path, "status", row.Status, "fault", row.Fault,
			"took", time.Since(began).Round(time.Millisecond))
	}()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	row.RequestBody = string(body)
	said = e.serialNumber(r, body)
	if err != nil {
		e.refuseBody(tapped, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	handler, hit := e.faults.Wrap(e.handler, e.name, r.URL.Path, said)
	row.Fault = hit
	handler.ServeHTTP(tapped, r)
}

func (e *entrance) refuseBody(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		status = http.StatusRequestEntityTooLarge
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, e.bodyError)
}

// tap dates an answer when it begins, which may be long after the request came, and keeps its status and its beginning.
type tap struct {
	http.ResponseWriter
	clock  *state.Clock
	status int
	body   []byte
}

func (t *tap) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
		t.Header().Set("Date", t.clock.Now().Format(http.TimeFormat))
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tap) Write(p []byte) (int, error) {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	// One byte more than is kept, so that the journal sees a cut.
	if room := journal.MaxBody + 1 - len(t.body); room > 0 {
		t.body = append(t.body, p[:min(room, len(p))]...)
	}
	return t.ResponseWriter.Write(p)
}

// Unwrap lets a handler take the connection over.
func (t *tap) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Flush lets a cut answer out.
func (t *tap) Flush() {
	if flusher, ok := t.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}
