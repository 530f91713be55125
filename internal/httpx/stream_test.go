package httpx_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

func readStream(t *testing.T, r *rig, request httpx.Request, limit int64) (string, error) {
	t.Helper()
	stream, err := r.client.Stream(t.Context(), request, limit)
	if err != nil {
		return "", err
	}
	defer func() { require.NoError(t, stream.Body.Close()) }()
	body, err := io.ReadAll(stream.Body)
	return string(body), err
}

func TestStreamLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "0123456789") }, nil)
	for limit, want := range map[int64]fault.Code{9: fault.BadResponse, 10: "", 11: "", 0: fault.BadResponse} {
		body, err := readStream(t, r, httpx.Request{Method: "GET", Path: "/"}, limit)
		require.Equal(t, want, fault.CodeOf(err), "limit %d", limit)
		if want == "" {
			require.Equal(t, "0123456789", body)
		}
	}
}

func TestStreamFaults(t *testing.T) {
	t.Parallel()
	half := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		timeout time.Duration
		limit   int64
		want    fault.Code
	}{
		"stands still":           {handler: half, limit: 100, want: fault.Timeout},
		"never answers":          {handler: silent, limit: 100, want: fault.Timeout},
		"cut":                    {handler: cut, limit: 1000, want: fault.BadResponse},
		"cut right at the limit": {handler: cut, limit: int64(len(`{"half":`)), want: fault.BadResponse},
		"drips past a deadline":  {handler: drip, timeout: 300 * time.Millisecond, limit: 1 << 20, want: fault.Timeout},
		"drips without an end":   {handler: drip, limit: 5, want: fault.BadResponse},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, tt.handler, func(o *httpx.Options) { o.IdleTimeout = 150 * time.Millisecond })
			_, err := readStream(t, r, httpx.Request{Method: "GET", Path: "/", Timeout: tt.timeout}, tt.limit)
			require.Equal(t, tt.want, fault.CodeOf(err), "%v", err)
		})
	}
}

// A download may take longer than the idle timeout, as long as it moves.
func TestAStreamThatMovesIsNotIdle(t *testing.T) {
	t.Parallel()
	const idle = 300 * time.Millisecond
	r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		tick := time.NewTicker(idle / 10)
		defer tick.Stop()
		for range 15 {
			<-tick.C
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
		}
	}, func(o *httpx.Options) { o.IdleTimeout = idle })
	body, err := readStream(t, r, httpx.Request{Method: "GET", Path: "/"}, 100)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("x", 15), body)
}

func TestCancelWhileStreaming(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := newRig(t, drip, nil)
	stream, err := r.client.Stream(ctx, httpx.Request{Method: "GET", Path: "/"}, 1<<20)
	require.NoError(t, err)
	defer func() { _ = stream.Body.Close() }()
	cancel()
	_, err = io.ReadAll(stream.Body)
	require.Equal(t, fault.Cancelled, fault.CodeOf(err), "%v", err)
}
