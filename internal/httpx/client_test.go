package httpx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	good := httpx.Options{BaseURL: "https://macs.example/base/", TrustedCA: newCA(t, today).pem(), Clock: clock.New(clock.System{}, clock.State{})}
	_, err := httpx.New(good)
	require.NoError(t, err)
	tests := map[string]func(*httpx.Options){
		"no URL":           func(o *httpx.Options) { o.BaseURL = "" },
		"plain HTTP":       func(o *httpx.Options) { o.BaseURL = "http://macs.example" },
		"no host":          func(o *httpx.Options) { o.BaseURL = "https:///x" },
		"user in the URL":  func(o *httpx.Options) { o.BaseURL = "https://u:hunter2@macs.example" },
		"query":            func(o *httpx.Options) { o.BaseURL = "https://macs.example?key=hunter2" },
		"fragment":         func(o *httpx.Options) { o.BaseURL = "https://macs.example#hunter2" },
		"not a URL":        func(o *httpx.Options) { o.BaseURL = "https://hunter2\x7f" },
		"no CA":            func(o *httpx.Options) { o.TrustedCA = nil },
		"negative timeout": func(o *httpx.Options) { o.Timeout = -1 },
		"negative idle":    func(o *httpx.Options) { o.IdleTimeout = -1 },
		"negative body":    func(o *httpx.Options) { o.MaxBody = -1 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good
			change(&o)
			_, err := httpx.New(o)
			require.ErrorIs(t, err, fault.InvalidConfig)
			require.NotContains(t, err.Error(), "hunter2", "the URL may hold a secret")
		})
	}
}

func TestARedirectIsAnAnswerNobodyPromised(t *testing.T) {
	t.Parallel()
	var followed atomic.Bool
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != "/a" {
			followed.Store(true)
		}
		http.Redirect(w, req, "/elsewhere", http.StatusFound)
	}, nil)
	resp, err := r.client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/a"})
	require.NoError(t, err)
	code, none := httpx.NoAnswer(resp.Status)
	require.True(t, none)
	require.Equal(t, fault.BadResponse, code)
	require.False(t, followed.Load())
}

// The closed list of statuses that are no answer (protocol section 1.5).
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	want := map[int]fault.Code{408: fault.Timeout, 429: fault.RateLimited}
	for _, answer := range []int{200, 201, 204, 400, 401, 402, 403, 404, 405, 409, 422} {
		want[answer] = ""
	}
	for status := 100; status < 1000; status++ {
		expected, listed := want[status]
		switch {
		case listed:
		case status >= 500 && status < 600:
			expected = fault.ServerError
		case status >= 200 && status < 300:
			expected = ""
		default:
			expected = fault.BadResponse
		}
		code, none := httpx.NoAnswer(status)
		require.Equal(t, expected, code, "HTTP %d", status)
		require.Equal(t, expected != "", none, "HTTP %d", status)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", len(req.URL.Query().Get("n"))))
	}, func(o *httpx.Options) { o.MaxBody = 10 })
	for n, want := range map[int]fault.Code{0: "", 9: "", 10: "", 11: fault.BadResponse, 1000: fault.BadResponse} {
		resp, err := r.client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/?n=" + strings.Repeat("n", n)})
		require.Equal(t, want, fault.CodeOf(err), "%d bytes", n)
		if want == "" {
			require.Len(t, resp.Body, n)
		}
	}
}

// Headers take memory before a body is read.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	for kib, good := range map[int]bool{32: true, 256: false} {
		r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", kib<<10)) }, nil)
		_, err := r.client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/"})
		require.Equal(t, good, err == nil, "%d KiB: %v", kib, err)
	}
}

// drip sends a byte now and then, for ever.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			_, _ = w.Write([]byte(" "))
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// silent accepts and never answers. It reads the body first: only then does net/http notice that the client has gone.
func silent(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// cut announces more than it sends and breaks off.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, `{"half":`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestEveryCallEndsByItsDeadline(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{"drip": drip, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, handler, nil)
			began := time.Now()
			_, err := r.client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/", Timeout: 100 * time.Millisecond, Idempotent: true})
			require.Equal(t, fault.Timeout, fault.CodeOf(err), "%v", err)
			require.Less(t, time.Since(began), 5*time.Second)
		})
	}
}

