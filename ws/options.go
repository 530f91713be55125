package ws

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// TokenSource gives the device tokens that open and keep a channel.
type TokenSource interface {
	// Token gives a token that the server takes now. It returns when ctx ends. A fault that names a device as suspended,
	// decommissioned or not activated, or its key as lost, ends the channel; any other is tried again.
	Token(ctx context.Context) (string, error)
	// Refused tells that the server did not take this token: the next Token gives another one.
	Refused(token string)
}

// Position is the last event that the listener handled. The zero Position is none.
type Position struct {
	ID  string `json:"id"`
	Seq int64  `json:"seq"`
}

// Memory keeps the position over restarts. Methods are called one at a time.
type Memory interface {
	// Position is what SetPosition stored last.
	Position() (Position, error)
	// SetPosition stores a position; it is on disk when the call returns.
	SetPosition(p Position) error
}

// Kind says what a notice tells.
type Kind string

// Kinds of notices.
const (
	// NoticeOnline: the channel is connected and events arrive.
	NoticeOnline Kind = "online"
	// NoticeOffline: the channel is not connected; Code says why. Unless Final it connects again by itself.
	NoticeOffline Kind = "offline"
	// NoticeEvent: Event happened.
	NoticeEvent Kind = "event"
	// ResyncRequired: events are missing that will not come any more; read the state anew.
	ResyncRequired Kind = "resync_required"
)

// Notice is what a listener is told.
type Notice struct {
	Kind Kind
	// Event of a NoticeEvent.
	Event Event
	// Code and Final of a NoticeOffline.
	Code  fault.Code
	Final bool
}

// Listener takes notices one at a time, in order, on a goroutine of the channel. An event is acknowledged when it returned nil. One
// that returns an error or panics gets the same event again, three times in all; then the event is passed over and ResyncRequired
// told in its place. It may block: the channel stays connected meanwhile. It may call any method of the channel.
type Listener func(Notice) error

// Options set up a channel. URL, trust, Tokens, Memory and Listener are needed.
type Options struct {
	// URL is wss://host[:port]/path, the whole address.
	URL string
	// TrustedCA is the PEM text of the only CAs that are trusted.
	TrustedCA []byte
	// SystemRoots trusts the device's own roots instead of TrustedCA.
	SystemRoots bool
	// DeviceID goes into hello.
	DeviceID string
	// AppVersions go into hello: application to version. Optional.
	AppVersions map[string]string
	// Tokens, Memory and Listener: see there.
	Tokens   TokenSource
	Memory   Memory
	Listener Listener
	// After is the channel whose place this one takes, closed or about to be. This one begins when the listener of that one has
	// returned, so that no event reaches both; it waits 5 s at most, and what that listener handles after that is not remembered.
	// Optional.
	After *Channel
	// Clock is trusted time: it judges certificates, stamps messages and tells how long the device slept. Nil: a new one over the
	// machine's.
	Clock *clock.Clock
	// Random draws the jitter of pauses, in [0, 1). Nil is math/rand/v2.
	Random func() float64
	// Log gets one line for each change. It holds no token and no payload. Nil logs nothing.
	Log *slog.Logger

	// dial opens a connection; nil is the real one.
	dial func(ctx context.Context, token string) (link, error)
}

func (o Options) checked() (Options, error) {
	bad := func(detail string) (Options, error) { return o, fault.New(fault.InvalidConfig, "ws: options", detail) }
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Scheme != "wss" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return bad("URL must be wss://host[:port]/path") // a query would be logged by servers on the way
	case o.Tokens == nil:
		return bad("Tokens is missing")
	case o.Memory == nil:
		return bad("Memory is missing")
	case o.Listener == nil:
		return bad("Listener is missing")
	}
	if o.AppVersions == nil {
		o.AppVersions = map[string]string{}
	}
	if o.Clock == nil {
		o.Clock = clock.New(clock.System{}, clock.State{})
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.dial == nil {
		dialer, err := newDialer(o)
		if err != nil {
			return o, err
		}
		o.dial = dialer.dial
	}
	return o, nil
}

// Status is what a terminal reports about itself.
type Status struct {
	// Battery in percent, 0 to 100.
	Battery int
	// Paper is OK, LOW or EMPTY.
	Paper string
}

func (s Status) checked() error {
	switch {
	case s.Battery < 0 || s.Battery > 100:
		return fault.New(fault.InvalidRequest, "ws: status", "battery must be 0 to 100")
	case s.Paper != "OK" && s.Paper != "LOW" && s.Paper != "EMPTY":
		return fault.New(fault.InvalidRequest, "ws: status", "paper must be OK, LOW or EMPTY")
	}
	return nil
}

// pauses are the pauses between connections that fail.
type pauses struct{ failed int }

// next draws a pause from a window that doubles from firstWindow to lastWindow.
func (p *pauses) next(random func() float64) time.Duration {
	window := lastWindow
	if p.failed < 6 { // 1 s << 6 is beyond lastWindow
		window = firstWindow << p.failed
	}
	p.failed++
	return time.Duration(random() * float64(window))
}

// reset is for a connection that was of use.
func (p *pauses) reset() { p.failed = 0 }
