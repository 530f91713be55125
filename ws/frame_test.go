package ws

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const anEvent = `{"v":1,"type":"event","id":"01JZ","seq":7,"ts":"2026-01-02T03:04:05Z","data":{"event":"order.updated","payload":{"n":1}}}`

func TestReadMessage(t *testing.T) {
	t.Parallel()
	welcome := func(every time.Duration) message { return message{kind: typeWelcome, heartbeat: every} }
	event := func(payload string) message {
		e := Event{ID: "01JZ", Seq: 7, Name: "order.updated"}
		if payload != "" {
			e.Payload = json.RawMessage(payload)
		}
		return message{kind: typeEvent, event: e}
	}
	tests := map[string]struct {
		text string
		want message
		err  error
	}{
		"event":                             {anEvent, event(`{"n":1}`), nil},
		"event without payload":             {`{"v":1,"type":"event","id":"01JZ","seq":7,"data":{"event":"order.updated"}}`, event(""), nil},
		"event with keys of tomorrow":       {strings.Replace(anEvent, `"n":1`, `"n":1},"more":{"a":[null]`, 1), event(`{"n":1}`), nil},
		"event without id":                  {strings.Replace(anEvent, `"id":"01JZ",`, ``, 1), message{}, errFrame},
		"event with an empty id":            {strings.Replace(anEvent, `01JZ`, ``, 1), message{}, errFrame},
		"event with a long id":              {strings.Replace(anEvent, `01JZ`, strings.Repeat("0", maxID+1), 1), message{}, errFrame},
		"event with a number as id":         {strings.Replace(anEvent, `"01JZ"`, `1`, 1), message{}, errFrame},
		"event without seq":                 {strings.Replace(anEvent, `"seq":7,`, ``, 1), message{}, errFrame},
		"event with seq 0":                  {strings.Replace(anEvent, `"seq":7`, `"seq":0`, 1), message{}, errFrame},
		"event with seq -1":                 {strings.Replace(anEvent, `"seq":7`, `"seq":-1`, 1), message{}, errFrame},
		"event with half a seq":             {strings.Replace(anEvent, `"seq":7`, `"seq":7.5`, 1), message{}, errFrame},
		"event with a seq beyond 64 bits":   {strings.Replace(anEvent, `"seq":7`, `"seq":99999999999999999999`, 1), message{}, errFrame},
		"event without name":                {strings.Replace(anEvent, `order.updated`, ``, 1), message{}, errFrame},
		"event without data":                {`{"v":1,"type":"event","id":"01JZ","seq":7}`, message{}, errFrame},
		"event with data of another type":   {`{"v":1,"type":"event","id":"01JZ","seq":7,"data":[1]}`, message{}, errFrame},
		"welcome":                           {`{"v":1,"type":"welcome","data":{"session_id":"s","heartbeat":30}}`, welcome(30 * time.Second), nil},
		"welcome without data":              {`{"v":1,"type":"welcome"}`, welcome(defaultHeartbeat), nil},
		"welcome without heartbeat":         {`{"v":1,"type":"welcome","data":{}}`, welcome(defaultHeartbeat), nil},
		"welcome with heartbeat null":       {`{"v":1,"type":"welcome","data":{"heartbeat":null}}`, welcome(defaultHeartbeat), nil},
		"welcome with heartbeat 0":          {`{"v":1,"type":"welcome","data":{"heartbeat":0}}`, welcome(defaultHeartbeat), nil},
		"welcome with heartbeat -5":         {`{"v":1,"type":"welcome","data":{"heartbeat":-5}}`, welcome(defaultHeartbeat), nil},
		"welcome with a fast heartbeat":     {`{"v":1,"type":"welcome","data":{"heartbeat":0.001}}`, welcome(shortestHeartbeat), nil},
		"welcome with a slow heartbeat":     {`{"v":1,"type":"welcome","data":{"heartbeat":1e300}}`, welcome(longestHeartbeat), nil},
		"welcome with a heartbeat as text":  {`{"v":1,"type":"welcome","data":{"heartbeat":"30"}}`, message{}, errFrame},
		"pong":                              {`{"v":1,"type":"pong","re":"P1"}`, message{kind: typePong, re: "P1"}, nil},
		"pong to nothing":                   {`{"v":1,"type":"pong"}`, message{kind: typePong}, nil},
		"pong to a number":                  {`{"v":1,"type":"pong","re":1}`, message{}, errFrame},
		"resync_required":                   {`{"v":1,"type":"resync_required","id":"1"}`, message{kind: typeResync}, nil},
		"error":                             {`{"v":1,"type":"error","data":{"code":"rate","message":"m"}}`, message{kind: typeError, code: "rate"}, nil},
		"a type of tomorrow":                {`{"v":1,"type":"app.restart","id":5,"seq":"x","data":[1]}`, message{}, nil},
		"the client's own type":             {`{"v":1,"type":"hello","data":{}}`, message{}, nil},
		"no type":                           {`{"v":1}`, message{}, errFrame},
		"another version":                   {`{"v":2,"type":"event"}`, message{}, errVersion},
		"a version as text":                 {`{"v":"1","type":"pong"}`, message{}, errVersion},
		"no version":                        {`{"type":"pong"}`, message{}, errVersion},
		"empty":                             {``, message{}, errFrame},
		"no JSON":                           {`{"v":1,`, message{}, errFrame},
		"two objects":                       {`{"v":1,"type":"pong"}{"v":1}`, message{}, errFrame},
		"an array":                          {`[1,2]`, message{}, errFrame},
		"null":                              {`null`, message{}, errVersion},
		"not UTF-8":                         {"{\"v\":1,\"type\":\"event\",\"data\":\"\xc3\x28\"}", message{}, errNotUTF8},
		"deeper than anybody would":         {`{"v":1,"type":"x","data":` + strings.Repeat("[", 20_000), message{}, errFrame},
		"a lone surrogate stays what it is": {strings.Replace(anEvent, `"n":1`, `"n":"\ud800"`, 1), event(`{"n":"\ud800"}`), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readMessage([]byte(tt.text))
			require.ErrorIs(t, err, tt.err)
			require.Equal(t, tt.want, got)
		})
	}
}

