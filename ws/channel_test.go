package ws

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestEventsArriveInOrderAndAreAcknowledgedAfterTheListener(t *testing.T) {
	inBubble(t, func(w *world) {
		w.onNotice = func(n Notice) error {
			if n.Kind == NoticeEvent {
				require.Less(t, w.remembered().Seq, n.Event.Seq, "in memory only after the listener")
			}
			return nil
		}
		w.connect()
		l, last := w.accept()
		require.Empty(t, last)
		for seq := range int64(3) {
			l.event(seq + 1)
		}
		require.Equal(t, []string{"online", "event 1", "event 2", "event 3"}, w.notices())
		for _, want := range []string{"E1", "E2", "E3"} {
			require.JSONEq(t, `{"id":"`+want+`"}`, string(l.takeA(t, typeAck).Data))
		}
		require.Equal(t, Position{"E3", 3}, w.remembered())
		state, why := w.State()
		require.Equal(t, Online, state)
		require.Empty(t, why)
		w.mu.Lock()
		defer w.mu.Unlock()
		require.JSONEq(t, `{"n":2}`, string(w.heard[2].Event.Payload))
		require.Equal(t, "order.updated", w.heard[2].Event.Name)
	})
}

func TestHelloResumesAfterTheRememberedEvent(t *testing.T) {
	inBubble(t, func(w *world) {
		w.position = Position{"E7", 7}
		w.connect()
		l, last := w.accept()
		require.Equal(t, "E7", last)
		l.event(7) // an answer to the acknowledgement that never came
		l.event(8)
		require.Equal(t, []string{"online", "event 8"}, w.notices())
		require.JSONEq(t, `{"id":"E7"}`, string(l.takeA(t, typeAck).Data), "a repeated event is acknowledged again")
	})
}

func TestDuplicatesAreDroppedAlsoWhenTheServerIgnoresLastEventID(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		for _, seq := range []int64{1, 1, 2, 1, 2, 3} {
			l.event(seq)
		}
		w.notices()
		l.drop(0, "")
		l, last := w.accept()
		require.Equal(t, "E3", last)
		for _, seq := range []int64{1, 2, 3, 4, 3, 4, 5} {
			l.event(seq)
		}
		require.Equal(t, []string{"online", "event 1", "event 2", "event 3", "offline network_unavailable", "online", "event 4", "event 5"}, w.notices())
	})
}

func TestAGapResumesWithTheLastEventBeforeIt(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		for _, seq := range []int64{1, 2, 5, 3} {
			l.event(seq)
		}
		w.notices()
		require.Equal(t, websocket.StatusNormalClosure, l.closeCode())
		l, last := w.accept()
		require.Equal(t, "E2", last)
		for seq := int64(3); seq <= 5; seq++ {
			l.event(seq)
		}
		require.Equal(t, []string{"online", "event 1", "event 2", "offline bad_response", "online", "event 3", "event 4", "event 5"}, w.notices())
	})
}

// A server that cannot bring what is missing must not keep the terminal from everything that follows.
func TestAGapThatStaysIsToldAsResyncRequired(t *testing.T) {
	inBubble(t, func(w *world) {
		w.position = Position{"E2", 2}
		w.connect()
		for range gapsAllowed {
			l, _ := w.accept()
			l.event(9)
			w.notices()
			require.Equal(t, websocket.StatusNormalClosure, l.closeCode())
		}
		l, _ := w.accept()
		l.event(9)
		l.event(10)
		heard := w.notices()
		require.Equal(t, []string{"online", "resync_required", "event 9", "event 10"}, heard[len(heard)-4:])
	})
}

func TestResyncRequiredIsToldAndTheNextEventNeedNotJoinOn(t *testing.T) {
	inBubble(t, func(w *world) {
		w.position = Position{"E2", 2}
		w.connect()
		l, _ := w.accept()
		l.say(`{"v":1,"type":"resync_required","id":"R"}`)
		l.event(50)
		l.event(51)
		require.Equal(t, []string{"online", "resync_required", "event 50", "event 51"}, w.notices())
		require.Equal(t, Position{"E51", 51}, w.remembered())
	})
}

// Until an event came after it, the old position stays: a connection that is cut right here must be told again.
func TestResyncRequiredKeepsThePosition(t *testing.T) {
	inBubble(t, func(w *world) {
		w.position = Position{"E2", 2}
		w.connect()
		l, _ := w.accept()
		l.say(`{"v":1,"type":"resync_required"}`)
		w.notices()
		l.drop(0, "")
		_, last := w.accept()
		require.Equal(t, "E2", last)
	})
}

