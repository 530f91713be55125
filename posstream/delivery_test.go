package posstream

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// unreal runs a test in time that is not real, with a client over pipes.
func unreal(t *testing.T, play func(t *testing.T, a *app, c *Client, dial func() *pos)) {
	t.Helper()
	posKey() // made once, outside every bubble
	synctest.Test(t, func(t *testing.T) {
		a, l := newApp(), newPipes()
		c := newClient(mustCheck(t, testOptions(a)), l)
		c.running.Go(c.accept)
		play(t, a, c, func() *pos { return newPOS(t, l.dial()) })
		_ = c.Close()
	})
}

func TestEachStepOfTheHandshakeHas10Seconds(t *testing.T) {
	for name, tt := range map[string]struct {
		play func(p *pos)
		want time.Duration
	}{
		"nothing":                   {func(*pos) {}, 10 * time.Second},
		"half of a message":         {func(p *pos) { p.write([]byte{100, 0, 0, 0, '{'}) }, 10 * time.Second},
		"no answer":                 {func(p *pos) { time.Sleep(9 * time.Second); p.begin() }, 19 * time.Second},
		"a byte a second":           {func(p *pos) { drip(p, (&message{ID: "1", Type: typeInit, Data: "x"}).encode(), 10*time.Second) }, 10 * time.Second},
		"answers to something else": {func(p *pos) { p.begin(); strays(p, 10*time.Second) }, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			unreal(t, func(t *testing.T, a *app, _ *Client, dial func() *pos) {
				began := time.Now()
				p := dial()
				tt.play(p)
				p.closed()
				require.Equal(t, tt.want, time.Since(began).Round(time.Second))
				require.Equal(t, fault.Timeout, a.want(t, Disconnected, 1)[0].Code)
			})
		})
	}
}

// drip writes a byte a second for a while.
func drip(p *pos, b []byte, limit time.Duration) {
	for began := time.Now(); time.Since(began) < limit && len(b) > 0; b = b[1:] {
		p.write(b[:1])
		time.Sleep(time.Second)
	}
}

// strays sends acknowledgements that answer nothing.
func strays(p *pos, limit time.Duration) {
	for began := time.Now(); time.Since(began) < limit; time.Sleep(100 * time.Millisecond) {
		p.write(frame([]byte(vector)))
	}
}

func TestAMessageThatStopsHalfwayEndsTheConnectionAndAnIdlePOSDoesNot(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, _ *Client, dial func() *pos) {
		p := dial().enable()
		time.Sleep(24 * time.Hour)
		m := p.event("1", 1).encode()
		began := time.Now()
		p.write(m[:50])
		p.closed()
		require.Equal(t, frameTime, time.Since(began))
		require.Equal(t, fault.Timeout, a.want(t, Disconnected, 1)[0].Code)
	})
}

// The handler hangs for 6 s: at 4 s the connection is closed. What it did all the same is not done twice.
func TestASlowHandlerClosesItsConnectionAlone(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, c *Client, dial func() *pos) {
		var slow atomic.Int64
		a.setHook(func(n Notice) error {
			if n.MsgID == "slow" {
				slow.Add(1)
				time.Sleep(6 * time.Second)
			}
			return nil
		})
		p, other := dial().enable(), dial().enable()
		began := time.Now()
		p.send(p.event("slow", 1))
		p.send(p.event("behind", 2))
		require.Empty(t, p.closed(), "nothing was acknowledged")
		require.Equal(t, handlerTime, time.Since(began))
		other.send(other.event("other", 3))
		other.acked("other")

		again := dial().enable()
		again.send(again.event("slow", 1))
		again.send(again.event("behind", 2))
		again.acked("slow", "behind")
		require.Equal(t, 6*time.Second, time.Since(began), "acknowledged when the first handler was through")
		require.EqualValues(t, 1, slow.Load())
		require.Equal(t, []string{"other", "slow", "behind"}, a.ids())
		require.Equal(t, fault.ListenerSlow, a.want(t, Disconnected, 1)[0].Code)
		require.Equal(t, Counters{Connections: 3, Enabled: 3, Events: 3, Duplicates: 1, Slow: 1}, c.Status().Counters)
	})
}

func TestAHandlerThatNeverReturnsHoldsUpNobodyElse(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, c *Client, dial func() *pos) {
		forever := make(chan struct{})
		a.setHook(func(n Notice) error {
			if n.MsgID == "stuck" {
				<-forever
			}
			return nil
		})
		for range 3 { // the POS comes back with the same event
			p := dial().enable()
			p.send(p.event("stuck", 1))
			require.Empty(t, p.closed())
		}
		p := dial().enable()
		p.send(p.event("free", 1))
		p.acked("free")
		require.EqualValues(t, 3, c.Status().Counters.Slow)

		began := time.Now()
		require.ErrorIs(t, c.Close(), fault.Timeout)
		require.Equal(t, closeTime, time.Since(began))
		require.NoError(t, c.Close(), "a second Close does nothing more")
		before := len(a.notices)
		close(forever)
		synctest.Wait()
		require.Len(t, a.all(Event), 2, "the handler that ran was believed")
		require.Len(t, a.notices, before+1, "and nothing else was told")
	})
}

// An event whose handler failed is not acknowledged; the POS sends it and what followed again, in order.
func TestAHandlerThatFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errApp },
		"panic": func() error { panic("the app is broken") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp()
			var failed atomic.Bool
			a.setHook(func(n Notice) error {
				if n.MsgID == "b" && failed.CompareAndSwap(false, true) {
					return fail()
				}
				return nil
			})
			c := listen(t, testOptions(a))
			p := dial(t, c).enable()
			for _, id := range []string{"a", "b", "c"} {
				p.send(p.event(id, 1))
			}
			p.acked("a")
			require.Empty(t, p.closed())
			require.Equal(t, fault.ListenerFailed, a.want(t, Disconnected, 1)[0].Code)
			p = dial(t, c).enable()
			for _, id := range []string{"b", "c"} {
				p.send(p.event(id, 1))
			}
			p.acked("b", "c")
			require.Equal(t, []string{"a", "b", "c"}, a.ids())
		})
	}
}

