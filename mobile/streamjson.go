package mobile

import (
	"encoding/json"
	"time"

	"github.com/smartpos-go/terminal/posstream"
)

type streamNoticeJSON struct {
	V          int             `json:"v"`
	Kind       posstream.Kind  `json:"kind"`
	Address    string          `json:"address,omitempty"`
	Peer       string          `json:"peer,omitempty"`
	Connection int64           `json:"connection,omitempty"`
	MsgID      string          `json:"msgId,omitempty"`
	MsgType    string          `json:"msgType,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
	Code       string          `json:"code,omitempty"`
}

func streamNotice(n posstream.Notice) string {
	code := string(n.Code)
	if n.Kind == posstream.Refused {
		code = n.Response
	}
	text, _ := json.Marshal(streamNoticeJSON{ //nolint:errchkjson // the data was read as JSON.
		V: 1, Kind: n.Kind, Address: n.Address, Peer: n.Peer, Connection: n.Connection, MsgID: n.MsgID, MsgType: n.MsgType, Data: n.Data, Code: code,
	})
	return string(text)
}

type streamStatusJSON struct {
	V           int                    `json:"v"`
	Address     string                 `json:"address"`
	Connections []streamConnectionJSON `json:"connections"`
	Counters    streamCountersJSON     `json:"counters"`
}

type streamConnectionJSON struct {
	Peer       string          `json:"peer"`
	Connection int64           `json:"connection"`
	State      posstream.State `json:"state"`
	Since      string          `json:"since"`
	Events     int64           `json:"events"`
	Duplicates int64           `json:"duplicates"`
	Queued     int             `json:"queued"`
}

type streamCountersJSON struct {
	Connections int64 `json:"connections"`
	Enabled     int64 `json:"enabled"`
	Refused     int64 `json:"refused"`
	NotAllowed  int64 `json:"notAllowed"`
	Surplus     int64 `json:"surplus"`
	Events      int64 `json:"events"`
	Duplicates  int64 `json:"duplicates"`
	Slow        int64 `json:"slow"`
}

func streamStatus(s posstream.Status) streamStatusJSON {
	answer := streamStatusJSON{V: 1, Address: s.Address, Connections: []streamConnectionJSON{}, Counters: streamCountersJSON(s.Counters)}
	for _, c := range s.Connections {
		answer.Connections = append(answer.Connections, streamConnectionJSON{
			Peer: c.Peer, Connection: c.Number, State: c.State, Since: c.Since.UTC().Format(time.RFC3339),
			Events: c.Events, Duplicates: c.Duplicates, Queued: c.Queued,
		})
	}
	return answer
}
