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

func TestUpgradeNeedsADevicesTokenInTheHeader(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.caller(1, 1)
	header, claims := parts(t, d.token)
	for name, tt := range map[string]struct {
		token  string
		status int
	}{
		"none": {"", 401}, "garbage": {"abc", 401}, "self-signed": {sign(t, d.key, header, claims), 401}, "person": {w.person("STORE_MANAGER", 1, 1).token, 403},
	} {
		s, status, _ := d.upgrade(tt.token, "mpac.v1")
		require.Nil(t, s, name)
		require.Equal(t, tt.status, status, name)
	}
	s, status, _ := d.upgrade(d.token, "mpac.v2")
	require.Nil(t, s)
	require.Equal(t, 400, status, "another subprotocol")
	s, _, protocol := d.upgrade(d.token, "mpac.v2", "mpac.v1")
	require.NotNil(t, s)
	require.Equal(t, "mpac.v1", protocol)
	require.NoError(t, w.SetStatus(d.sn, "suspended"))
	s, status, _ = d.upgrade(d.token, "mpac.v1")
	require.Nil(t, s)
	require.Equal(t, 403, status, "suspended while its token lives")
}

func TestEventsArriveOnceInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, other := w.terminal(1, 1), w.terminal(1, 1)
	s := d.connect("")
	var ids []string
	for i := range int64(250) { // more than one read of the store
		id, seq := d.push("order.updated", `{"text":"ä€😀","deep":[1,{"a":null}]}`)
		require.Equal(t, i+1, seq)
		ids = append(ids, id)
		other.push("order.updated", "")
	}
	for i, id := range ids {
		m := s.event(id)
		require.EqualValues(t, i+1, m.Seq)
		require.Equal(t, map[string]any{"event": "order.updated", "payload": map[string]any{"text": "ä€😀", "deep": []any{1.0, map[string]any{"a": nil}}}}, m.Data)
	}
	s.pong()
	row := d.socketRow()
	require.EqualValues(t, 250, row.LastSeq)
	require.Zero(t, row.LastAck)
	s.send("ack", map[string]any{"id": ids[99]})
	s.send("ack", map[string]any{"id": ids[9]}) // an older one takes nothing back
	s.send("ack", map[string]any{"id": anID})   // nor does one that never was
	s.pong()
	require.EqualValues(t, 100, d.socketRow().LastAck)
}

func TestResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	var ids []string
	for range 5 {
		id, _ := d.push("config.updated", `{}`)
		ids = append(ids, id)
	}
	replayed := func(s *socket, from int) {
		t.Helper()
		for _, id := range ids[from:] {
			s.event(id)
		}
		s.pong()
	}
	replayed(d.connect(""), 0)
	replayed(d.connect(ids[2]), 3)
	replayed(d.connect(ids[4]), 5)
	s := d.connect(ids[2])
	replayed(s, 3)
	s.send("ack", map[string]any{"id": ids[3]})
	s.pong()
	replayed(d.connect(""), 4) // behind what it acknowledged
	replayed(d.connect(ids[0]), 1)
	live, seq := d.push("config.updated", `{}`)
	require.EqualValues(t, 6, seq)
	s = d.connect(ids[4])
	s.event(live)
	id, _ := d.push("config.updated", `{}`)
	s.event(id)
}

func TestResumeAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	resync := func(last string) *socket {
		t.Helper()
		s := d.connect(last)
		require.Equal(t, "resync_required", s.next().Type)
		s.pong()
		id, _ := d.push("order.updated", `{}`)
		s.event(id)
		return s
	}
	resync(anID) // never given out
	one, _ := d.push("order.updated", `{}`)
	two, _ := d.push("order.updated", `{}`)
	w.later(24 * time.Hour)
	s := d.connect(one)
	s.event(two) // to the second
	w.later(24*time.Hour + time.Second)
	d.connect(two).pong() // it missed nothing, however long ago that was
	resync(one)
	resync("") // nothing was acknowledged
	other := w.terminal(1, 1)
	foreign, _ := other.push("order.updated", `{}`)
	resync(foreign)
}

func TestPushedEventsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	pad := func(n int) string { return `{"x":"` + strings.Repeat("y", n) + `"}` }
	for _, tt := range []struct{ event, payload string }{
		{event: ""}, {event: "Order"}, {event: strings.Repeat("x", 65)}, {event: "a", payload: `{`}, {event: "a", payload: "\"\xff\""}, {event: "a", payload: pad(64 << 10)},
		{event: "a", payload: `"` + strings.Repeat("<", 12<<10) + `"`}, // six bytes each on the wire
	} {
		_, _, err := w.Push(d.sn, tt.event, json.RawMessage(tt.payload))
		require.ErrorIs(t, err, mpac.ErrEvent)
	}
	_, _, err := w.Push("SN-X", "a", nil)
	require.ErrorIs(t, err, mpac.ErrUnknown)
	w.generate("SN-waiting", pemOf(t, newKey(t).Public()))
	_, _, err = w.Push("SN-waiting", "a", nil)
	require.ErrorIs(t, err, mpac.ErrState)
	s := d.connect("")
	for payload, want := range map[string]any{"": map[string]any{}, "null": map[string]any{}, " [1, 2] ": []any{1.0, 2.0}, `"x"`: "x", pad(65_000): map[string]any{"x": strings.Repeat("y", 65_000)}} {
		id, _ := d.push("a", payload)
		require.Equal(t, want, s.event(id).Data["payload"])
	}
}

func TestFramesThatEndTheSocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	frame := func(change map[string]any) string {
		f := map[string]any{"v": 1, "type": "ping", "id": anID, "ts": "2026-01-28T10:00:00Z"}
		for name, value := range change {
			if f[name] = value; value == nil {
				delete(f, name)
			}
		}
		return toJSON(t, f)
	}
	for name, tt := range map[string]struct {
		text string
		code int // 0: the socket stays
	}{
		"no JSON":               {`{nonsense`, 4400},
		"list":                  {`[1,2]`, 4400},
		"null":                  {`null`, 4400},
		"two objects":           {frame(nil) + frame(nil), 4400},
		"name twice":            {`{"v":1,"v":1,"type":"ping","id":"` + anID + `","ts":"2026-01-28T10:00:00Z"}`, 4400},
		"v 2":                   {frame(map[string]any{"v": 2}), 4400},
		"v as text":             {frame(map[string]any{"v": "1"}), 4400},
		"no v":                  {frame(map[string]any{"v": nil}), 4400},
		"no type":               {frame(map[string]any{"type": nil}), 4400},
		"empty type":            {frame(map[string]any{"type": ""}), 4400},
		"no id":                 {frame(map[string]any{"id": nil}), 4400},
		"id no ULID":            {frame(map[string]any{"id": uuid.NewString()}), 4400},
		"no ts":                 {frame(map[string]any{"ts": nil}), 4400},
		"ts no time":            {frame(map[string]any{"ts": "now"}), 4400},
		"data null":             {frame(map[string]any{"data": json.RawMessage("null")}), 4400},
		"data a list":           {frame(map[string]any{"data": []int{}}), 4400},
		"second hello":          {frame(map[string]any{"type": "hello", "data": map[string]any{"device_id": "x"}}), 4400},
		"ack without id":        {frame(map[string]any{"type": "ack"}), 4400},
		"refresh without token": {frame(map[string]any{"type": "auth.refresh"}), 4400},
		"not UTF-8":             {"{\xff\xfe}", 1007},
		"over 64 KiB":           {frame(map[string]any{"data": map[string]any{"x": strings.Repeat("x", 64<<10)}}), 1009},
		"64 KiB":                {frame(map[string]any{"data": map[string]any{"x": strings.Repeat("x", 64<<10-len(frame(map[string]any{"data": map[string]any{"x": ""}})))}}), 0},
		"unknown type":          {frame(map[string]any{"type": "no.such.type", "data": map[string]any{"x": []any{1}}}), 0},
		"unknown fields":        {frame(map[string]any{"more": true}), 0},
	} {
		s := w.terminal(1, 1).connect("")
		s.raw(tt.text)
		if tt.code != 0 {
			s.closesWith(tt.code, name)
			continue
		}
		id := s.send("ping", nil)
		for m := s.next(); m.Re != id; m = s.next() {
			require.Equal(t, "pong", m.Type, name)
		}
	}
	s := w.terminal(1, 1).connect("")
	require.NoError(t, s.conn.Write(context.Background(), websocket.MessageBinary, []byte(`{}`)))
	s.closesWith(4400, "a binary frame")
}

