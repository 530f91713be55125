package faults_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/faults"
)

func TestAddRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault faults.Fault
		good  bool
	}{
		{name: "no kind", fault: faults.Fault{}},
		{name: "unknown kind", fault: faults.Fault{Kind: "nonsense"}},
		{name: "unknown system", fault: faults.Fault{Kind: "reset", System: "admin"}},
		{name: "negative times", fault: faults.Fault{Kind: "reset", Times: -1}},
		{name: "refuse with path", fault: faults.Fault{Kind: "refuse", Path: "/pos/pair"}},
		{name: "refuse with serial number", fault: faults.Fault{Kind: "refuse", SerialNumber: "SN-1"}},
		{name: "refuse", fault: faults.Fault{Kind: "refuse", System: "macs", Times: 1}, good: true},
		{name: "negative latency", fault: faults.Fault{Kind: "latency", LatencyMs: -1}},
		{name: "latency of more than a day", fault: faults.Fault{Kind: "latency", LatencyMs: 86_400_001}},
		{name: "latency of a day", fault: faults.Fault{Kind: "latency", LatencyMs: 86_400_000}, good: true},
		{name: "status missing", fault: faults.Fault{Kind: "status"}},
		{name: "status 199", fault: faults.Fault{Kind: "status", Status: 199}},
		{name: "status 600", fault: faults.Fault{Kind: "status", Status: 600}},
		{name: "status 599", fault: faults.Fault{Kind: "status", Status: 599}, good: true},
		{name: "cut before the beginning", fault: faults.Fault{Kind: "cut", Bytes: -1}},
		{name: "cut before the body", fault: faults.Fault{Kind: "cut"}, good: true},
		{name: "drop_answer", fault: faults.Fault{Kind: "drop_answer"}, good: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := faults.NewTable()
			id, err := table.Add(tt.fault)
			if tt.good {
				require.NoError(t, err)
				require.NotEmpty(t, id)
				require.Len(t, table.List(), 1)
				return
			}
			require.ErrorIs(t, err, faults.ErrBad)
			require.Empty(t, table.List())
		})
	}
}

func TestFaultHitsWhatItNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		fault      faults.Fault
		system     string
		path, sn   string
		wantStatus int
	}{
		{name: "everything", fault: faults.Fault{}, system: "macs", path: "/pos/pair", wantStatus: 503},
		{name: "its system", fault: faults.Fault{System: "macs"}, system: "macs", path: "/pos/pair", wantStatus: 503},
		{name: "another system", fault: faults.Fault{System: "macs"}, system: "mpac", path: "/pos/pair", wantStatus: 200},
		{name: "its path", fault: faults.Fault{Path: "/pos/pair"}, system: "macs", path: "/pos/pair", wantStatus: 503},
		{name: "a path below", fault: faults.Fault{Path: "/pos"}, system: "macs", path: "/pos/pair", wantStatus: 200},
		{name: "its terminal", fault: faults.Fault{SerialNumber: "SN-1"}, system: "macs", path: "/pos/pair", sn: "SN-1", wantStatus: 503},
		{name: "nobody", fault: faults.Fault{SerialNumber: "SN-1"}, system: "macs", path: "/pos/pair", wantStatus: 200},
		{name: "its terminal elsewhere", fault: faults.Fault{SerialNumber: "SN-1", Path: "/x"}, system: "macs", path: "/pos/pair", sn: "SN-1", wantStatus: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			table := faults.NewTable()
			tt.fault.Kind, tt.fault.Status = "status", 503
			_, err := table.Add(tt.fault)
			require.NoError(t, err)
			handler, name := table.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), tt.system, tt.path, tt.sn)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, tt.wantStatus, answer.Code)
			require.Equal(t, tt.wantStatus == 503, name == "status")
		})
	}
}

func TestTimesAreCountedExactlyOnceEach(t *testing.T) {
	t.Parallel()
	table := faults.NewTable()
	id, err := table.Add(faults.Fault{Kind: "reset", Times: 50})
	require.NoError(t, err)
	var hits atomic.Int64
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, name := table.Wrap(http.NotFoundHandler(), "macs", "/", ""); name != "" {
				hits.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 50, hits.Load())
	require.Zero(t, *table.List()[0].Remaining)
	require.True(t, table.Delete(id))
	require.False(t, table.Delete(id))
}

// A fault that answers by itself leaves none for those behind it: they count only what they act on.
func TestAFaultThatNeverActedIsNotUsedUp(t *testing.T) {
	t.Parallel()
	table := faults.NewTable()
	for _, f := range []faults.Fault{
		{Kind: "latency", LatencyMs: 1, Times: 2}, {Kind: "status", Status: 503, Times: 1}, {Kind: "status", Status: 429, Times: 1},
	} {
		_, err := table.Add(f)
		require.NoError(t, err)
	}
	for _, want := range []int{503, 429, 200} {
		handler, _ := table.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }), "macs", "/pos/pair", "")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/pos/pair", nil))
		require.Equal(t, want, answer.Code)
	}
}