func TestACutBodyIsABadResponse(t *testing.T) {
	t.Parallel()
	r := newRig(t, cut, nil)
	_, err := r.client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/"})
	require.Equal(t, fault.BadResponse, fault.CodeOf(err), "%v", err)
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r := newRig(t, func(_ http.ResponseWriter, req *http.Request) { cancel(); <-req.Context().Done() }, nil)
	_, err := r.client.Do(ctx, httpx.Request{Method: "GET", Path: "/", Idempotent: true})
	require.Equal(t, fault.Cancelled, fault.CodeOf(err), "%v", err)
	require.False(t, httpx.NotSent(err), "the server has it")
}

func TestNotSent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())

	var lost atomic.Int32
	r := newRig(t, func(http.ResponseWriter, *http.Request) { lost.Add(1); panic(http.ErrAbortHandler) }, nil)
	refused := newRig(t, answerOK, func(o *httpx.Options) { o.BaseURL = "https://" + closed })
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()

	_, err = refused.client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: []byte(`{}`)})
	require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err))
	require.True(t, httpx.NotSent(err), "refused connection")

	_, err = r.client.Do(cancelled, httpx.Request{Method: "POST", Path: "/", Body: []byte(`{}`)})
	require.Equal(t, fault.Cancelled, fault.CodeOf(err))
	require.True(t, httpx.NotSent(err), "cancelled before it began")

	_, err = r.client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: []byte(`{}`)})
	require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err), "%v", err)
	require.False(t, httpx.NotSent(err), "a lost answer may have had an effect")
	require.Equal(t, int32(1), lost.Load(), "a POST that is not idempotent is sent once")

	require.False(t, httpx.NotSent(nil))
	require.False(t, httpx.NotSent(errors.New("stray")))
}

// A call is repeated once, only when its caller says so, after what the server asked for, and within its deadline.
func TestRepetition(t *testing.T) {
	t.Parallel()
	status := func(code int, retryAfter string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if retryAfter != "" {
				w.Header().Set("Retry-After", retryAfter)
			}
			w.WriteHeader(code)
		}
	}
	tests := map[string]struct {
		first      http.HandlerFunc
		idempotent bool
		timeout    time.Duration
		calls      int
		atLeast    time.Duration
		status     int
	}{
		"429 and Retry-After": {first: status(429, "1"), idempotent: true, timeout: 20 * time.Second, calls: 2, atLeast: time.Second, status: 200},
		"429 and a date": {first: func(w http.ResponseWriter, req *http.Request) {
			now := time.Now().Add(-time.Hour) // the server's clock counts
			w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
			status(429, now.Add(2*time.Second).UTC().Format(http.TimeFormat))(w, req)
		}, idempotent: true, timeout: 20 * time.Second, calls: 2, atLeast: 2 * time.Second, status: 200},
		"503 without":                   {first: status(503, ""), idempotent: true, timeout: 20 * time.Second, calls: 2, status: 200},
		"503, unreadable Retry-After":   {first: status(503, "soon"), idempotent: true, timeout: 20 * time.Second, calls: 2, status: 200},
		"500 at once":                   {first: status(500, "0"), idempotent: true, timeout: 20 * time.Second, calls: 2, status: 200},
		"lost connection":               {first: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, idempotent: true, timeout: 20 * time.Second, calls: 2, status: 200},
		"cut answer":                    {first: cut, idempotent: true, timeout: 20 * time.Second, calls: 2, status: 200},
		"not idempotent":                {first: status(503, "0"), timeout: 20 * time.Second, calls: 1, status: 503},
		"429, not idempotent":           {first: status(429, "0"), timeout: 20 * time.Second, calls: 1, status: 429},
		"Retry-After past the deadline": {first: status(503, "3600"), idempotent: true, timeout: 5 * time.Second, calls: 1, status: 503},
		"an answer is not repeated":     {first: status(404, "0"), idempotent: true, timeout: 20 * time.Second, calls: 1, status: 404},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			var bodies atomic.Int32
			r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
				if body, _ := io.ReadAll(req.Body); string(body) == `{"a":1}` {
					bodies.Add(1)
				}
				if calls.Add(1) == 1 {
					tt.first(w, req)
					return
				}
				answerOK(w, req)
			}, nil)
			began := time.Now()
			resp, err := r.client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: []byte(`{"a":1}`), Idempotent: tt.idempotent, Timeout: tt.timeout})
			require.NoError(t, err)
			require.Equal(t, tt.status, resp.Status)
			require.EqualValues(t, tt.calls, calls.Load())
			require.EqualValues(t, tt.calls, bodies.Load(), "each time with the whole body")
			require.GreaterOrEqual(t, time.Since(began), tt.atLeast)
		})
	}
}