func TestMessagesThatMustNotComeCloseTheConnectionAndItResumes(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		code websocket.StatusCode
	}{
		"not JSON":        {`{"v":1,`, closeBadFrame},
		"unknown version": {`{"v":2,"type":"event","id":"E2","seq":2,"data":{"event":"x"}}`, closeBadFrame},
		"broken event":    {`{"v":1,"type":"event","id":"E2","data":{}}`, closeBadFrame},
		"not UTF-8":       {"{\"v\":1,\"type\":\"\xff\"}", websocket.StatusInvalidFramePayloadData},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.connect()
				l, _ := w.accept()
				l.event(1)
				l.say(tt.text)
				l.event(2)
				w.notices()
				require.Equal(t, tt.code, l.closeCode())
				l, last := w.accept()
				require.Equal(t, "E1", last)
				l.event(2)
				require.Equal(t, []string{"online", "event 1", "offline bad_response", "online", "event 2"}, w.notices())
			})
		})
	}
}

func TestUnknownTypesAreIgnored(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l, _ := w.accept()
		l.say(`{"v":1,"type":"no.such.type","id":5,"data":[1,{"a":null}]}`)
		l.say(`{"v":1,"type":"error","data":{"code":"rate","message":"slow down"}}`)
		l.say(`{"v":1,"type":"welcome","data":{"heartbeat":1}}`)
		l.event(1)
		require.Equal(t, []string{"online", "event 1"}, w.notices())
	})
}

func TestAnEventBeforeTheWelcomeClosesTheConnection(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		l := newWire()
		w.dials <- l
		l.event(1)
		require.Equal(t, []string{"offline bad_response"}, w.notices())
		require.Equal(t, closeBadFrame, l.closeCode())
	})
}

func TestCloseCodes(t *testing.T) {
	for name, tt := range map[string]struct {
		code   websocket.StatusCode
		reason string
		want   string
	}{
		"bad frame":                 {closeBadFrame, "", "offline protocol_error"},
		"token":                     {closeAuth, "token", "offline token_refused"},
		"suspended":                 {closeForbidden, "suspended", "offline! device_suspended"},
		"decommissioned":            {closeForbidden, "decommissioned", "offline! device_decommissioned"},
		"forbidden without reason":  {closeForbidden, "", "offline! device_suspended"},
		"heartbeat":                 {closeHeartbeat, "", "offline timeout"},
		"replaced":                  {closeReplaced, "replaced", "offline! replaced"},
		"rate":                      {closeRate, "", "offline rate_limited"},
		"restart":                   {websocket.StatusServiceRestart, "", "offline server_error"},
		"too big for them":          {websocket.StatusMessageTooBig, "", "offline protocol_error"},
		"going away":                {websocket.StatusGoingAway, "", "offline network_unavailable"},
		"without a word":            {0, "", "offline network_unavailable"},
		"a private code of nobody":  {4999, "", "offline network_unavailable"},
		"a suspension is no replay": {closeAuth, "suspended", "offline token_refused"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.connect()
				l, _ := w.accept()
				w.notices()
				l.drop(tt.code, tt.reason)
				require.Equal(t, []string{"online", tt.want}, w.notices())
				state, why := w.State()
				last := w.hear(1)
				require.Equal(t, last.Code, why)
				if last.Final {
					require.Equal(t, Ended, state)
					w.NetworkAvailable()
					time.Sleep(time.Hour)
					require.Len(t, w.used(), 1, "it does not connect again by itself")
					require.ErrorIs(t, w.SendStatus(Status{Paper: "OK"}), fault.Closed)
					return
				}
				w.accept()
				require.Equal(t, []string{"online", tt.want, "online"}, w.notices())
			})
		})
	}
}

func TestATokenThatWasRefusedIsNotUsedAgain(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		w.dials <- fault.New(fault.TokenRefused, "dial", "HTTP 401")
		l, _ := w.accept()
		require.Equal(t, []string{"token-1", "token-2"}, w.used(), "at the upgrade: at once with another one")
		l.drop(closeAuth, "")
		w.accept()
		require.Equal(t, []string{"token-1", "token-2", "token-3"}, w.used(), "on the open connection")
		require.Equal(t, []string{"token-1", "token-2"}, w.refused())
	})
}

func TestTwoRefusedTokensAreAFailedAttempt(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		for range 2 {
			w.dials <- fault.New(fault.TokenRefused, "dial", "HTTP 401")
		}
		require.Equal(t, []string{"offline token_refused"}, w.notices())
		w.accept()
		require.Equal(t, []string{"offline token_refused", "online"}, w.notices())
	})
}

func TestATokenSourceThatRefusesForGoodEndsTheChannel(t *testing.T) {
	for _, code := range []fault.Code{fault.DeviceSuspended, fault.DeviceDecommissioned, fault.NotActivated, fault.ActivationExpired, fault.KeyLost} {
		t.Run(string(code), func(t *testing.T) {
			inBubble(t, func(w *world) {
				w.tokenErr = fault.New(code, "token", "")
				w.connect()
				require.Equal(t, []string{"offline! " + string(code)}, w.notices())
			})
		})
	}
}

