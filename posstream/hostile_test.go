package posstream

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// What peers do that mean harm, and what an app does at the worst moment.

// A second Close on another thread must not say that all is over while a handler still runs.
func TestASecondCloseWaitsForTheFirst(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, c *Client, dial func() *pos) {
		a.setHook(func(n Notice) error {
			if n.Kind == Event {
				time.Sleep(3 * time.Second)
			}
			return nil
		})
		p := dial().enable()
		began := time.Now()
		p.send(p.event("x", 1))
		time.Sleep(time.Second)
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				require.NoError(t, c.Close())
				require.Equal(t, []string{"x"}, a.ids(), "the handler is through")
			})
		}
		both.Wait()
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestCloseFromWithinAHandler(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, c *Client, dial func() *pos) {
		failed := make(chan error, 1)
		a.setHook(func(n Notice) error {
			if n.Kind == Event {
				failed <- c.Close()
			}
			return nil
		})
		p := dial().enable()
		p.send(p.event("x", 1))
		require.ErrorIs(t, <-failed, fault.Timeout)
		p.closed()
		synctest.Wait()
		require.Equal(t, []string{"x"}, a.ids())
		require.Empty(t, a.all(Disconnected), "nothing is told after Close")
	})
}

func TestTheSamePortAgainAtOnce(t *testing.T) {
	t.Parallel()
	o := testOptions(newApp())
	for range 5 {
		a := newApp()
		o.Handler = a.handle
		c := listen(t, o)
		o.Listen = c.Address()
		p := dial(t, c).enable()
		p.send(p.event("x", 1))
		p.acked("x")
		require.NoError(t, c.Close())
		require.Len(t, a.ids(), 1, "a new client remembers nothing of the one before")
	}
}

// What came and goes leaves nothing behind, however far it got.
func TestTwoHundredConnectionsLeaveNothingBehind(t *testing.T) {
	a := newApp()
	c := listen(t, testOptions(a))
	before := runtime.NumGoroutine()
	stop := map[int]func(p *pos){
		0: func(*pos) {},
		1: func(p *pos) { p.write([]byte{9, 0}) },
		2: func(p *pos) { p.init() },
		3: func(p *pos) { p.begin() },
		4: func(p *pos) { p.enable() },
		5: func(p *pos) { p.enable().write([]byte{200, 0, 0, 0, '{'}) },
		6: func(p *pos) { p.enable().send(message{ID: "x", Type: "e", Data: "AAAA"}); p.closed() },
		7: func(p *pos) { p.enable().send(p.event(newID(), 1)); p.get() },
	}
	for i := range 200 {
		p := dial(t, c)
		stop[i%len(stop)](p)
		require.NoError(t, p.conn.Close())
	}
	a.want(t, Disconnected, 200)
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
	require.Empty(t, c.Status().Connections)
	require.Zero(t, c.queued.Load())
	require.Empty(t, c.seen.running)
}

// The DEK goes with its connection, also when the handler keeps the connection's end waiting.
func TestTheKeyOfAConnectionIsLetGo(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, c *Client, dial func() *pos) {
		held := make(chan struct{})
		a.setHook(func(n Notice) error {
			if n.Kind == Event {
				<-held
			}
			return nil
		})
		p := dial().enable()
		synctest.Wait()
		var s *session
		c.mu.Lock()
		for s = range c.sessions {
		}
		c.mu.Unlock()
		require.NotNil(t, s.handshake.cipher)
		p.send(p.event("x", 1))
		require.NoError(t, p.conn.Close())
		synctest.Wait()
		require.Nil(t, s.handshake.cipher)
		close(held)
	})
}

// Eight connections pile up all that may wait; one whose handler keeps up is served all the same.
func TestSlowHandlersOfSomeConnectionsDoNotCloseOthers(t *testing.T) {
	a := newApp()
	c := listen(t, testOptions(a))
	c.queued.Store(maxQueuedTotal)
	p := dial(t, c).enable()
	for i := range 20 {
		p.send(p.event(fmt.Sprint(i), i))
		p.acked(fmt.Sprint(i))
	}
	c.queued.Store(0)
}

// A POS that takes no acknowledgements is given up, and nobody else waits for it.
func TestAPOSThatReadsNothing(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, c *Client, dial func() *pos) {
		p, other := dial().enable(), dial().enable()
		for len(p.received) < cap(p.received) { // its reader stands still from now on
			p.received <- message{}
		}
		p.send(p.event("1", 1))
		p.send(p.event("2", 2))
		other.send(other.event("3", 3))
		other.acked("3")
		began := time.Now()
		a.want(t, Disconnected, 1)
		require.LessOrEqual(t, time.Since(began), 2*stepTime)
		for range cap(p.received) {
			<-p.received
		}
		require.Len(t, a.ids(), 3, "what was handed out was handed out")
	})
}

// Names of a POS are bytes of the peer: they come as they are, and never as anything but text.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	a := newApp()
	p := dial(t, listen(t, testOptions(a))).enable()
	for i, name := range []string{"\x1b[2J", "<script>", "a\nb", strings.Repeat("ü", maxName/2), "__proto__", "%s%n", "\u202e"} {
		m := p.event(name, i)
		m.Type = name
		p.send(m)
		got := p.get()
		require.Equal(t, []string{name, name, respAck}, []string{got.ID, got.Type, got.Resp})
	}
	require.Len(t, a.want(t, Event, 7), 7)
}

func TestASecretIsNeverShown(t *testing.T) {
	t.Parallel()
	o := testOptions(newApp())
	texts := []string{fmt.Sprint(o), fmt.Sprintf("%v %+v %#v %s %x %d", o, o, o, o.Secret, o.Secret, o.Secret)}
	encoded, err := json.Marshal(map[string]any{"secret": o.Secret})
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "options", o, "secret", o.Secret)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", o.Secret)
	for _, text := range append(texts, string(encoded), log.String()) {
		require.NotContains(t, text, "integrator-secret")
		require.NotContains(t, text, fmt.Sprintf("%x", testSecret[:8]))
		require.NotContains(t, text, "105 110 116 101 103", "as numbers")
		require.Contains(t, text, "redacted")
	}
}