func TestListIsACopy(t *testing.T) {
	t.Parallel()
	table := faults.NewTable()
	_, err := table.Add(faults.Fault{Kind: "reset", Times: 2})
	require.NoError(t, err)
	*table.List()[0].Remaining = 0
	_, name := table.Wrap(http.NotFoundHandler(), "macs", "/", "")
	require.Equal(t, "reset", name)
	table.Clear()
	require.Empty(t, table.List())
}

const content = `{"status":"confirmed"}`

// serve answers over TLS as an emulated system does, with the given faults in force.
func serve(t *testing.T, served *atomic.Int64, list ...faults.Fault) (*http.Client, string) {
	t.Helper()
	table := faults.NewTable()
	for _, f := range list {
		_, err := table.Add(f)
		require.NoError(t, err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			served.Add(1)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "22")
			_, _ = io.WriteString(w, content)
		})
		handler, _ := table.Wrap(next, "macs", r.URL.Path, "")
		handler.ServeHTTP(w, r)
	}))
	server.Config.ConnContext = faults.WithConnection
	server.Listener = faults.Listener{Listener: server.Listener, Table: table, System: "macs"}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.Client(), server.URL
}

func TestWhatAClientSees(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		faults []faults.Fault
		err    error // of the request
		cut    bool  // the body ends early
		status int
		body   string
		kind   string // Content-Type
		served int64
	}{
		{name: "none", status: 200, body: content, kind: "application/json", served: 1},
		{name: "reset", faults: []faults.Fault{{Kind: "reset"}}, err: syscall.ECONNRESET},
		{name: "drop_answer", faults: []faults.Fault{{Kind: "drop_answer"}}, err: syscall.ECONNRESET, served: 1},
		{name: "status with text", faults: []faults.Fault{{Kind: "status", Status: 500, Body: "oops"}}, status: 500, body: "oops", kind: "text/plain; charset=utf-8"},
		{name: "status with JSON", faults: []faults.Fault{{Kind: "status", Status: 429, Body: `{}`}}, status: 429, body: `{}`, kind: "application/json"},
		{name: "cut before the body", faults: []faults.Fault{{Kind: "cut"}}, status: 200, cut: true, kind: "application/json", served: 1},
		{name: "cut within the body", faults: []faults.Fault{{Kind: "cut", Bytes: 9}}, status: 200, cut: true, body: content[:9], kind: "application/json", served: 1},
		{name: "cut behind the body", faults: []faults.Fault{{Kind: "cut", Bytes: 22}}, status: 200, body: content, kind: "application/json", served: 1},
		{name: "late and cut", faults: []faults.Fault{{Kind: "latency", LatencyMs: 5}, {Kind: "cut", Bytes: 1}}, status: 200, cut: true, body: "{", kind: "application/json", served: 1},
		{name: "late", faults: []faults.Fault{{Kind: "latency", LatencyMs: 5}}, status: 200, body: content, kind: "application/json", served: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var served atomic.Int64
			client, url := serve(t, &served, tt.faults...)
			answer, err := client.Post(url, "application/json", strings.NewReader("{}"))
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				require.Equal(t, tt.served, served.Load())
				return
			}
			require.NoError(t, err)
			defer func() { require.NoError(t, answer.Body.Close()) }()
			body, err := io.ReadAll(answer.Body)
			if tt.cut {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "Content-Length promises the whole body")
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, tt.status, answer.StatusCode)
			require.Equal(t, tt.body, string(body))
			require.Equal(t, tt.kind, answer.Header.Get("Content-Type"))
			require.Equal(t, tt.served, served.Load())
		})
	}
}

func TestRefuseActsBeforeTLS(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	client, url := serve(t, &served, faults.Fault{Kind: "refuse", Times: 1})
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "https://"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
	_, err = conn.Read(make([]byte, 1)) // nothing was written: only a server that does not wait for TLS ends it
	require.ErrorIs(t, err, io.EOF)
	answer, err := client.Get(url)
	require.NoError(t, err, "the connection behind it")
	require.NoError(t, answer.Body.Close())
}

func TestLatencyEndsWithItsClient(t *testing.T) {
	t.Parallel()
	table := faults.NewTable()
	_, err := table.Add(faults.Fault{Kind: "latency", LatencyMs: 3_600_000})
	require.NoError(t, err)
	served := false
	handler, _ := table.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true }), "macs", "/", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	require.False(t, served, "who left is not served")
}
