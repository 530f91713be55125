package mobile_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

// notice is what a listener is told, as an app reads it.
type notice struct {
	V       int             `json:"v"`
	Kind    string          `json:"kind"`
	ID      string          `json:"id"`
	Seq     int64           `json:"seq"`
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload"`
	Code    string          `json:"code"`
	Final   bool            `json:"final"`
}

// phone is an app with a terminal whose device is activated.
type phone struct {
	*testing.T
	world    *emulator.World
	dir      string
	terminal *mobile.Terminal
	notices  chan notice
	mu       sync.Mutex
	// react, guarded by mu, is what the app does with a notice.
	react func(notice) error
}

func (p *phone) Receive(text string) error {
	var n notice
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	p.notices <- n
	p.mu.Lock()
	react := p.react
	p.mu.Unlock()
	if react != nil {
		return react(n)
	}
	return nil
}

func (p *phone) on(react func(notice) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.react = react
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	p := &phone{T: t, world: world(t), dir: t.TempDir(), notices: make(chan notice, 1000)}
	p.open()
	return p
}

func (p *phone) open() {
	p.Helper()
	text, err := json.Marshal(map[string]any{
		"serialNumber": "SN-P", "dataDir": filepath.Join(p.dir, "data"),
		"device": map[string]any{"baseUrl": p.world.Env().MPAC.URL, "trustedCa": string(p.world.CAPEM()), "audience": p.world.Env().MPAC.Issuer},
	})
	require.NoError(p, err)
	p.terminal, err = mobile.Open(string(text), nil)
	require.NoError(p, err)
	p.Cleanup(func() { _ = p.terminal.Close() })
}

func (p *phone) activate() {
	p.Helper()
	answer, err := p.terminal.RequestActivation(nil)
	require.NoError(p, err)
	var a struct{ ActivationCode string }
	require.NoError(p, json.Unmarshal([]byte(answer), &a))
	p.admin("POST", "/activate", map[string]any{"activationCode": a.ActivationCode, "merchantId": 1, "storeId": 1})
	answer, err = p.terminal.AwaitActivation(nil, 10)
	require.NoError(p, err)
	require.Contains(p, answer, `"active"`)
}

func (p *phone) admin(method, path string, body any) {
	p.Helper()
	require.NoError(p, p.world.Admin(p.Context(), method, "/admin/api/mpac"+path, body, nil))
}

func (p *phone) push(n int) {
	p.Helper()
	for i := range n {
		p.admin("POST", "/devices/SN-P/events", map[string]any{"event": "order.updated", "payload": map[string]int{"n": i}})
	}
}

func (p *phone) connect() {
	p.Helper()
	require.NoError(p, p.terminal.Connect(p))
	p.want("online")
}

// want is the next notice, which must be of this kind; tidings of on and off between events are passed over.
func (p *phone) want(kind string) notice {
	p.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case n := <-p.notices:
			require.Equal(p, 1, n.V)
			if n.Kind == kind {
				return n
			}
			require.NotEqual(p, "event", n.Kind, "event %d came for %s", n.Seq, kind)
		case <-late:
			require.Failf(p, "no notice", "%s does not come", kind)
		}
	}
}

func (p *phone) wantEvents(from, to int64) {
	p.Helper()
	for seq := from; seq <= to; seq++ {
		require.Equal(p, seq, p.want("event").Seq)
	}
}

func TestConnectBeforeActivation(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	require.Equal(t, "not_activated", mobile.ErrorCode(p.terminal.Connect(p)))
	require.Equal(t, "closed", mobile.ErrorCode(p.terminal.SendStatus(50, "OK")))
	require.NoError(t, p.terminal.Disconnect())
	require.NoError(t, p.terminal.NetworkAvailable())
	require.Equal(t, "invalid_request", mobile.ErrorCode(p.terminal.Connect(nil)))
	require.NoError(t, p.terminal.Close())
	require.Equal(t, "closed", mobile.ErrorCode(p.terminal.Connect(p)))
	require.Equal(t, "closed", mobile.ErrorCode(p.terminal.NetworkAvailable()))
}

func TestEventsArriveOnceOverDisconnectsAndRestarts(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	p.connect()
	p.push(3)
	p.wantEvents(1, 3)
	require.NoError(t, p.terminal.Disconnect())
	p.push(3)
	p.connect()
	p.wantEvents(4, 6)
	require.NoError(t, p.terminal.Close())
	p.push(3)
	p.open()
	p.connect()
	p.wantEvents(7, 9)
	p.admin("DELETE", "/sockets/SN-P?code=1012", nil)
	// The close frame says restart, unless an acknowledgement on its way found the connection gone before it was read.
	require.Contains(t, []string{"server_error", "network_unavailable"}, p.want("offline").Code)
	p.push(1)
	p.wantEvents(10, 10)
}

