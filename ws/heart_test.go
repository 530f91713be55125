package ws

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// answer plays a server that answers pings until it is told to fall silent.
func (w *wire) answer(t *testing.T, pings int) {
	t.Helper()
	for range pings {
		w.say(`{"v":1,"type":"pong","re":"` + w.takeA(t, typePing).ID + `"}`)
	}
}

func TestHeartbeatPingsAsTheWelcomeSays(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l := newWire()
		w.dials <- l
		l.takeA(t, typeHello)
		began := time.Now()
		l.say(`{"v":1,"type":"welcome","data":{"heartbeat":1}}`)
		l.answer(t, 3600)
		require.Equal(t, time.Hour, time.Since(began))
		require.Equal(t, []string{"online"}, w.notices())
	})
}

// Dead after two misses, not after one: ping at 30 s missed at 40 s, ping at 60 s missed at 70 s.
func TestAConnectionThatIsDeadWithoutSayingSoIsFound(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		l.answer(t, 2)
		began := time.Now()
		l2 := newWire()
		w.dials <- l2
		require.Equal(t, []string{"online"}, w.notices())
		l2.greet(t)
		require.Equal(t, 70*time.Second, time.Since(began).Round(2*time.Second), "and a pause of a second")
		require.Equal(t, []string{"online", "offline timeout", "online"}, w.notices())
	})
}

func TestOneLatePongIsNoDeath(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		for range 10 {
			l.takeA(t, typePing) // missed
			l.answer(t, 1)
		}
		require.Equal(t, []string{"online"}, w.notices())
	})
}

func TestAPongThatNamesNothingOrSomethingElse(t *testing.T) {
	t.Parallel()
	now := time.Now()
	pings := func() heart {
		return heart{missed: 1, pings: []ping{{id: "a", due: now}, {id: "b", due: now}, {id: "c", due: now.Add(time.Hour)}}}
	}
	tests := map[string]struct {
		re   string
		left int
	}{"the first": {"a", 2}, "the second answers the first too": {"b", 1}, "the last": {"c", 0}, "none": {"", 0}, "another": {"x", 3}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := pings()
			h.pong(tt.re)
			require.Len(t, h.pings, tt.left)
		})
	}
	h := pings()
	require.ErrorIs(t, h.miss(now), errDead, "one before and two now")
	require.Len(t, h.pings, 1)
	h = heart{pings: []ping{{id: "p", due: now, probe: true}}}
	require.ErrorIs(t, h.miss(now), errNetwork, "one miss of a probe is enough")
	h = heart{pings: []ping{{id: "a", due: now}}}
	require.NoError(t, h.miss(now), "one miss is none")
}

// A router on the way forgot the connection while the terminal changed networks.
func TestNetworkAvailableFindsADeadConnectionWithinThreeSeconds(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		w.notices()
		began := time.Now()
		for range 100 { // a system tells of its networks many times over
			w.NetworkAvailable()
			synctest.Wait()
		}
		require.Len(t, l.toServer, 1, "one probe at a time")
		w.accept()
		require.Equal(t, probeWithin, time.Since(began), "and no pause after it")
		require.Equal(t, []string{"online", "offline timeout", "online"}, w.notices())
	})
}

func TestNetworkAvailableKeepsAConnectionThatAnswers(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		l.pongs.Store(true)
		for range 10 {
			w.NetworkAvailable()
			time.Sleep(5 * time.Second)
		}
		require.Equal(t, []string{"online"}, w.notices())
	})
}

func TestNetworkAvailableEndsAPauseAtOnce(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		for range 6 {
			w.dials <- fault.New(fault.NetworkUnavailable, "dial", "")
		}
		time.Sleep(35 * time.Second)
		synctest.Wait()
		state, _ := w.State()
		require.Equal(t, Waiting, state)
		began := time.Now()
		w.NetworkAvailable()
		w.accept()
		require.Zero(t, time.Since(began))
	})
}

// An attempt that began without a network may hang on it although there is a new one; calling again and again must not keep a good
// attempt from succeeding.
func TestNetworkAvailableGivesAnAttemptTwoSeconds(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect() // hangs in its dial
		time.Sleep(time.Second)
		began := time.Now()
		for range 50 {
			w.NetworkAvailable()
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		require.GreaterOrEqual(t, len(w.used()), 2)
		require.LessOrEqual(t, len(w.used()), 4)
		w.accept()
		require.Less(t, time.Since(began), 10*time.Second)
	})
}

func TestNetworkAvailableGivesAWelcomeTwoSeconds(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l := newWire()
		w.dials <- l
		l.takeA(t, typeHello)
		began := time.Now()
		w.NetworkAvailable()
		w.accept()
		require.Equal(t, hurryWithin, time.Since(began))
	})
}

func TestAnAttemptThatHangsIsGivenUp(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		began := time.Now()
		time.Sleep(attemptWithin)
		require.Equal(t, []string{"offline timeout"}, w.notices())
		l := newWire()
		w.dials <- l
		l.takeA(t, typeHello) // and no welcome comes
		w.accept()
		require.Less(t, time.Since(began), 2*attemptWithin+4*time.Second)
	})
}

// After a night asleep the connection is dead; the terminal does not wait for two pongs to find out.
func TestADeviceThatSleptConnectsAnew(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		l.answer(t, 1)
		w.notices()
		w.source.Advance(8 * time.Hour) // timers stood still
		began := time.Now()
		w.accept()
		require.LessOrEqual(t, time.Since(began), defaultHeartbeat)
		require.Equal(t, []string{"online", "offline timeout", "online"}, w.notices())
	})
}

func TestTheTokenIsRefreshedInBand(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		began := time.Now()
		l.pongs.Store(true)
		for i := range 3 {
			require.JSONEq(t, `{"token":"token-1"}`, string(l.takeA(t, typeRefresh).Data))
			require.Equal(t, time.Duration(i+1)*refreshEvery, time.Since(began))
		}
		w.mu.Lock()
		w.tokenErr = fault.New(fault.NetworkUnavailable, "token", "")
		w.mu.Unlock()
		time.Sleep(refreshEvery + refreshAgain/2)
		require.Equal(t, []string{"online"}, w.notices(), "no token now is no reason to hang up")
		w.mu.Lock()
		w.tokenErr = nil
		w.mu.Unlock()
		l.takeA(t, typeRefresh)
		require.Equal(t, 4*refreshEvery+refreshAgain, time.Since(began), "tried again before the server closes")
		w.mu.Lock()
		w.tokenErr = fault.New(fault.DeviceSuspended, "token", "")
		w.mu.Unlock()
		time.Sleep(refreshEvery)
		require.Equal(t, []string{"online", "offline! device_suspended"}, w.notices())
	})
}

func TestAConnectionThatTakesNothingIsGivenUp(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l := newWire()
		l.dead = true
		w.dials <- l
		l.say(`{"v":1,"type":"welcome","data":{"heartbeat":1}}`)
		for seq := range int64(2 * outgoing) { // each wants an ack
			l.event(seq + 1)
			synctest.Wait()
		}
		l2, last := w.accept()
		require.NotEmpty(t, last)
		for seq := range int64(2 * outgoing) {
			l2.event(seq + 1)
			w.notices()
		}
		w.eachOnce(2 * outgoing)
		require.Zero(t, l.closeCode(), "nobody listens to a goodbye")
	})
}
