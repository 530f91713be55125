package ws

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// closeWithin is how long a server may take to answer our close.
const closeWithin = time.Second

// link is one connection. read is called by one goroutine; write by another; close and kill by any, kill at any time.
type link interface {
	// read gives the next text message, good until the next read. An error ends the connection.
	read() ([]byte, error)
	// write sends one text message.
	write(text []byte) error
	// close says goodbye and ends the connection, within closeWithin.
	close(code websocket.StatusCode, reason string)
	// kill ends the connection at once: what runs on it returns with an error.
	kill()
}

// dialer opens connections to one server.
type dialer struct {
	url  string
	http *httpx.Client
}

func newDialer(o Options) (dialer, error) {
	base := "https" + strings.TrimPrefix(o.URL, "wss")
	client, err := httpx.New(httpx.Options{
		BaseURL: base, TrustedCA: o.TrustedCA, SystemRoots: o.SystemRoots, Timeout: attemptWithin, OneShot: true,
		Clock: o.Clock, Log: o.Log,
	})
	if err != nil {
		return dialer{}, err //nolint:wrapcheck // a fault.
	}
	return dialer{url: base, http: client}, nil
}

// dial opens a connection. Errors: token_refused for 401, device_suspended and device_decommissioned for a 403 that says so, those
// of a call without an answer, protocol_error.
func (d dialer) dial(ctx context.Context, token string) (link, error) {
	var raw net.Conn
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { raw = info.Conn }})
	conn, resp, err := websocket.Dial(ctx, d.url, &websocket.DialOptions{ //nolint:bodyclose // the library closes it, and keeps 1 KiB.
		HTTPClient:   d.http.HTTP(),
		HTTPHeader:   http.Header{"Authorization": {"Bearer " + token}},
		Subprotocols: []string{subprotocol},
	})
	if err != nil {
		return nil, refusal(ctx, resp, err)
	}
	conn.SetReadLimit(maxFrame)
	if secured, ok := raw.(*tls.Conn); ok {
		raw = secured.NetConn()
	}
	return &socket{conn: conn, raw: raw, buffer: make([]byte, 0, 4<<10)}, nil
}

// waitError is a refusal that names how long to wait.
type waitError struct {
	error
	wait time.Duration
}

func (e waitError) Unwrap() error { return e.error }

// refusal says what an upgrade that failed means.
func refusal(ctx context.Context, resp *http.Response, err error) error {
	const op = "ws: upgrade"
	if resp == nil {
		return httpx.Classify(ctx, op, err)
	}
	status := "HTTP " + strconv.Itoa(resp.StatusCode)
	code, noAnswer := httpx.NoAnswer(resp.StatusCode)
	switch {
	case noAnswer:
		refused := fault.New(code, op, status)
		if seconds, parseErr := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16); parseErr == nil {
			return waitError{refused, min(time.Duration(seconds)*time.Second, lastWindow)}
		}
		return refused
	case resp.StatusCode == http.StatusUnauthorized:
		return fault.New(fault.TokenRefused, op, status)
	case resp.StatusCode == http.StatusForbidden:
		body, _ := io.ReadAll(resp.Body) // at most 1 KiB: the library cut it
		return fault.New(barred(string(body), fault.NotAuthorized), op, status)
	case resp.StatusCode < 400: // a login page, or an upgrade to something else
		return fault.New(fault.BadResponse, op, status)
	}
	return fault.New(fault.ProtocolError, op, status)
}

// socket is a link over a WebSocket. Its reads and writes have no context: one that can end costs a registration for each frame.
// What ends them is kill, which closes the TCP connection beneath.
type socket struct {
	conn   *websocket.Conn
	raw    net.Conn
	buffer []byte
}

func (s *socket) read() ([]byte, error) {
	kind, r, err := s.conn.Reader(context.Background())
	if err != nil {
		return nil, err //nolint:wrapcheck // read by lossOf.
	}
	s.buffer = s.buffer[:0]
	for {
		n, err := r.Read(s.buffer[len(s.buffer):cap(s.buffer)])
		s.buffer = s.buffer[:len(s.buffer)+n]
		switch {
		case errors.Is(err, io.EOF) && kind != websocket.MessageText:
			return nil, errNotText
		case errors.Is(err, io.EOF):
			return s.buffer, nil
		case err != nil:
			return nil, err //nolint:wrapcheck // read by lossOf.
		case len(s.buffer) == cap(s.buffer): // the read limit bounds it
			s.buffer = append(s.buffer, 0)[:len(s.buffer)]
		}
	}
}

func (s *socket) write(text []byte) error {
	return s.conn.Write(context.Background(), websocket.MessageText, text) //nolint:wrapcheck // read by lossOf.
}

func (s *socket) close(code websocket.StatusCode, reason string) {
	late := time.AfterFunc(closeWithin, func() { _ = s.raw.Close() })
	defer late.Stop()
	_ = s.conn.Close(code, reason)
}

func (s *socket) kill() {
	_ = s.raw.Close()
	_ = s.conn.CloseNow()
}

// Why a connection is given up from this side.
var (
	errDead    = fault.New(fault.Timeout, "ws: heartbeat", "the pongs do not come")
	errNetwork = fault.New(fault.Timeout, "ws: heartbeat", "no pong after the network changed")
	errSlept   = fault.New(fault.Timeout, "ws: heartbeat", "the device slept")
	errBehind  = fault.New(fault.Timeout, "ws: delivery", "the listener was too slow and has caught up")
	errResume  = fault.New(fault.BadResponse, "ws: delivery", "events are missing")
)

// lossOf says why a connection ended.
func lossOf(err error) fault.Code {
	var theirs websocket.CloseError
	var ours *fault.Fault
	switch {
	case errors.As(err, &theirs):
		return closeFault(theirs.Code, theirs.Reason)
	case errors.As(err, &ours):
		return ours.Code
	case errors.Is(err, errNotUTF8), errors.Is(err, errNotText), errors.Is(err, errFrame), errors.Is(err, errVersion),
		errors.Is(err, websocket.ErrMessageTooBig):
		return fault.BadResponse
	}
	return fault.NetworkUnavailable
}
