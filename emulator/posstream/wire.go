package posstream

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
)

// What protocol section 7 leaves open is as the library's client application has it, in this file and config.go, and in the times of
// client.go and feed.go.

const (
	typeInit     = "init_client"
	typeRegister = "register_client"
	ack          = "ack"
	nackDecrypt  = "nack_decrypt"
	nackFormat   = "nack_format"
	nackAuth     = "nack_auth"
	nackBusy     = "nack_busy"
)

const (
	// longest is the longest message, in bytes.
	longest = 1 << 20
	// maxPayload is the longest payload that fits into one, sealed and in base64.
	maxPayload = 700 << 10
)

// envelope is a message.
type envelope struct {
	Source  string `json:"source"`
	Version string `json:"version,omitempty"`
	MsgID   string `json:"msg_id"`
	MsgType string `json:"msg_type"`
	MsgResp string `json:"msg_resp,omitempty"`
	MsgData string `json:"msg_data,omitempty"`
}

var errWire = errors.New("not a message of the protocol")

// receive reads one message.
func receive(r io.Reader) (envelope, error) {
	var size uint32
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return envelope{}, err
	}
	if size == 0 || size > longest {
		return envelope{}, errWire
	}
	var text bytes.Buffer
	if _, err := io.CopyN(&text, r, int64(size)); err != nil {
		return envelope{}, err
	}
	var e envelope
	if json.Unmarshal(text.Bytes(), &e) != nil || e.MsgID == "" || e.MsgType == "" {
		return envelope{}, errWire
	}
	return e, nil
}

// transmit writes one message.
func transmit(w io.Writer, e envelope) error {
	e.Version = "1.0"
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	_ = binary.Write(&out, binary.LittleEndian, uint32(len(text))) //nolint:gosec // maxPayload bounds it.
	out.Write(text)
	_, err = w.Write(out.Bytes())
	return err
}
