package emulator

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/faults"
	"github.com/smartpos-go/terminal/emulator/journal"
	"github.com/smartpos-go/terminal/emulator/macs"
	"github.com/smartpos-go/terminal/emulator/state"
)

const registeredSN = "0820123456"

// door is an entrance before a system that repeats what it gets.
func door(t *testing.T, handler http.HandlerFunc) (*entrance, *bytes.Buffer) {
	t.Helper()
	if handler == nil {
		handler = func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }
	}
	log := &bytes.Buffer{}
	return &entrance{
		system:  system{name: "macs", handler: handler, registered: func(sn string) bool { return sn == registeredSN }, serialNumber: macs.SerialNumber, bodyError: macs.BodyError},
		faults:  faults.NewTable(),
		journal: journal.New(time.UnixMilli(1)),
		clock:   &state.Clock{},
		log:     slog.New(slog.NewTextHandler(log, nil)),
	}, log
}

func TestEntranceBoundsBodies(t *testing.T) {
	t.Parallel()
	e, _ := door(t, nil)
	for _, tt := range []struct {
		size, status int
	}{{size: maxBody, status: 200}, {size: maxBody + 1, status: 413}, {size: 2 * maxBody, status: 413}} {
		answer := httptest.NewRecorder()
		e.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/pos/pair", strings.NewReader(strings.Repeat(" ", tt.size))))
		require.Equal(t, tt.status, answer.Code, tt.size)
	}
	rows := e.journal.Since(0, 10)
	require.Len(t, rows, 3, "a refused one is in the journal too")
	require.Equal(t, http.StatusRequestEntityTooLarge, rows[1].Status)
}

func TestEntranceNamesOnlyRegisteredTerminals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body, want string
	}{
		{name: "registered", body: `{"serialNumber":"` + registeredSN + `"}`, want: registeredSN},
		{name: "unknown", body: `{"serialNumber":"SN-2"}`},
		{name: "card number in its place", body: `{"serialNumber":"5555555555554444"}`},
		{name: "no JSON", body: `x`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e, log := door(t, nil)
			e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/pos/5555555555554444", strings.NewReader(tt.body)))
			row := e.journal.Since(0, 1)[0]
			require.Equal(t, tt.want, row.SerialNumber)
			require.Equal(t, "/pos/***", row.Path)
			require.NotContains(t, log.String(), "5555555555554444")
			require.Contains(t, log.String(), "path=/pos/***")
		})
	}
}

// A late answer has the time at which it is given: terminals set their clock by it.
func TestEntranceDatesTheAnswer(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	e, _ := door(t, func(w http.ResponseWriter, _ *http.Request) {
		now = now.Add(30 * time.Second)
		_, _ = io.WriteString(w, "late")
	})
	e.clock.Base = func() time.Time { return now }
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	require.Equal(t, "Wed, 28 Jan 2026 10:00:30 GMT", answer.Header().Get("Date"))
	require.Equal(t, "10:00:00", e.journal.Since(0, 1)[0].At.Format(time.TimeOnly), "the row has the time at which it came")
}

func TestEntranceRecordsFaults(t *testing.T) {
	t.Parallel()
	e, _ := door(t, nil)
	for _, f := range []faults.Fault{{Kind: "status", Status: 503, Times: 1, SerialNumber: registeredSN}, {Kind: "drop_answer", Times: 1}} {
		_, err := e.faults.Add(f)
		require.NoError(t, err)
	}
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"serialNumber":"SN-2"}`)))
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"serialNumber":"`+registeredSN+`"}`)))
	rows := e.journal.Since(0, 10)
	require.Equal(t, "drop_answer", rows[0].Fault)
	require.Zero(t, rows[0].Status, "no answer was given")
	require.Equal(t, "status", rows[1].Fault)
	require.Equal(t, 503, rows[1].Status)
}
