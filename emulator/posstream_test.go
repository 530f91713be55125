package emulator_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

func TestThePOSEventStreamOfTheAdminAPI(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{StateDir: t.TempDir()})
	base := "/admin/api/posstream"
	for _, bad := range []struct {
		path string
		body map[string]any
	}{
		{"/integrators", map[string]any{"keyId": "KEY"}},
		{"/integrators", map[string]any{"keyId": 1}},
		{"/clients", map[string]any{"address": "x", "pos": "POS-1"}},
		{"/clients", map[string]any{"address": "127.0.0.1:1", "pos": "POS-1", "reconnectSeconds": -1}},
		{"/events", map[string]any{"type": "no_such_event"}},
		{"/events", map[string]any{"count": 0}},
	} {
		require.ErrorContains(t, w.Admin(t.Context(), http.MethodPost, base+bad.path, bad.body, nil), "HTTP 422", bad.body)
	}
	require.ErrorContains(t, w.Admin(t.Context(), http.MethodPut, base+"/cloud", map[string]any{}, nil), "HTTP 422")
	require.ErrorContains(t, w.Admin(t.Context(), http.MethodPost, base+"/events", map[string]any{"pos": "POS-9"}, nil), "HTTP 404")
	require.ErrorContains(t, w.Admin(t.Context(), http.MethodDelete, base+"/clients/7", nil, nil), "HTTP 404")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	var added struct{ ID string }
	admin(t, w, http.MethodPost, base+"/clients", map[string]any{"address": l.Addr().String(), "pos": "POS-1", "reconnectSeconds": 0.05}, &added)
	conn, err := l.Accept()
	require.NoError(t, err, "the POS dials")
	require.NoError(t, conn.Close())
	for range 2 {
		again, err := l.Accept()
		require.NoError(t, err, "and dials again")
		require.NoError(t, again.Close())
	}
	var queued struct{ Queued int }
	admin(t, w, http.MethodPost, base+"/events", map[string]any{"count": 1002}, &queued)
	require.Equal(t, 1002, queued.Queued)
	var listed struct {
		Clients []struct {
			ID, POS, Address, State     string
			Sent, Acknowledged, Dropped int
		}
	}
	admin(t, w, http.MethodGet, base+"/clients", nil, &listed)
	require.Len(t, listed.Clients, 1)
	c := listed.Clients[0]
	require.Equal(t, []string{added.ID, "POS-1", l.Addr().String()}, []string{c.ID, c.POS, c.Address})
	require.Contains(t, []string{"dialing", "handshake"}, c.State)
	require.Equal(t, []int{0, 0, 2}, []int{c.Sent, c.Acknowledged, c.Dropped})
	admin(t, w, http.MethodDelete, base+"/clients/"+added.ID, nil, nil)
	admin(t, w, http.MethodGet, base+"/clients", nil, &listed)
	require.Empty(t, listed.Clients)
}

// A world that is closed in the middle of a handshake does not wait for it.
func TestCloseEndsHandshakes(t *testing.T) {
	t.Parallel()
	w, err := emulator.Start(t.Context(), emulator.Options{})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	admin(t, w, http.MethodPost, "/admin/api/posstream/clients", map[string]any{"address": l.Addr().String(), "pos": "POS-1"}, nil)
	conn, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	began := time.Now()
	require.NoError(t, w.Close())
	require.Less(t, time.Since(began), 8*time.Second)
}
