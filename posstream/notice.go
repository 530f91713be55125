package posstream

import (
	"encoding/json"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// Kind says what a notice tells.
type Kind string

// Kinds of notices.
const (
	// Listening: POS can connect to Address. It is the first notice, and the only one without a peer.
	Listening Kind = "listening"
	// Connected: a POS connected; Refused, Enabled or Disconnected follows.
	Connected Kind = "connected"
	// NoticeEnabled: the POS took the registration; events follow.
	NoticeEnabled Kind = "enabled"
	// Event: something happened at the POS.
	Event Kind = "event"
	// Refused: the POS did not take the registration; Response is its word. Disconnected follows.
	Refused Kind = "refused"
	// Disconnected is the last notice of a connection. Code says why, and is empty when the POS closed it.
	Disconnected Kind = "disconnected"
)

// Notice is what a handler is told.
type Notice struct {
	Kind Kind
	// Address of Listening.
	Address string
	// Peer is host:port of the POS, Connection a number that no other connection of this client has. Nothing on the wire names a
	// POS: it is a connection.
	Peer       string
	Connection int64
	// MsgID, MsgType and Data of an Event: Data is the JSON that the POS sealed, as it came, or null where it sent none.
	MsgID   string
	MsgType string
	Data    json.RawMessage
	// Response of Refused: msg_resp as the POS sent it.
	Response string
	// Code of Disconnected.
	Code fault.Code
}

// Handler takes notices: those of one connection one at a time and in order, those of several connections side by side. An event is
// acknowledged when it returned nil. After an error, a panic or more than 4 s the connection is closed and the POS sends the event
// again; a handler that returns late is still believed, so that what it did is not done twice.
type Handler func(Notice) error

// Connection is one connection as Status shows it.
type Connection struct {
	Peer   string
	Number int64
	State  State
	// Since is when it was taken.
	Since time.Time
	// Events were handed to the handler and acknowledged, Duplicates acknowledged alone, Queued wait.
	Events, Duplicates int64
	Queued             int
}

// Counters count since Listen.
type Counters struct {
	// Connections that were taken, Enabled those whose handshake succeeded, Refused those whose registration the POS refused.
	Connections, Enabled, Refused int64
	// NotAllowed peers are outside Allow, Surplus connections beyond 1,024; both were closed unheard.
	NotAllowed, Surplus int64
	// Events and Duplicates as in Connection.
	Events, Duplicates int64
	// Slow connections were closed with the fault listener_slow.
	Slow int64
}

// Status is what a Client does now.
type Status struct {
	Address string
	// Connections are sorted by number.
	Connections []Connection
	Counters    Counters
}
