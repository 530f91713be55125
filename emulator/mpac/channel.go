package mpac

import (
	"bufio"
	"context"
	"database/sql"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/smartpos-go/terminal/emulator/state"
)

// channel is the real-time channel (protocol section 3): one socket a device. It trusts the headers that the gateway injected.
type channel struct {
	state    *state.State
	clock    *state.Clock
	verifier *verifier
	patience patience
	// refused reports whether a fault takes the network away; open sockets end then too.
	refused func() bool

	running  sync.WaitGroup
	mu       sync.Mutex
	closed   bool
	sessions map[*session]bool   // every open connection
	devices  map[string]*session // the one of each device that said hello
}

// serve upgrades a device's request.
func (c *channel) serve(w http.ResponseWriter, r request, _ string) error {
	who := callerOf(r.Header)
	switch {
	case who.kind != callerDevice:
		return errForbidden
	case r.Method != http.MethodGet || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		w.Header().Set("Upgrade", "websocket")
		return no(http.StatusUpgradeRequired, "upgrade_required", "this path is a WebSocket")
	case !offers(r.Header, subprotocol):
		return no(http.StatusBadRequest, "subprotocol_required", "the client must offer the subprotocol "+subprotocol)
	}
	var d device
	if err := c.state.Do(func(tx *sql.Tx) (err error) {
		d, _, err = findDevice(tx, "device_id", who.id)
		return err
	}); err != nil {
		return err
	}
	if d.status != active {
		return no(http.StatusForbidden, "device_"+d.status, "the device is not active")
	}
	taken := &takeover{ResponseWriter: w}
	conn, err := websocket.Accept(taken, r.Request, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		return nil //nolint:nilerr // Accept has answered.
	}
	conn.SetReadLimit(maxFrame)
	c.begin(conn, taken.conn, d)
	return nil
}

func offers(h http.Header, want string) bool {
	for _, line := range h.Values("Sec-WebSocket-Protocol") {
		if slices.ContainsFunc(strings.Split(line, ","), func(name string) bool { return strings.TrimSpace(name) == want }) {
			return true
		}
	}
	return false
}

// takeover keeps the connection below a socket, which alone can be ended without a handshake.
type takeover struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack is called by websocket.Accept.
func (t *takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(t.ResponseWriter).Hijack()
	t.conn = conn
	return conn, buffered, err
}

func (c *channel) begin(conn *websocket.Conn, raw net.Conn, d device) {
	ctx, cancel := context.WithCancel(context.Background())
	now := time.Now()
	s := &session{
		channel: c, conn: conn, raw: raw, ctx: ctx, cancel: cancel, deviceID: d.id, sn: d.sn, wake: make(chan struct{}, 1),
		since: c.clock.Now(), heard: now, authorized: c.clock.Now(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		s.hangUp(false)
		return
	}
	c.sessions[s] = true
	c.running.Go(s.run)
	c.running.Go(s.watch)
}

// spawn runs fn unless the channel is closed or closing.
func (c *channel) spawn(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.running.Go(fn)
	}
}

// enter makes a session the one of its device; the one before is replaced.
func (c *channel) enter(s *session) {
	c.mu.Lock()
	old := c.devices[s.deviceID]
	c.devices[s.deviceID] = s
	c.mu.Unlock()
	if old != nil && old != s {
		old.end(closing{closeReplaced, "replaced"})
	}
}

// leave takes a session out of the list.
func (c *channel) leave(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.devices[s.deviceID] == s {
		delete(c.devices, s.deviceID)
	}
}

// of is a device's session, nil when it has none.
func (c *channel) of(deviceID string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.devices[deviceID]
}

// wake lets devices' sessions look for new events.
func (c *channel) wake(deviceIDs ...string) {
	for _, id := range deviceIDs {
		if s := c.of(id); s != nil {
			select {
			case s.wake <- struct{}{}:
			default: // it will look anyway
			}
		}
	}
}

// close ends every socket with 1012 and waits until all is quiet.
func (c *channel) close() {
	c.mu.Lock()
	open := make([]*session, 0, len(c.sessions))
	for s := range c.sessions {
		open = append(open, s)
	}
	c.mu.Unlock()
	for _, s := range open {
		s.end(closing{closeRestart, "restart"})
	}
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	quiet := make(chan struct{})
	go func() {
		c.running.Wait()
		close(quiet)
	}()
	select {
	case <-quiet:
		return
	case <-time.After(shutTime):
	}
	c.mu.Lock()
	for s := range c.sessions {
		s.hangUp(false)
	}
	c.mu.Unlock()
	<-quiet
}

// shutTime is what clients have to end when the world does.
const shutTime = time.Second
