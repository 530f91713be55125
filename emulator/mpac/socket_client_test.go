package mpac_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/mpac"
)

const patient = 10 * time.Second

// socket is a device's end of the channel, written from protocol section 3.
type socket struct {
	t    *testing.T
	conn *websocket.Conn
}

// message is a frame of the server.
type message struct {
	V    int
	Type string
	ID   string
	Seq  int64
	TS   time.Time
	Re   string
	Data map[string]any
}

// upgrade gives the socket, nil when it was refused, with the status and the chosen subprotocol.
func (d *terminal) upgrade(token string, protocols ...string) (s *socket, status int, protocol string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(d.url, "http")+"/api/v1/ws", &websocket.DialOptions{Subprotocols: protocols, HTTPHeader: header})
	if resp != nil {
		status, protocol = resp.StatusCode, resp.Header.Get("Sec-WebSocket-Protocol")
		if resp.Body != nil { // of a refusal
			_ = resp.Body.Close()
		}
	}
	if err != nil {
		return nil, status, protocol
	}
	d.t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return &socket{t: d.t, conn: conn}, status, protocol
}

// dial upgrades with a fresh token.
func (d *terminal) dial() *socket {
	d.t.Helper()
	s, status, _ := d.upgrade(d.fetch(), "mpac.v1")
	require.NotNil(d.t, s, "upgrade: %d", status)
	return s
}

// connect says hello and waits for welcome.
func (d *terminal) connect(lastEventID string) *socket {
	d.t.Helper()
	s := d.dial()
	data := map[string]any{"device_id": d.id, "app_versions": map[string]string{"business-app": "1.0.0"}}
	if lastEventID != "" {
		data["last_event_id"] = lastEventID
	}
	hello := s.send("hello", data)
	welcome := s.next()
	require.Equal(d.t, "welcome", welcome.Type)
	require.Equal(d.t, hello, welcome.Re)
	require.Equal(d.t, 30.0, welcome.Data["heartbeat"])
	require.NotEmpty(d.t, welcome.Data["session_id"])
	return s
}

const anID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

// send writes a frame and gives its id.
func (s *socket) send(kind string, data any) string {
	s.t.Helper()
	id := anID[:18] + strings.ToUpper(strings.NewReplacer("i", "0", "l", "0", "o", "0", "u", "0").Replace(strings.ReplaceAll(uuid.NewString(), "-", "")[:8]))
	frame := map[string]any{"v": 1, "type": kind, "id": id, "ts": "2026-01-28T10:00:00Z"}
	if data != nil {
		frame["data"] = data
	}
	s.raw(toJSON(s.t, frame))
	return id
}

func (s *socket) raw(text string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	_ = s.conn.Write(ctx, websocket.MessageText, []byte(text)) // the server may have closed; the read says so
}

func (s *socket) next() message {
	s.t.Helper()
	m, err := s.read()
	require.NoError(s.t, err)
	return m
}

func (s *socket) read() (m message, err error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	_, text, err := s.conn.Read(ctx)
	if err != nil {
		return m, err
	}
	require.NoError(s.t, json.Unmarshal(text, &m), string(text))
	require.Equal(s.t, 1, m.V)
	require.Regexp(s.t, `^[0-7][0-9A-HJKMNP-TV-Z]{25}$`, m.ID)
	require.False(s.t, m.TS.IsZero())
	return m, nil
}

// pong is a round trip: everything that was sent before has been dealt with.
func (s *socket) pong() {
	s.t.Helper()
	id := s.send("ping", nil)
	m := s.next()
	require.Equal(s.t, []string{"pong", id}, []string{m.Type, m.Re})
}

// closed reads until the end and gives the close code and reason.
func (s *socket) closed() (int, string) {
	s.t.Helper()
	for {
		if _, err := s.read(); err != nil {
			var end websocket.CloseError
			require.True(s.t, errors.As(err, &end), "no close frame: %v", err)
			return int(end.Code), end.Reason
		}
	}
}

func (s *socket) closesWith(code int, why string) {
	s.t.Helper()
	got, _ := s.closed()
	require.Equal(s.t, code, got, why)
}

func (d *terminal) push(event string, payload string) (string, int64) {
	d.t.Helper()
	id, seq, err := d.Push(d.sn, event, json.RawMessage(payload))
	require.NoError(d.t, err)
	return id, seq
}

// event waits for one event frame with this id.
func (s *socket) event(id string) message {
	s.t.Helper()
	m := s.next()
	require.Equal(s.t, []string{"event", id}, []string{m.Type, m.ID})
	return m
}

func (d *terminal) socketRow() *mpac.Socket {
	d.t.Helper()
	list, err := d.Sockets()
	require.NoError(d.t, err)
	for _, row := range list {
		if row.SerialNumber == d.sn {
			return &row
		}
	}
	return nil
}
