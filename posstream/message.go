package posstream

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/smartpos-go/terminal/fault"
)

// message is one message of either side (protocol section 7.2).
type message struct {
	// Source says who sent it, for diagnosis; nobody checks it.
	Source  string `json:"source"`
	Version string `json:"version,omitempty"`
	// ID is unique per request and echoed in the response.
	ID   string `json:"msg_id"`
	Type string `json:"msg_type"`
	// Resp makes it a response.
	Resp string `json:"msg_resp,omitempty"`
	// Data is the payload: base64 of AES, but for the two requests of the handshake.
	Data string `json:"msg_data,omitempty"`
}

var errMessage = fault.New(fault.MessageInvalid, "posstream: read message", "not a message of the protocol")

// readMessage parses the text of a frame. What it does not know it passes over. On an error the message is zero.
func readMessage(text []byte) (message, error) {
	// encoding/json repairs what is not UTF-8 and takes null for an object.
	if !utf8.Valid(text) || !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte{'{'}) {
		return message{}, errMessage
	}
	var m message
	if json.Unmarshal(text, &m) != nil {
		return message{}, errMessage
	}
	if m.ID == "" || m.Type == "" || len(m.ID) > maxName || len(m.Type) > maxName || len(m.Resp) > maxName {
		return message{}, errMessage
	}
	return m, nil
}

// encode is the frame of a message.
func (m message) encode() []byte {
	text, _ := json.Marshal(m) //nolint:errchkjson // strings only.
	return frame(text)
}

// answer is a response to a request.
func answer(to message, resp string) message {
	return message{Source: wireSource, Version: wireVersion, ID: to.ID, Type: to.Type, Resp: resp}
}