func TestTheSameMsgIDIsGivenOutOnceAndAcknowledgedEachTime(t *testing.T) {
	t.Parallel()
	a := newApp()
	c := listen(t, testOptions(a))
	p, q := dial(t, c).enable(), dial(t, c).enable()
	p.send(p.event("x", 1))
	p.send(p.event("x", 1))
	p.acked("x", "x")
	q.send(q.event("x", 1))
	q.acked("x")
	require.NoError(t, p.conn.Close())
	p = dial(t, c).enable()
	for i := range 1000 {
		p.send(p.event(fmt.Sprint("other-", i), i))
	}
	p.send(p.event("x", 1))
	for i := range 1000 {
		p.acked(fmt.Sprint("other-", i))
	}
	p.acked("x")
	require.Len(t, a.ids(), 1001)
	require.EqualValues(t, 3, c.Status().Counters.Duplicates)
}

func TestTheSameMsgIDOnTwoConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	a := newApp()
	c := listen(t, testOptions(a))
	held, entered := make(chan struct{}), make(chan struct{}, 2)
	var first atomic.Bool
	a.setHook(func(n Notice) error {
		if n.Kind != Event {
			return nil
		}
		entered <- struct{}{}
		if first.CompareAndSwap(false, true) {
			<-held
			return errApp
		}
		return nil
	})
	p, q := dial(t, c).enable(), dial(t, c).enable()
	p.send(p.event("x", 1))
	<-entered
	q.send(q.event("x", 1))
	require.Eventually(t, func() bool {
		st := c.Status()
		return len(st.Connections) == 2 && st.Connections[1].State == Enabled && st.Connections[1].Queued == 0
	}, 5*time.Second, time.Millisecond)
	require.Empty(t, q.received, "not acknowledged while nobody knows how it ends")
	close(held)
	q.acked("x") // the first handler failed: the second had its turn
	require.Empty(t, p.closed())
	require.Equal(t, []string{"x"}, a.ids())
}

func TestTheLast65536AreRemembered(t *testing.T) {
	t.Parallel()
	s := newSeen(remembered)
	for i := range remembered {
		if before, running := s.claim(keyOf(fmt.Sprint(i))); before || running != nil {
			t.Fatal(i, "was never handled")
		}
		s.finish(keyOf(fmt.Sprint(i)), true)
	}
	for i := range remembered {
		if before, _ := s.claim(keyOf(fmt.Sprint(i))); !before {
			t.Fatal(i, "was forgotten")
		}
	}
	s.claim(keyOf("one more"))
	s.finish(keyOf("one more"), true)
	before, _ := s.claim(keyOf("0"))
	require.False(t, before, "the oldest was forgotten")
	before, _ = s.claim(keyOf("1"))
	require.True(t, before)
	require.Len(t, s.handled, remembered)
}

// What came before the end is given out before the end is told.
func TestWhatCameBeforeTheEndIsGivenOut(t *testing.T) {
	t.Parallel()
	a := newApp()
	held := make(chan struct{})
	a.setHook(func(n Notice) error {
		if n.MsgID == "0" {
			<-held
		}
		return nil
	})
	c := listen(t, testOptions(a))
	p := dial(t, c).enable()
	for i := range 20 {
		p.send(p.event(fmt.Sprint(i), i))
	}
	require.NoError(t, p.conn.Close())
	require.Eventually(t, func() bool { return c.Status().Connections[0].Queued == 19 }, 5*time.Second, time.Millisecond)
	close(held)
	a.want(t, Disconnected, 1)
	require.Len(t, a.ids(), 20)
}

func TestAnEndlessStreamOfAcknowledgementsDoesNoHarm(t *testing.T) {
	a := newApp()
	c := listen(t, testOptions(a))
	p, other := dial(t, c).enable(), dial(t, c).enable()
	acks := bytes.Repeat(frame([]byte(vector)), 1000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 20 {
		p.write(acks)
	}
	other.send(other.event("other", 1))
	other.acked("other")
	p.send(p.event("mine", 1))
	p.acked("mine")
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(4<<20))
}

// Close lets the handler end, acknowledges what it took, and nothing is told any more.
func TestCloseWithAHandlerAtWork(t *testing.T) {
	t.Parallel()
	a := newApp()
	held, entered := make(chan struct{}), make(chan struct{})
	a.setHook(func(n Notice) error {
		if n.Kind == Event {
			close(entered)
			<-held
		}
		return nil
	})
	o := testOptions(a)
	c := listen(t, o)
	secret := c.secret
	p := dial(t, c).enable()
	idle := dial(t, c).enable()
	p.send(p.event("x", 1))
	p.send(p.event("y", 1))
	<-entered
	var closing sync.WaitGroup
	closing.Go(func() { require.NoError(t, c.Close()) })
	require.Empty(t, idle.closed())
	close(held)
	closing.Wait()
	rest := p.closed()
	require.Len(t, rest, 1)
	require.Equal(t, []string{"x", respAck}, []string{rest[0].ID, rest[0].Resp})
	require.Equal(t, []string{"x"}, a.ids())
	require.Empty(t, a.all(Disconnected), "nothing is told after Close")
	require.Equal(t, make([]byte, len(testSecret)), secret, "the secret is cleared")
	require.Equal(t, testSecret, string(o.Secret), "the caller's is the caller's")
	require.Empty(t, c.Status().Connections)
}