// The buffer of a connection is used again for the next message; an event must not change with it.
func TestReadMessageKeepsNothingOfTheBuffer(t *testing.T) {
	t.Parallel()
	buffer := []byte(anEvent)
	m, err := readMessage(buffer)
	require.NoError(t, err)
	copy(buffer, bytes.Repeat([]byte("x"), len(buffer)))
	require.Equal(t, "01JZ", m.event.ID)
	require.JSONEq(t, `{"n":1}`, string(m.event.Payload))
}

// What the client writes has the envelope of protocol section 3.
func TestWriteMessage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	id, text := writeMessage(typeHello, at, helloData{DeviceID: "d", AppVersions: map[string]string{"business-app": "1.0.0"}, LastEventID: "E1"})
	require.JSONEq(t, `{"v":1,"type":"hello","id":"`+id+`","ts":"2026-01-02T02:04:05Z",
		"data":{"device_id":"d","app_versions":{"business-app":"1.0.0"},"last_event_id":"E1"}}`, string(text))
	_, text = writeMessage(typeHello, at, helloData{AppVersions: map[string]string{}})
	require.NotContains(t, string(text), "last_event_id")
}

func FuzzReadMessage(f *testing.F) {
	for _, seed := range []string{
		anEvent, `{"v":1,"type":"welcome","data":{"heartbeat":30}}`, `{"v":1,"type":"pong","re":"P1"}`, `{"v":1,"type":"resync_required"}`,
		`{"v":1,"type":"error","data":{"code":"rate"}}`, `{"v":2}`, `[]`, "\xff", `{"v":1,"type":"welcome","data":{"heartbeat":1e309}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := readMessage(text)
		if err != nil {
			require.Equal(t, message{}, m, "an error leaves nothing")
			return
		}
		if m.kind == typeWelcome {
			require.GreaterOrEqual(t, m.heartbeat, shortestHeartbeat)
			require.LessOrEqual(t, m.heartbeat, longestHeartbeat)
		}
		if m.kind != typeEvent {
			return
		}
		e := m.event
		require.True(t, e.ID != "" && len(e.ID) <= maxID && e.Name != "" && len(e.Name) <= maxName && e.Seq > 0)
		// What was read means the same when it is written again.
		again, err := json.Marshal(map[string]any{
			"v": 1, "type": typeEvent, "id": e.ID, "seq": e.Seq, "data": map[string]any{"event": e.Name, "payload": e.Payload},
		})
		require.NoError(t, err)
		twice, err := readMessage(again)
		require.NoError(t, err)
		require.Equal(t, e.ID, twice.event.ID)
		require.Equal(t, e.Seq, twice.event.Seq)
		require.Equal(t, e.Name, twice.event.Name)
	})
}
