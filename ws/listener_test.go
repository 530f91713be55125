package ws

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestAListenerThatFailsGetsTheEventAgain(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errListener },
		"panic": func() error { panic("the app is at fault") },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				failures := 0
				w.onNotice = func(n Notice) error {
					if n.Event.Seq == 2 && failures < 2 {
						failures++
						return fail()
					}
					return nil
				}
				w.connect()
				l, _ := w.accept()
				for seq := range int64(3) {
					l.event(seq + 1)
				}
				w.notices()
				require.Equal(t, Position{"E1", 1}, w.remembered(), "not remembered before the listener took it")
				time.Sleep(5 * time.Second)
				require.Equal(t, []string{"online", "event 1", "event 2", "event 2", "event 2", "event 3"}, w.notices())
				require.Equal(t, Position{"E3", 3}, w.remembered())
			})
		})
	}
}

// One event that an app cannot digest must not keep it from all that follow, now and after every restart.
func TestAnEventThatTheListenerNeverTakesIsPassedOverAndTold(t *testing.T) {
	inBubble(t, func(w *world) {
		w.onNotice = func(n Notice) error {
			if n.Event.Seq == 2 {
				return errListener
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		for seq := range int64(3) {
			l.event(seq + 1)
		}
		time.Sleep(5 * time.Second)
		require.Equal(t, []string{"online", "event 1", "event 2", "event 2", "event 2", "resync_required", "event 3"}, w.notices())
		require.JSONEq(t, `{"id":"E1"}`, string(l.takeA(t, typeAck).Data))
		require.JSONEq(t, `{"id":"E2"}`, string(l.takeA(t, typeAck).Data))
	})
}

func TestAListenerThatFailsAtEverythingWedgesNothing(t *testing.T) {
	inBubble(t, func(w *world) {
		w.onNotice = func(Notice) error { return errListener }
		w.connect()
		l, _ := w.accept()
		l.event(1)
		l.event(2)
		time.Sleep(time.Minute)
		w.notices()
		require.Equal(t, Position{"E2", 2}, w.remembered())
		l.answer(t, 1)
	})
}

// The channel stays connected, pings go out, and what does not fit is fetched again when the listener is back.
func TestAListenerThatBlocksHoldsNothingUpAndLosesNothing(t *testing.T) {
	inBubble(t, func(w *world) {
		free := make(chan struct{})
		w.onNotice = func(n Notice) error {
			if n.Event.Seq == 1 {
				<-free
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		const all = 3 * queued
		for seq := range int64(all) {
			l.event(seq + 1)
			w.notices()
		}
		l.answer(t, 10)
		require.Equal(t, []string{"online", "event 1"}, w.notices())
		state, _ := w.State()
		require.Equal(t, Online, state)
		close(free)
		heard := w.notices()
		require.Equal(t, "event "+itoa(queued+1), heard[queued+1], "all that fitted")
		l, last := w.accept()
		require.Equal(t, "E"+itoa(queued+1), last)
		for seq := queued + 2; seq <= all; seq++ {
			l.event(int64(seq))
			w.notices()
		}
		w.eachOnce(all)
	})
}

// A terminal whose network comes and goes all night while the app hangs does not collect tidings without end.
func TestTidingsForAListenerThatBlocksAreFew(t *testing.T) {
	inBubble(t, func(w *world) {
		free := make(chan struct{})
		w.onNotice = func(n Notice) error {
			if n.Kind == NoticeEvent {
				<-free
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		l.event(1)
		for range 100 {
			synctest.Wait()
			l.drop(0, "")
			l, _ = w.accept()
		}
		synctest.Wait()
		close(free)
		require.Equal(t, []string{"online", "event 1"}, w.notices(), "it was online and is online")
	})
}

func TestAListenerMayCallTheChannel(t *testing.T) {
	inBubble(t, func(w *world) {
		w.onNotice = func(n Notice) error {
			if n.Kind == NoticeOnline {
				w.NetworkAvailable()
				_, _ = w.State()
				require.NoError(t, w.SendStatus(Status{Battery: 1, Paper: "LOW"}))
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		l.takeA(t, typeStatus)
		require.Equal(t, []string{"online"}, w.notices())
	})
}

func TestCloseFromWithinTheListenerReturnsAtOnceAndIsTheLast(t *testing.T) {
	inBubble(t, func(w *world) {
		var took time.Duration
		w.onNotice = func(n Notice) error {
			if n.Kind == NoticeEvent {
				began := time.Now()
				require.NoError(t, w.Close())
				took = time.Since(began)
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		l.event(1)
		l.event(2)
		require.Equal(t, []string{"online", "event 1"}, w.notices())
		require.Zero(t, took)
		require.Equal(t, Position{"E1", 1}, w.remembered(), "it was handled")
		require.Equal(t, websocket.StatusNormalClosure, l.closeCode())
		require.NoError(t, w.Close())
		state, why := w.State()
		require.Equal(t, Ended, state)
		require.Equal(t, fault.Closed, why)
	})
}

func TestCloseWaitsForTheListener(t *testing.T) {
	inBubble(t, func(w *world) {
		returned := false
		w.onNotice = func(n Notice) error {
			if n.Kind == NoticeEvent {
				time.Sleep(2 * time.Second)
				returned = true
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		l.event(1)
		l.event(2)
		w.notices()
		require.NoError(t, w.Close())
		require.True(t, returned)
		require.Equal(t, []string{"online", "event 1"}, w.notices())
	})
}

func TestCloseDoesNotWaitForEverAndNothingArrivesAfterIt(t *testing.T) {
	inBubble(t, func(w *world) {
		free := make(chan struct{})
		w.onNotice = func(n Notice) error {
			if n.Kind == NoticeEvent {
				<-free
			}
			return errListener
		}
		w.connect()
		l, _ := w.accept()
		for seq := range int64(5) {
			l.event(seq + 1)
		}
		w.notices()
		began := time.Now()
		require.ErrorIs(t, w.Close(), fault.Timeout)
		require.Equal(t, closeWait, time.Since(began))
		close(free)
		require.Equal(t, []string{"online", "event 1"}, w.notices())
		require.Zero(t, w.remembered(), "it failed: the next channel gets it again")
		require.NoError(t, w.Close())
	})
}

// Another thread closes on behalf of the listener, which waits for it: found out by the limit, not by a deadlock.
func TestCloseFromAThreadTheListenerWaitsFor(t *testing.T) {
	inBubble(t, func(w *world) {
		w.onNotice = func(n Notice) error {
			if n.Kind != NoticeEvent {
				return nil
			}
			result := make(chan error)
			go func() { result <- w.Close() }()
			return <-result
		}
		w.connect()
		l, _ := w.accept()
		l.event(1)
		time.Sleep(closeWait)
		require.Equal(t, []string{"online", "event 1"}, w.notices())
		require.NoError(t, w.Close())
	})
}

func TestCloseEndsAPauseAnAttemptAndAGreeting(t *testing.T) {
	for name, at := range map[string]func(w *world){
		"attempt":  func(*world) {},
		"greeting": func(w *world) { w.dials <- newWire() },
		"pause":    func(w *world) { w.dials <- fault.New(fault.NetworkUnavailable, "dial", "") },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.connect()
				at(w)
				synctest.Wait()
				began := time.Now()
				require.NoError(t, w.Close())
				require.Zero(t, time.Since(began))
			})
		})
	}
}

// Storage that is full loses no event: the next start gets again what could not be remembered.
func TestAnEventThatCannotBeRememberedIsNotAcknowledged(t *testing.T) {
	inBubble(t, func(w *world) {
		w.memoryErr = errors.New("disk full")
		w.connect()
		l, _ := w.accept()
		l.event(1)
		require.Equal(t, []string{"online", "event 1"}, w.notices())
		w.mu.Lock()
		w.memoryErr = nil
		w.mu.Unlock()
		l.event(2)
		require.JSONEq(t, `{"id":"E2"}`, string(l.takeA(t, typeAck).Data))
		require.Equal(t, Position{"E2", 2}, w.remembered())
	})
}

// An event that is passed over must not be lost with the word that it was: when the channel is closed before the app took that word,
// the next one begins with the event.
func TestAnEventIsNotPassedOverBeforeItIsTold(t *testing.T) {
	inBubble(t, func(w *world) {
		w.onNotice = func(Notice) error { return errListener }
		w.connect()
		l, _ := w.accept()
		l.event(1)
		time.Sleep(3500 * time.Millisecond)
		require.Equal(t, []string{"online", "event 1", "event 1", "event 1", "resync_required"}, w.notices())
		require.NoError(t, w.Close())
		require.Zero(t, w.remembered())
		for len(l.toServer) > 0 {
			require.NotEqual(t, typeAck, l.take(t).Type)
		}
	})
}

func TestAListenerThatDidNotTakeResyncRequiredHearsItAgain(t *testing.T) {
	inBubble(t, func(w *world) {
		failures := 3
		w.onNotice = func(n Notice) error {
			if n.Kind == ResyncRequired && failures > 0 {
				failures--
				return errListener
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		l.say(`{"v":1,"type":"resync_required"}`)
		time.Sleep(time.Minute)
		l.event(7)
		l.event(8)
		require.Equal(t, []string{"online", "resync_required", "resync_required", "resync_required", "resync_required", "event 7", "event 8"}, w.notices())
	})
}
