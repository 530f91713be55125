package httpx

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// A download that never stands still and never ends is given up on, so that every call has an end.
func TestADownloadThatOnlyDripsEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		runs time.Duration
		read int64
		want fault.Code
	}{
		"at its beginning":             {runs: slowAfter / 2},
		"slow":                         {runs: 2 * slowAfter, read: 1000, want: fault.Timeout},
		"as slow as it may be":         {runs: slowAfter + 100*time.Second, read: 100*slowest + slowest},
		"an hour of one byte a second": {runs: time.Hour, read: 3600, want: fault.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			idle := time.AfterFunc(time.Hour, cancel)
			defer idle.Stop()
			body := &streamBody{
				ctx: ctx, body: io.NopCloser(strings.NewReader("xx")), left: 1000, idle: idle, idleTimeout: time.Hour, stop: cancel,
				began: time.Now().Add(-tt.runs), read: tt.read,
			}
			_, err := body.Read(make([]byte, 1))
			require.Equal(t, tt.want, fault.CodeOf(err), "%v", err)
		})
	}
}
