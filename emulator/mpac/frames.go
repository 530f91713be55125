package mpac

import (
	"encoding/json"
	"errors"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// ulidText is the form of an id.
var ulidText = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`)

// frame is a message of a device: {"v":1,"type","id","ts","data"}.
type frame struct {
	kind, id string
	data     strictjson.Object
}

// closing is the end of a socket: a close code and its reason.
type closing struct {
	code   int
	reason string
}

func (c closing) Error() string { return c.reason }

func badFrame(reason string) error { return closing{closeBad, reason} }

// readFrame reads one message, or says how the socket ends. The type is free: unknown ones are ignored.
func readFrame(text []byte) (frame, error) {
	if !utf8.Valid(text) {
		return frame{}, closing{closeUTF8, "not UTF-8"}
	}
	o, err := strictjson.Read(text)
	if err != nil {
		return frame{}, badFrame("not one JSON object")
	}
	if v, ok := o.Integer("v"); !ok || v != 1 {
		return frame{}, badFrame("v must be 1")
	}
	var f frame
	var ok bool
	if f.kind, ok = o.Text("type"); !ok || f.kind == "" {
		return frame{}, badFrame("type must be text")
	}
	if f.id, ok = o.Text("id"); !ok || !ulidText.MatchString(f.id) {
		return frame{}, badFrame("id must be a ULID")
	}
	ts, ok := o.Text("ts")
	if _, err := time.Parse(time.RFC3339, ts); !ok || err != nil {
		return frame{}, badFrame("ts must be an RFC 3339 time")
	}
	f.data = strictjson.Object{}
	if o.Has("data") {
		if f.data, ok = o.Inner("data"); !ok {
			return frame{}, badFrame("data must be an object")
		}
	}
	return f, nil
}

// writeEvent is the frame of one stored event.
func writeEvent(e event) ([]byte, error) {
	return json.Marshal(reply{V: 1, Type: "event", ID: e.id, Seq: e.seq, TS: stamp(e.at), Data: eventData{e.name, e.payload}})
}

// helloData is what a hello says; lastEventID is "" when it names none.
type helloData struct {
	deviceID, lastEventID string
}

func readHello(data strictjson.Object) (h helloData, err error) {
	var ok bool
	if h.deviceID, ok = data.Text("device_id"); !ok {
		return h, badFrame("hello needs device_id")
	}
	if h.lastEventID, ok = data.Optional("last_event_id"); !ok {
		return h, badFrame("last_event_id must be text")
	}
	if data.Has("app_versions") {
		if _, ok := data.Inner("app_versions"); !ok {
			return h, badFrame("app_versions must be an object")
		}
	}
	return h, nil
}

// report is what a device says of itself; nil fields were not said.
type report struct {
	battery *int64
	paper   *string
}

var errReport = errors.New("battery must be 0 to 100, paper OK, LOW or EMPTY, one of them at least")

func readReport(data strictjson.Object) (r report, err error) {
	if data.Has("battery") {
		level, ok := data.Integer("battery")
		if !ok || level < 0 || level > 100 {
			return r, errReport
		}
		r.battery = &level
	}
	if data.Has("paper") {
		paper, ok := data.Text("paper")
		if !ok || (paper != "OK" && paper != "LOW" && paper != "EMPTY") {
			return r, errReport
		}
		r.paper = &paper
	}
	if r.battery == nil && r.paper == nil {
		return r, errReport
	}
	return r, nil
}
