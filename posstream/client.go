package posstream

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// Client is a listening client application. Get one with Listen; Close it.
type Client struct {
	options  Options // without Secret and Handler
	listener net.Listener
	seen     *seen
	queued   atomic.Int64
	counters counters
	running  sync.WaitGroup
	// shut is closed when the first Close is through.
	shut chan struct{}

	mu sync.Mutex
	// Guarded by mu: the secret and the handler, nil when closed, for whoever keeps a closed client need not keep what its handler
	// holds; the connections; the number of the last one.
	secret   []byte
	handler  Handler
	sessions map[*session]struct{}
	last     int64
}

type counters struct {
	enabled, refused, notAllowed, surplus, events, duplicates, slow atomic.Int64
}

// Listen takes the address and serves every POS that connects, until Close. Errors: invalid_config, address_unavailable.
func Listen(o Options) (*Client, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	config := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3}}
	l, err := config.Listen(context.Background(), "tcp", o.Listen)
	if err != nil {
		return nil, fault.Wrap(fault.AddressUnavailable, "posstream: listen", err)
	}
	c := newClient(o, l)
	c.running.Go(c.accept)
	return c, nil
}

// newClient returns a client that does not accept yet.
func newClient(o Options, l net.Listener) *Client {
	c := &Client{
		listener: l, seen: newSeen(remembered), shut: make(chan struct{}),
		secret: bytes.Clone(o.Secret), handler: o.Handler, sessions: map[*session]struct{}{},
	}
	c.options = o
	c.options.Secret, c.options.Handler = nil, nil
	return c
}

// Address is host:port as it is listened on.
func (c *Client) Address() string { return c.listener.Addr().String() }

// acceptPause is the pause when the system has no more sockets to give.
const acceptPause = 50 * time.Millisecond

func (c *Client) accept() {
	c.tell(Notice{Kind: Listening, Address: c.Address()})
	for {
		conn, err := c.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(acceptPause)
		case !c.options.allows(conn.RemoteAddr()):
			c.counters.notAllowed.Add(1)
			_ = conn.Close()
		default:
			c.serve(conn)
		}
	}
}

// serve begins a session, unless there are too many or the client was closed.
func (c *Client) serve(conn net.Conn) {
	s := &session{
		client: c, conn: conn, socket: conn, peer: conn.RemoteAddr().String(), since: time.Now(), state: AwaitingInit,
		handshake: newHandshake(c.options, c.copySecret), queue: newQueue(&c.queued), over: make(chan struct{}),
	}
	if c.options.TLS != nil {
		s.conn = tls.Server(conn, c.options.TLS)
	}
	c.mu.Lock()
	closed, surplus := c.secret == nil, len(c.sessions) >= maxConnections
	if closed || surplus {
		c.mu.Unlock()
		_ = conn.Close()
		if surplus {
			c.counters.surplus.Add(1)
		}
		return
	}
	c.last++
	s.number = c.last
	c.sessions[s] = struct{}{}
	c.running.Add(2)
	c.mu.Unlock()
	s.queue.put(item{Notice: s.notice(Connected)})
	go func() { defer c.running.Done(); s.read() }()
	go func() { defer c.running.Done(); s.work() }()
}

// forget is for a session that is over.
func (c *Client) forget(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sessions, s)
}

// copySecret is nil when the client was closed.
func (c *Client) copySecret() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.secret)
}

// tell calls the handler, unless the client was closed, and reports whether it took the notice.
func (c *Client) tell(n Notice) (taken bool) {
	c.mu.Lock()
	handler := c.handler
	c.mu.Unlock()
	if handler == nil {
		return false
	}
	defer func() {
		if recover() != nil {
			taken = false
		}
	}()
	return handler(n) == nil
}

// Status is what the client does now.
func (c *Client) Status() Status {
	c.mu.Lock()
	sessions := make([]*session, 0, len(c.sessions))
	for s := range c.sessions {
		sessions = append(sessions, s)
	}
	taken := c.last
	c.mu.Unlock()
	st := Status{Address: c.Address(), Connections: make([]Connection, 0, len(sessions))}
	for _, s := range sessions {
		st.Connections = append(st.Connections, s.snapshot())
	}
	slices.SortFunc(st.Connections, func(a, b Connection) int { return cmp.Compare(a.Number, b.Number) })
	n := &c.counters
	st.Counters = Counters{
		Connections: taken, Enabled: n.enabled.Load(), Refused: n.refused.Load(), NotAllowed: n.notAllowed.Load(), Surplus: n.surplus.Load(),
		Events: n.events.Load(), Duplicates: n.duplicates.Load(), Slow: n.slow.Load(),
	}
	return st
}

func (s *session) snapshot() Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Connection{
		Peer: s.peer, Number: s.number, State: s.state, Since: s.since, Events: s.events, Duplicates: s.duplicates, Queued: s.queue.waiting(),
	}
}

// Close stops listening, lets handlers that run end and acknowledges what they took, closes every connection and clears the secret.
// What waits is dropped: the POS sends it again. When it returned nil nothing is handed out any more. A handler that does not
// return within 5 s, or Close called from within one, makes it fail with timeout. A second Close waits for the first and does nothing
// more.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.secret == nil {
		c.mu.Unlock()
		<-c.shut
		return nil
	}
	defer close(c.shut)
	clear(c.secret)
	c.secret, c.handler = nil, nil
	sessions := make([]*session, 0, len(c.sessions))
	for s := range c.sessions {
		sessions = append(sessions, s)
	}
	c.mu.Unlock()
	_ = c.listener.Close()
	for _, s := range sessions {
		s.stopReading()
	}
	done := make(chan struct{})
	go func() { c.running.Wait(); close(done) }()
	timer := time.NewTimer(closeTime)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
	}
	for _, s := range sessions {
		s.abort(fault.New(fault.Closed, "posstream: connection", "the client was closed"))
	}
	return fault.New(fault.Timeout, "posstream: close", "the listener does not return; it hears nothing more after this call")
}