func TestAListenerThatThrowsOrBlocks(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	failures, free := 0, make(chan struct{})
	p.on(func(n notice) error {
		switch {
		case n.Seq == 1 && failures == 0:
			failures++
			return errors.New("the app threw")
		case n.Seq == 2:
			<-free
		}
		return nil
	})
	p.connect()
	p.push(3)
	p.wantEvents(1, 1)
	p.wantEvents(1, 2) // again, and then blocked
	_, err := p.terminal.DeviceToken(nil)
	require.NoError(t, err, "the app hangs, the terminal does not")
	require.NoError(t, p.terminal.SendStatus(80, "LOW"))
	close(free)
	p.wantEvents(3, 3)
}

func TestAListenerMayDisconnectConnectAndClose(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	result := make(chan error, 1)
	p.on(func(n notice) error {
		switch n.Seq {
		case 1:
			result <- p.terminal.Disconnect()
		case 2:
			result <- p.terminal.Connect(p)
		case 3:
			result <- p.terminal.Close()
		}
		return nil
	})
	p.connect()
	p.push(1)
	p.wantEvents(1, 1)
	require.NoError(t, within(t, result))
	p.push(1)
	p.connect()
	p.wantEvents(2, 2)
	require.NoError(t, within(t, result))
	p.push(1)
	p.wantEvents(3, 3)
	require.NoError(t, within(t, result))
	p.push(1)
	p.open() // the folder was given back
	p.on(nil)
	p.connect()
	n := p.want("event")
	require.Contains(t, []int64{3, 4}, n.Seq, "3 was handled while the terminal closed: it may come again")
}

// An app that disconnects from within the listener and connects from elsewhere must not get the event it is at a second time.
func TestConnectWaitsForTheListenerOfAChannelThatWasClosed(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	gone, free := make(chan struct{}), make(chan struct{})
	p.on(func(n notice) error {
		if n.Seq != 1 {
			return nil
		}
		err := p.terminal.Disconnect()
		close(gone)
		<-free
		return err
	})
	p.connect()
	p.push(1)
	p.wantEvents(1, 1)
	<-gone
	require.NoError(t, p.terminal.Connect(p))
	require.Never(t, func() bool { return len(p.notices) > 0 }, 500*time.Millisecond, 10*time.Millisecond, "the listener has not returned")
	close(free)
	p.want("online")
	p.push(1)
	p.wantEvents(2, 2)
}

func within(t *testing.T, result chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(3 * time.Second):
		require.Fail(t, "a call from within the listener hangs")
		return nil
	}
}

func TestNothingArrivesAfterDisconnect(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	for range 10 {
		p.connect()
		p.push(5)
		require.NoError(t, p.terminal.Disconnect())
		heard := len(p.notices)
		p.push(1)
		require.Len(t, p.notices, heard)
		for len(p.notices) > 0 {
			<-p.notices
		}
	}
}

func TestASuspendedDeviceIsToldAndStaysAway(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	p.connect()
	p.admin("PUT", "/devices/SN-P/status", map[string]any{"status": "suspended"})
	n := p.want("offline")
	require.Equal(t, "device_suspended", n.Code)
	require.True(t, n.Final)
	require.NoError(t, p.terminal.NetworkAvailable())
	answer, err := p.terminal.Readiness(nil)
	require.NoError(t, err)
	require.Contains(t, answer, "device_suspended")
	p.admin("PUT", "/devices/SN-P/status", map[string]any{"status": "active"})
	p.connect()
	p.push(1)
	p.wantEvents(1, 1)
	answer, err = p.terminal.Readiness(nil)
	require.NoError(t, err)
	require.Contains(t, answer, `"code":"channel","severity":"ok"`)
}

// A gateway that is gone for a while: NetworkAvailable brings the channel back within 5 s of its return, also through the pauses
// of the token source.
func TestNetworkAvailableBringsTheChannelBack(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	p.connect()
	faults := func(method string, body any) {
		require.NoError(t, p.world.Admin(t.Context(), method, "/admin/api/faults", body, nil))
	}
	for round := range 3 {
		faults("POST", map[string]any{"kind": "refuse", "system": "mpac"})
		p.admin("DELETE", "/sockets/SN-P?code=4401", nil) // and so it needs another token
		p.want("offline")
		p.push(1)
		time.Sleep(time.Duration(round) * 700 * time.Millisecond) // into the pauses
		faults("DELETE", nil)
		began := time.Now()
		require.NoError(t, p.terminal.NetworkAvailable())
		p.wantEvents(int64(round+1), int64(round+1))
		require.Less(t, time.Since(began), 5*time.Second)
	}
}

// An app that connects, disconnects and reports from many threads at once ends with one channel, and hears each event once.
func TestManyThreadsAtTheChannel(t *testing.T) {
	t.Parallel()
	p := newPhone(t)
	p.activate()
	p.push(3)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				if err := p.terminal.Connect(p); err != nil {
					t.Error(err)
				}
				_ = p.terminal.SendStatus(50, "OK") // another thread may have disconnected
				if err := p.terminal.NetworkAvailable(); err != nil {
					t.Error(err)
				}
				if i%2 == 0 {
					if err := p.terminal.Disconnect(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	require.NoError(t, p.terminal.Connect(p))
	p.wantEvents(1, 3)
	p.push(1)
	p.wantEvents(4, 4)
}
