package ws

import (
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"
)

// Event is something that changed at the backend.
type Event struct {
	// ID is the server's identifier, a ULID; the same event has the same one however often it is sent.
	ID string
	// Seq rises by exactly 1 from one event of this device to the next.
	Seq int64
	// Name says what changed: "order.updated".
	Name string
	// Payload is the JSON the server sent, as it came.
	Payload json.RawMessage
}

// message is one message of the server, read and checked.
type message struct {
	// kind is one of the server's types, or "" for a type this version does not know.
	kind string
	// re is the id of the message that this one answers.
	re string
	// event of an event.
	event Event
	// heartbeat of a welcome.
	heartbeat time.Duration
	// code of an error.
	code string
}

var (
	errNotUTF8 = errors.New("ws: read message: not UTF-8")
	errNotText = errors.New("ws: read message: not a text message")
	errFrame   = errors.New("ws: read message: not a JSON object of the protocol")
	errVersion = errors.New("ws: read message: of another version of the protocol")
)

// readMessage parses one text message. What it does not know it passes over: other types, other keys. On an error the message is
// zero.
func readMessage(text []byte) (message, error) {
	if !utf8.Valid(text) {
		return message{}, errNotUTF8
	}
	// Raw, because a type of tomorrow may use the same keys otherwise.
	var envelope struct {
		V    json.RawMessage `json:"v"`
		Type string          `json:"type"`
		ID   json.RawMessage `json:"id"`
		Re   json.RawMessage `json:"re"`
		Seq  json.RawMessage `json:"seq"`
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(text, &envelope) != nil {
		return message{}, errFrame
	}
	if string(envelope.V) != wireVersion {
		return message{}, errVersion
	}
	m := message{kind: envelope.Type}
	ok := envelope.Type != ""
	switch envelope.Type {
	case typeWelcome:
		m.heartbeat, ok = readHeartbeat(envelope.Data)
	case typePong:
		ok = optional(envelope.Re, &m.re)
	case typeEvent:
		var data struct {
			Event   string          `json:"event"`
			Payload json.RawMessage `json:"payload"`
		}
		e := &m.event
		ok = optional(envelope.ID, &e.ID) && optional(envelope.Seq, &e.Seq) && optional(envelope.Data, &data)
		e.Name, e.Payload = data.Event, data.Payload
		ok = ok && e.ID != "" && len(e.ID) <= maxID && e.Seq > 0 && e.Name != "" && len(e.Name) <= maxName
	case typeError:
		var data struct {
			Code string `json:"code"`
		}
		ok = optional(envelope.Data, &data) && len(data.Code) <= maxName
		m.code = data.Code
	case typeResync:
	default:
		m.kind = ""
	}
	if !ok {
		return message{}, errFrame
	}
	return m, nil
}

// optional decodes a value that may be absent.
func optional(raw json.RawMessage, into any) bool {
	return len(raw) == 0 || json.Unmarshal(raw, into) == nil
}

// readHeartbeat bounds what a welcome asks for: a server's slip must neither flood it nor leave a dead connection unnoticed.
func readHeartbeat(data json.RawMessage) (time.Duration, bool) {
	var welcome struct {
		Heartbeat *float64 `json:"heartbeat"`
	}
	if !optional(data, &welcome) {
		return 0, false
	}
	if welcome.Heartbeat == nil || *welcome.Heartbeat <= 0 {
		return defaultHeartbeat, true
	}
	seconds := min(*welcome.Heartbeat, longestHeartbeat.Seconds())
	return max(time.Duration(seconds*float64(time.Second)), shortestHeartbeat), true
}

// Messages of the client.
type (
	helloData struct {
		DeviceID    string            `json:"device_id"`
		AppVersions map[string]string `json:"app_versions"`
		LastEventID string            `json:"last_event_id,omitempty"`
	}
	ackData struct {
		ID string `json:"id"`
	}
	refreshData struct {
		Token string `json:"token"`
	}
	statusData struct {
		Battery int    `json:"battery"`
		Paper   string `json:"paper"`
	}
)

// writeMessage encodes one message of the client and gives its id.
func writeMessage(kind string, now time.Time, data any) (id string, text []byte) {
	id = newULID(now)
	text, _ = json.Marshal(struct { //nolint:errchkjson // strings and numbers only.
		V    int    `json:"v"`
		Type string `json:"type"`
		ID   string `json:"id"`
		TS   string `json:"ts"`
		Data any    `json:"data"`
	}{1, kind, id, now.UTC().Format(time.RFC3339Nano), data})
	return id, text
}