// The first request may have had an effect although its repetition never left.
func TestARepetitionThatWasNotSentDoesNotHideTheFirst(t *testing.T) {
	t.Parallel()
	authority := newCA(t, today)
	var server *httptest.Server
	server = serve(t, authority, today, "127.0.0.1", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		_ = server.Listener.Close() // the repetition is refused
		panic(http.ErrAbortHandler)
	}))
	client, err := httpx.New(httpx.Options{BaseURL: server.URL, TrustedCA: authority.pem()})
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Body: []byte(`{}`), Idempotent: true})
	require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err), "%v", err)
	require.False(t, httpx.NotSent(err))
}

// A round tripper that has no token for the repetition, or a certificate that is refused now, says nothing of the first try.
func TestWhatKeepsARepetitionBackDoesNotHideTheFirst(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first  http.HandlerFunc
		second fault.Code
		want   fault.Code
		status int
	}{
		"lost, then refused": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.TLSUntrusted, fault.NetworkUnavailable, 0},
		"lost, then late":    {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.Timeout, fault.Timeout, 0},
		"5xx, then refused":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, fault.TokenRefused, "", 503},
		"429, then refused":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, fault.TokenRefused, fault.TokenRefused, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			client := newRig(t, tt.first, nil).client.Wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(req *http.Request) (*http.Response, error) {
					if tries.Add(1) == 2 {
						return nil, fault.New(tt.second, "test", "")
					}
					return next.RoundTrip(req)
				})
			})
			resp, err := client.Do(t.Context(), httpx.Request{Method: "POST", Path: "/", Idempotent: true})
			require.Equal(t, tt.want, fault.CodeOf(err), "%v", err)
			require.EqualValues(t, 2, tries.Load())
			require.False(t, httpx.NotSent(err))
			if tt.status != 0 {
				require.Equal(t, tt.status, resp.Status)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

func TestASecondFailureIsTheAnswer(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(503)
	}, nil)
	resp, err := r.client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/", Idempotent: true})
	require.NoError(t, err)
	require.Equal(t, 503, resp.Status)
	require.EqualValues(t, 2, calls.Load())
}

// A URL's query, headers and bodies stay out of errors and logs, in success and in every failure.
func TestNothingSecretInErrorsAndLogs(t *testing.T) {
	t.Parallel()
	const canary = "canary5301000000000005"
	handlers := map[string]http.HandlerFunc{
		"answer": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", canary)
			_, _ = io.WriteString(w, canary)
		},
		"silent": silent,
		"cut":    cut,
		"lost":   func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, handler, nil)
			_, err := r.client.Do(t.Context(), httpx.Request{
				Method: "POST", Path: "/pos/x?secret=" + canary, Body: []byte(canary), Timeout: 200 * time.Millisecond,
				Header: http.Header{"Authorization": {"Bearer " + canary}},
			})
			text := fmt.Sprintf("%v %+v %s", err, err, r.log)
			require.NotContains(t, text, canary)
			require.Contains(t, r.log.String(), "path=/pos/x ", "the log names the call")
			if err != nil {
				require.NotContains(t, err.Error(), r.url)
			}
		})
	}
}

func TestDateMovesTheClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(3*time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusForbidden) // a refusal tells the time too
	}, nil)
	_, err := r.client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/"})
	require.NoError(t, err)
	require.True(t, r.clock.Status().Observed)
	require.WithinDuration(t, time.Now().Add(3*time.Hour), r.clock.Now(), time.Minute)
}
