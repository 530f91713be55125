package mpac_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/mpac"
)

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