func TestPausesDoubleAndBeginAnewAfterAConnectionThatWasOfUse(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		down := fault.New(fault.NetworkUnavailable, "dial", "")
		pause := func(turn any) time.Duration {
			began := time.Now()
			before := len(w.used())
			w.dials <- turn
			for len(w.used()) == before {
				time.Sleep(10 * time.Millisecond)
			}
			return time.Since(began).Round(time.Second)
		}
		synctest.Wait()
		w.dials <- down
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			require.Equal(t, want*time.Second, pause(down))
		}
		l := newWire()
		require.Equal(t, time.Minute, pause(l))
		l.greet(t)
		w.notices()
		l.drop(0, "")
		l = newWire()
		require.Equal(t, time.Minute, pause(l), "one that was welcomed and dropped again and again is no reason to hurry")
		l.greet(t)
		l.event(1)
		w.notices()
		l.drop(0, "")
		l = newWire()
		require.Equal(t, time.Second, pause(l), "it brought an event")
		l.greet(t)
		l.takeA(t, typePing)
		l.drop(0, "")
		require.Equal(t, time.Second, pause(down), "it held for half a minute")
		require.Equal(t, []string{
			"offline network_unavailable", "online", "offline network_unavailable", "online", "event 1", "offline network_unavailable",
			"online", "offline network_unavailable",
		}, w.notices(), "the same tidings are not told twice")
	})
}

func TestTheServerMayAskForALongerPause(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		w.dials <- waitError{fault.New(fault.RateLimited, "dial", "HTTP 429"), 20 * time.Second}
		w.notices()
		time.Sleep(19 * time.Second)
		require.Len(t, w.used(), 1)
		w.accept()
		require.Equal(t, []string{"offline rate_limited", "online"}, w.notices())
	})
}

func TestStatusReports(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		require.NoError(t, w.SendStatus(Status{Battery: 50, Paper: "OK"}))
		require.NoError(t, w.SendStatus(Status{Battery: 49, Paper: "LOW"}))
		l, _ := w.accept()
		require.JSONEq(t, `{"battery":49,"paper":"LOW"}`, string(l.take(t).Data), "the last one of before the connection")
		for i := range 100 {
			require.NoError(t, w.SendStatus(Status{Battery: i, Paper: "OK"}))
		}
		began := time.Now()
		require.JSONEq(t, `{"battery":99,"paper":"OK"}`, string(l.take(t).Data))
		require.Equal(t, statusEvery, time.Since(began), "the server closes after 60 messages in a minute")
		for _, bad := range []Status{{-1, "OK"}, {101, "OK"}, {5, ""}, {5, "ok"}} {
			require.ErrorIs(t, w.SendStatus(bad), fault.InvalidRequest)
		}
		require.NoError(t, w.Close())
		require.ErrorIs(t, w.SendStatus(Status{Paper: "OK"}), fault.Closed)
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	good := newWorld(t).options()
	for name, change := range map[string]func(*Options){
		"no URL":             func(o *Options) { o.URL = "" },
		"not secure":         func(o *Options) { o.URL = "ws://backend.example/ws" },
		"https":              func(o *Options) { o.URL = "https://backend.example/ws" },
		"a token in the URL": func(o *Options) { o.URL += "?token=x" },
		"a password in it":   func(o *Options) { o.URL = "wss://me:secret@backend.example/ws" },
		"no tokens":          func(o *Options) { o.Tokens = nil },
		"no memory":          func(o *Options) { o.Memory = nil },
		"no listener":        func(o *Options) { o.Listener = nil },
		"no trust":           func(o *Options) { o.dial = nil },
		"a CA that is none":  func(o *Options) { o.dial, o.TrustedCA = nil, []byte("x") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good
			change(&o)
			_, err := Connect(o)
			require.ErrorIs(t, err, fault.InvalidConfig)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestHelloSaysWhoAndWhat(t *testing.T) {
	inBubble(t, func(w *world) {
		o := w.options()
		o.AppVersions = map[string]string{"business-app": "1.0.0"}
		c, err := Connect(o)
		require.NoError(t, err)
		defer func() { require.NoError(t, c.Close()) }()
		l := newWire()
		w.dials <- l
		hello := l.take(t)
		require.JSONEq(t, `{"device_id":"device-1","app_versions":{"business-app":"1.0.0"}}`, string(hello.Data))
		_, err = time.Parse(time.RFC3339, hello.TS)
		require.NoError(t, err)
		var any map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(hello.Data, &any))
	})
}
