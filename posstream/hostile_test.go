package posstream

import (
	"crypto/tls"
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
		held := a.hold()
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

// Splitting and joining mean nothing: the whole handshake and an event come a byte at a time, then 1,000 frames in one write.
func TestBytesComeAsTheyLike(t *testing.T) {
	t.Parallel()
	a := newApp()
	p := dial(t, listen(t, testOptions(a)))
	slowly := func(m message) {
		for _, b := range m.encode() {
			p.write([]byte{b})
		}
	}
	init := message{ID: newID(), Type: typeInit, Data: publicPEM(&posKey().PublicKey)}
	slowly(init)
	require.Equal(t, init.ID, p.get().ID)
	p.register = p.get()
	p.open(p.register.Data)
	slowly(message{ID: p.register.ID, Type: typeRegister, Resp: respAck})
	slowly(p.event("slow", 0))
	p.acked("slow")

	var joined []byte
	ids := []string{"slow"}
	for i := range 1000 {
		ids = append(ids, fmt.Sprint("joined-", i))
		joined = append(joined, p.event(ids[i+1], i).encode()...)
	}
	p.write(joined)
	p.acked(ids[1:]...)
	require.Equal(t, ids, a.ids())
}

// A promise takes no memory, before the handshake or after it.
func TestPromisesOfAMebibyteOnManyConnections(t *testing.T) {
	c := listen(t, testOptions(newApp()))
	const many = 100
	all := make([]*pos, 2*many)
	for i := range all {
		if all[i] = dial(t, c); i%2 == 0 {
			all[i].enable()
		}
	}
	want := func(state State, n int) bool {
		found := 0
		for _, each := range c.Status().Connections {
			if each.State == state {
				found++
			}
		}
		return found == n
	}
	require.Eventually(t, func() bool { return want(Enabled, many) && want(AwaitingInit, many) }, 10*time.Second, time.Millisecond)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, p := range all {
		p.write([]byte{0, 0, 16, 0, '{'})
	}
	next := dial(t, c).enable() // read after those
	next.send(next.event("x", 1))
	next.acked("x")
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "bytes taken for promises of 200 MiB")
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

// Nor does Close wait for it as long as for a handler, or say that it was one.
func TestCloseWithAPOSThatReadsNothing(t *testing.T) {
	posKey()
	server, client := tlsConfigs(t)
	for name, config := range map[string]*tls.Config{"plain": nil, "TLS": server} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, l := newApp(), newPipes()
				o := mustCheck(t, testOptions(a))
				o.TLS = config
				c := newClient(o, l)
				c.running.Go(c.accept)
				conn := l.dial()
				if config != nil {
					conn = tls.Client(conn, client)
				}
				p := newPOS(t, conn).enable()
				for len(p.received) < cap(p.received) { // its reader stands still from now on
					p.received <- message{}
				}
				p.send(p.event("1", 1))
				p.send(p.event("2", 2))
				a.want(t, Event, 2)
				began := time.Now()
				require.NoError(t, c.Close())
				require.LessOrEqual(t, time.Since(began), partingTime)
				for range cap(p.received) {
					<-p.received
				}
			})
		})
	}
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
