package mobile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

const streamSecret = "integrator-secret-0123456789"

type streamNotice struct {
	V                                         int
	Kind, Address, Peer, MsgID, MsgType, Code string
	Connection                                int64
	Data                                      json.RawMessage
}

// till is an EventStreamListener.
type till struct {
	notices chan streamNotice
	hook    func(streamNotice) error
}

func (l *till) Receive(text string) error {
	var n streamNotice
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	if l.hook != nil {
		if err := l.hook(n); err != nil {
			return err
		}
	}
	l.notices <- n
	return nil
}

// next is the next notice of a kind.
func (l *till) next(t *testing.T, kind string) streamNotice {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case n := <-l.notices:
			require.Equal(t, 1, n.V)
			if n.Kind == kind {
				return n
			}
		case <-deadline:
			require.Fail(t, "no notice", kind)
		}
	}
}

func startStream(t *testing.T, config string, hook func(streamNotice) error) (*mobile.EventStream, *till) {
	t.Helper()
	l := &till{notices: make(chan streamNotice, 1000), hook: hook}
	s, err := mobile.StartEventStream(config, []byte(streamSecret), l)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	return s, l
}

// dialled lets an emulated POS dial a stream.
func dialled(t *testing.T, w *emulator.World, s *mobile.EventStream, more map[string]any) {
	t.Helper()
	require.NoError(t, w.Admin(t.Context(), http.MethodPost, "/admin/api/posstream/integrators", map[string]any{"keyId": "KEY", "secretKey": streamSecret}, nil))
	client := map[string]any{"address": s.Address(), "pos": "POS-1", "reconnectSeconds": 0.05}
	for k, v := range more {
		client[k] = v
	}
	require.NoError(t, w.Admin(t.Context(), http.MethodPost, "/admin/api/posstream/clients", client, nil))
}

func TestAnOrderArrivesFromAPOS(t *testing.T) {
	t.Parallel()
	w := world(t)
	s, l := startStream(t, `{"listen":"127.0.0.1:0","keyId":"KEY","rsa":"oaep-sha1","aes":"gcm","allow":["127.0.0.1"]}`, nil)
	require.Equal(t, s.Address(), l.next(t, "listening").Address)
	dialled(t, w, s, map[string]any{"rsa": "oaep-sha1", "aes": "gcm"})
	enabled := l.next(t, "enabled")
	require.NoError(t, w.Admin(t.Context(), http.MethodPost, "/admin/api/posstream/events", map[string]any{"type": "create_order", "data": map[string]int{"n": 7}}, nil))
	n := l.next(t, "event")
	require.Equal(t, []string{"create_order", `{"n":7}`, enabled.Peer}, []string{n.MsgType, string(n.Data), n.Peer})
	require.NotEmpty(t, n.MsgID)
	require.Equal(t, enabled.Connection, n.Connection)

	var status struct {
		Connections []struct {
			State  string
			Events int
		}
		Counters struct{ Enabled, Events, Duplicates int }
	}
	require.Eventually(t, func() bool {
		text, err := s.Status()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal([]byte(text), &status))
		return status.Counters.Events == 1
	}, 10*time.Second, time.Millisecond)
	require.Equal(t, "enabled", status.Connections[0].State)
	require.Equal(t, 1, status.Connections[0].Events)

	require.NoError(t, s.Stop())
	require.NoError(t, s.Stop(), "a second Stop does nothing")
	text, err := s.Status()
	require.NoError(t, err)
	require.Contains(t, text, `"connections":[]`)
	_, err = net.Dial("tcp", s.Address())
	require.Error(t, err)
}

// An app whose listener throws gets the event again after the POS came back.
func TestAListenerThatThrowsGetsTheEventAgain(t *testing.T) {
	t.Parallel()
	w := world(t)
	var thrown atomic.Bool
	s, l := startStream(t, `{"listen":"127.0.0.1:0","keyId":"KEY"}`, func(n streamNotice) error {
		if n.Kind == "event" && thrown.CompareAndSwap(false, true) {
			return errors.New("java.lang.IllegalStateException")
		}
		return nil
	})
	dialled(t, w, s, nil)
	l.next(t, "enabled")
	require.NoError(t, w.Admin(t.Context(), http.MethodPost, "/admin/api/posstream/events", map[string]any{}, nil))
	require.Equal(t, "listener_failed", l.next(t, "disconnected").Code)
	require.Equal(t, "create_order", l.next(t, "event").MsgType)
}

func TestARefusedStreamSaysWithWhoseWord(t *testing.T) {
	t.Parallel()
	w := world(t)
	s, l := startStream(t, `{"listen":"127.0.0.1:0","keyId":"NOBODY"}`, nil)
	dialled(t, w, s, nil)
	require.Equal(t, "nack_auth", l.next(t, "refused").Code)
	require.Equal(t, "registration_refused", l.next(t, "disconnected").Code)
}

func TestTheSecretIsClearedAndNeverShown(t *testing.T) {
	t.Parallel()
	for _, config := range []string{`{"listen":"127.0.0.1:0","keyId":"KEY"}`, `{}`, `{"secret":"` + streamSecret + `"}`} {
		given := []byte(streamSecret)
		s, err := mobile.StartEventStream(config, given, &till{notices: make(chan streamNotice, 10)})
		require.Equal(t, make([]byte, len(streamSecret)), given, "cleared before the call returns")
		if err != nil {
			require.NotContains(t, err.Error(), streamSecret)
			continue
		}
		require.NoError(t, s.Stop())
	}
}

func TestAWrongParameterOfTheStreamIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.pem"), []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "open.pem"), []byte("x"), 0o644))
	for want, config := range map[string]string{
		"must be a JSON object":   `[]`,
		"broken JSON":             `{"listen"`,
		"listen is missing":       `{"keyId":"KEY"}`,
		"keyId is missing":        `{"listen":"127.0.0.1:0"}`,
		"listen must be":          `{"listen":"127.0.0.1","keyId":"KEY"}`,
		"rsa must be":             `{"listen":"127.0.0.1:0","keyId":"KEY","rsa":"none"}`,
		"aes must be":             `{"listen":"127.0.0.1:0","keyId":"KEY","aes":"ecb"}`,
		"allow must":              `{"listen":"127.0.0.1:0","keyId":"KEY","allow":["everyone"]}`,
		"without a zone":          `{"listen":"127.0.0.1:0","keyId":"KEY","allow":["fe80::1%eth0"]}`,
		"mapped into IPv6":        `{"listen":"127.0.0.1:0","keyId":"KEY","allow":["::ffff:10.0.0.0/104"]}`,
		"secretKey is not":        `{"listen":"127.0.0.1:0","keyId":"KEY","secretKey":"x"}`,
		"keyId has a wrong type":  `{"listen":"127.0.0.1:0","keyId":1}`,
		"tls.certificateFile is":  `{"listen":"127.0.0.1:0","keyId":"KEY","tls":{}}`,
		"tls.keyFile is missing":  `{"listen":"127.0.0.1:0","keyId":"KEY","tls":{"certificateFile":"c.pem"},"baseDir":"` + dir + `"}`,
		"tls.keyFile cannot":      `{"listen":"127.0.0.1:0","keyId":"KEY","tls":{"certificateFile":"c.pem","keyFile":"no"},"baseDir":"` + dir + `"}`,
		"tls.keyFile must be":     `{"listen":"127.0.0.1:0","keyId":"KEY","tls":{"certificateFile":"c.pem","keyFile":"open.pem"},"baseDir":"` + dir + `"}`,
		"certificate and key do ": `{"listen":"127.0.0.1:0","keyId":"KEY","tls":{"certificateFile":"c.pem","keyFile":"c.pem"},"baseDir":"` + dir + `"}`,
	} {
		_, err := mobile.StartEventStream(config, []byte(streamSecret), &till{})
		require.Equal(t, "invalid_config", mobile.ErrorCode(err), config)
		require.ErrorContains(t, err, want)
	}
	_, err := mobile.StartEventStream(`{"listen":"127.0.0.1:0","keyId":"KEY"}`, []byte(streamSecret), nil)
	require.Equal(t, "invalid_request", mobile.ErrorCode(err))
	s, _ := startStream(t, `{"listen":"127.0.0.1:0","keyId":"KEY"}`, nil)
	_, err = mobile.StartEventStream(`{"listen":"`+s.Address()+`","keyId":"KEY"}`, []byte(streamSecret), &till{})
	require.Equal(t, "address_unavailable", mobile.ErrorCode(err))
}

// An app's listener may hold the stream that holds it: over the binding nobody would ever collect the two.
func TestAStoppedStreamLetsGoOfItsListener(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	s := func() *mobile.EventStream {
		l := &till{notices: make(chan streamNotice, 10)}
		runtime.AddCleanup(l, func(gone chan struct{}) { close(gone) }, gone)
		s, err := mobile.StartEventStream(`{"listen":"127.0.0.1:0","keyId":"KEY"}`, []byte(streamSecret), l)
		require.NoError(t, err)
		l.next(t, "listening")
		return s
	}()
	require.NoError(t, s.Stop())
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-gone:
			return true
		default:
			return false
		}
	}, 10*time.Second, 10*time.Millisecond)
	runtime.KeepAlive(s)
}

// Java can make one with new.
func TestAStreamThatWasNeverStarted(t *testing.T) {
	t.Parallel()
	var s mobile.EventStream
	require.NoError(t, s.Stop())
	require.Empty(t, s.Address())
	_, err := s.Status()
	require.Equal(t, "closed", mobile.ErrorCode(err))
}

func TestNoClearTextAndNoSecretOnTheWire(t *testing.T) {
	t.Parallel()
	w := world(t)
	s, l := startStream(t, `{"listen":"127.0.0.1:0","keyId":"KEY"}`, nil)
	front, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = front.Close() })
	wire := make(chan []byte, 1)
	go func() { wire <- relay(front, s.Address()) }()
	dialled(t, w, s, map[string]any{"address": front.Addr().String(), "reconnectSeconds": 3600})
	require.NoError(t, w.Admin(t.Context(), http.MethodPost, "/admin/api/posstream/events", map[string]any{"data": "CLEARTEXTMARK"}, nil))
	l.next(t, "event")
	require.NoError(t, s.Stop())
	seen := <-wire
	require.Contains(t, string(seen), "register_client", "the wire was seen")
	for _, secret := range []string{"CLEARTEXTMARK", streamSecret} {
		require.False(t, bytes.Contains(seen, []byte(secret)))
	}
	require.Zero(t, strings.Count(string(seen), "secret_key"))
}

// relay passes one connection on and gives everything that went over it.
func relay(front net.Listener, to string) []byte {
	near, err := front.Accept()
	if err != nil {
		return nil
	}
	far, err := net.Dial("tcp", to)
	if err != nil {
		return nil
	}
	both := make(chan []byte)
	pass := func(from, to net.Conn) {
		var seen []byte
		buf := make([]byte, 4096)
		for {
			n, err := from.Read(buf)
			seen = append(seen, buf[:n]...)
			if err != nil {
				break
			}
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		_ = from.Close()
		_ = to.Close()
		both <- seen
	}
	go pass(near, far)
	go pass(far, near)
	return append(<-both, <-both...)
}
