package ws

import (
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/smartpos-go/terminal/fault"
)

// Everything in this file is OPEN in protocol section 3: the vendor has published nothing of it. docs/realtime.md says the same in
// words.

// subprotocol names version 1 of the messages at the upgrade.
const subprotocol = "mpac.v1"

// wireVersion is "v" of every message. Another one closes the connection with closeBadFrame.
const wireVersion = "1"

// Limits.
const (
	maxFrame = 64 << 10
	// maxID and maxName keep what is stored and sent back small; a ULID has 26 characters.
	maxID   = 64
	maxName = 128
	// logged is how many characters of a server's word a log line shows.
	logged = 64
)

// Times.
const (
	// defaultHeartbeat is the time between two pings when the welcome names none; shortestHeartbeat and longestHeartbeat bound
	// what it may name.
	defaultHeartbeat  = 30 * time.Second
	shortestHeartbeat = time.Second
	longestHeartbeat  = 10 * time.Minute
	// pongWithin is how long a pong may take, missesAllowed how many may fail to come before the connection is dead.
	pongWithin    = 10 * time.Second
	missesAllowed = 1
	// refreshEvery is less than the 15 min after which the server closes, so that a failed refresh can be tried again.
	refreshEvery = 14 * time.Minute
	// firstWindow and lastWindow bound the pause before a new connection: it is drawn from all of the window.
	firstWindow = time.Second
	lastWindow  = time.Minute
	// statusEvery keeps the client's own messages far below the 60 a minute after which the server closes.
	statusEvery = 2 * time.Second
)

// Types of messages.
const (
	typeHello   = "hello"
	typePing    = "ping"
	typeAck     = "ack"
	typeRefresh = "auth.refresh"
	typeStatus  = "status"

	typeWelcome = "welcome"
	typePong    = "pong"
	typeEvent   = "event"
	typeResync  = "resync_required"
	typeError   = "error"
)

// Close codes of the protocol; others are those of RFC 6455.
const (
	closeBadFrame  websocket.StatusCode = 4400
	closeAuth      websocket.StatusCode = 4401
	closeForbidden websocket.StatusCode = 4403
	closeHeartbeat websocket.StatusCode = 4408
	closeReplaced  websocket.StatusCode = 4409
	closeRate      websocket.StatusCode = 4429
)

// closeFault says what a close code of the server means.
func closeFault(code websocket.StatusCode, reason string) fault.Code {
	switch code {
	case closeBadFrame, websocket.StatusProtocolError, websocket.StatusUnsupportedData, websocket.StatusInvalidFramePayloadData,
		websocket.StatusPolicyViolation, websocket.StatusMessageTooBig, websocket.StatusMandatoryExtension:
		return fault.ProtocolError
	case closeAuth:
		return fault.TokenRefused
	case closeForbidden:
		return barred(reason, fault.DeviceSuspended)
	case closeHeartbeat:
		return fault.Timeout
	case closeReplaced:
		return fault.Replaced
	case closeRate:
		return fault.RateLimited
	case websocket.StatusInternalError, websocket.StatusServiceRestart, websocket.StatusTryAgainLater, websocket.StatusBadGateway:
		return fault.ServerError
	default: // a normal close too: nobody asked for one
		return fault.NetworkUnavailable
	}
}

// barred reads why a device may not connect, from a close reason or the body of a 403.
func barred(text string, otherwise fault.Code) fault.Code {
	switch {
	case strings.Contains(text, "decommissioned"):
		return fault.DeviceDecommissioned
	case strings.Contains(text, "suspended"):
		return fault.DeviceSuspended
	}
	return otherwise
}

// final are the faults that trying again does not mend: a person, or the app, must act first.
func final(code fault.Code) bool {
	return slices.Contains([]fault.Code{fault.Replaced, fault.DeviceSuspended, fault.DeviceDecommissioned, fault.NotActivated, fault.ActivationExpired, fault.KeyLost}, code)
}