func TestHello(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, other := w.terminal(1, 1), w.terminal(1, 1)
	for name, tt := range map[string]struct {
		kind string
		data any
		code int
	}{
		"another device":           {"hello", map[string]any{"device_id": other.id}, 4401},
		"no device_id":             {"hello", map[string]any{}, 4400},
		"last_event_id a number":   {"hello", map[string]any{"device_id": d.id, "last_event_id": 7}, 4400},
		"app_versions a list":      {"hello", map[string]any{"device_id": d.id, "app_versions": []int{}}, 4400},
		"something else before it": {"ping", nil, 4400},
	} {
		s := d.dial()
		s.send(tt.kind, tt.data)
		s.closesWith(tt.code, name)
		require.Nil(t, d.socketRow(), name)
		require.Nil(t, other.socketRow(), name)
	}
}

func TestNewerConnectionReplacesTheOlder(t *testing.T) {
	t.Parallel()
	d := newWorld(t).terminal(1, 1)
	one := d.connect("")
	two := d.connect("")
	code, reason := one.closed()
	require.Equal(t, 4409, code)
	require.Equal(t, "replaced", reason)
	id, _ := d.push("order.updated", `{}`)
	two.event(id)
	require.NotNil(t, d.socketRow())
}

func TestSuspendedDeviceLosesItsSocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, status := range []string{"suspended", "decommissioned"} {
		d, bystander := w.terminal(1, 1), w.terminal(1, 1)
		s, stays := d.connect(""), bystander.connect("")
		early := d.dial() // upgraded and silent so far
		require.NoError(t, w.SetStatus(d.sn, status))
		code, reason := s.closed()
		require.Equal(t, 4403, code)
		require.Equal(t, status, reason)
		early.send("hello", map[string]any{"device_id": d.id})
		code, reason = early.closed()
		require.Equal(t, 4403, code)
		require.Equal(t, status, reason)
		stays.pong()
	}
}

func TestTokenIsRefreshedInBand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, other := w.terminal(1, 1), w.terminal(1, 1)
	w.Hurry(patient, patient, patient, patient)
	s := d.connect("")
	w.later(10 * time.Minute)
	s.send("auth.refresh", map[string]any{"token": d.fetch()})
	s.pong()
	w.later(25 * time.Minute) // 15 after the refresh, 25 after the upgrade
	s.pong()
	w.later(27 * time.Minute)
	s.closesWith(4401, "no refresh came")
	for name, token := range map[string]string{"bad": "abc", "another device's": other.fetch(), "a person's": w.person("STAFF", 1, 1).token, "old": d.fetch()} {
		s := d.connect("")
		if name == "old" {
			w.later(27*time.Minute + 95*time.Second)
		}
		s.send("auth.refresh", map[string]any{"token": token})
		s.closesWith(4401, name)
		w.later(27 * time.Minute)
	}
}

func TestSixtyMessagesAMinute(t *testing.T) {
	t.Parallel()
	d := newWorld(t).terminal(1, 1)
	s := d.connect("") // hello is the first
	id, _ := d.push("order.updated", `{}`)
	s.event(id)
	token := d.fetch()
	for range 100 {
		s.send("ack", map[string]any{"id": id})
		s.send("auth.refresh", map[string]any{"token": token})
	}
	s.pong()
	for range 59 {
		s.send("no.such.type", nil)
	}
	s.pong()
	s.send("no.such.type", nil)
	s.closesWith(4429, "the 61st")
}

func TestWhoeverSaysNothingIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Hurry(50*time.Millisecond, patient, patient, patient)
	w.terminal(1, 1).dial().closesWith(4408, "no hello")
}

func TestWhoeverStopsPingingIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Hurry(patient, time.Second, patient, patient)
	s := w.terminal(1, 1).connect("")
	for began := time.Now(); time.Since(began) < 1500*time.Millisecond; {
		s.pong() // whoever pings stays
	}
	s.closesWith(4408, "no pings")
}

func TestStatusReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	s := d.connect("")
	s.send("status", map[string]any{"battery": 80, "paper": "OK"})
	s.send("status", map[string]any{"paper": "LOW"})
	s.pong()
	list, err := w.Devices()
	require.NoError(t, err)
	require.EqualValues(t, 80, *list[0].Battery)
	require.Equal(t, "LOW", list[0].Paper)
	require.Equal(t, "2026-01-28T10:00:00Z", list[0].LastConnectedAt)
	for _, bad := range []any{nil, map[string]any{}, map[string]any{"battery": 101}, map[string]any{"battery": 1.5}, map[string]any{"paper": "GONE"}, map[string]any{"battery": "x", "paper": "OK"}} {
		id := s.send("status", bad)
		m := s.next()
		require.Equal(t, []any{"error", id, "bad_status"}, []any{m.Type, m.Re, m.Data["code"]})
	}
	w.later(time.Minute)
	s.pong()
	list, err = w.Devices()
	require.NoError(t, err)
	require.Equal(t, "2026-01-28T10:01:00Z", list[0].LastConnectedAt, "a ping says that it is there")
	require.EqualValues(t, 80, *list[0].Battery)
}

func TestOperatorClosesSockets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d, other := w.terminal(1, 1), w.terminal(1, 1)
	stays := other.connect("")
	for _, code := range []int{1012, 4401, 4409, 1000} {
		s := d.connect("")
		require.NoError(t, w.CloseSocket(d.sn, code))
		s.closesWith(code, "the code asked for")
	}
	stays.pong()
	require.ErrorIs(t, w.CloseSocket(d.sn, 1012), mpac.ErrNoSocket)
	require.ErrorIs(t, w.CloseSocket("SN-X", 1012), mpac.ErrUnknown)
	for _, bad := range []int{0, 999, 1005, 1006, 1015, 2999, 5000} {
		require.ErrorIs(t, w.CloseSocket(other.sn, bad), mpac.ErrCloseCode)
	}
}

func TestRefusedNetworkCutsOpenSockets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Hurry(patient, patient, patient, patient)
	d := w.terminal(1, 1)
	s := d.connect("")
	w.refused.Store(true)
	_, err := s.read()
	require.Error(t, err)
	require.EqualValues(t, -1, websocket.CloseStatus(err), "no goodbye")
	w.refused.Store(false)
	d.connect("").pong()
}

func TestCloseEndsSocketsWithRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Hurry(patient, patient, patient, patient)
	s := w.terminal(1, 1).connect("")
	silent := w.terminal(1, 1).connect("") // answers nothing until it reads
	closed := make(chan struct{})
	began := time.Now()
	go func() {
		w.Close()
		close(closed)
	}()
	s.closesWith(1012, "restart")
	<-closed
	require.Less(t, time.Since(began), 5*time.Second, "a client that does not answer holds nobody up")
	code, _ := silent.closed()
	require.Equal(t, 1012, code)
	if late, _, _ := w.terminal(1, 1).upgrade(w.caller(1, 1).token, "mpac.v1"); late != nil {
		_, err := late.read()
		require.Error(t, err, "nobody is there any more")
	}
}
