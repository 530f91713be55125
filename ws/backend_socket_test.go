package ws

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// backend is a small server of the protocol over real sockets and TLS. It keeps events and resumes after any of them.
type backend struct {
	*httptest.Server

	// before may answer an upgrade by itself; it reports whether it did.
	before func(w http.ResponseWriter, r *http.Request) bool
	// serve, when set, has the connection after the welcome instead of the backend.
	serve func(n int64, c *websocket.Conn, hello sent)

	upgrades atomic.Int64
	mu       sync.Mutex
	events   []string
	acked    map[string]int
	grown    chan struct{}
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{acked: map[string]int{}, grown: make(chan struct{})}
	b.Server = httptest.NewUnstartedServer(b)
	b.Config.ErrorLog = log.New(io.Discard, "", 0)
	b.StartTLS()
	t.Cleanup(b.Close)
	return b
}

func (b *backend) caPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Certificate().Raw})
}

// address is the socket's, on host:port when it is not the backend's own.
func (b *backend) address(hostPort string) string {
	if hostPort == "" {
		hostPort = b.Listener.Addr().String()
	}
	return "wss://" + hostPort + "/api/v1/ws"
}

// push adds events to what the device is to hear.
func (b *backend) push(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		seq := len(b.events) + 1
		b.events = append(b.events, fmt.Sprintf(`{"v":1,"type":"event","id":"E%d","seq":%d,"data":{"event":"order.updated","payload":{"n":%d}}}`, seq, seq, seq))
	}
	close(b.grown)
	b.grown = make(chan struct{})
}

func (b *backend) after(at int) ([]string, chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.events[at:], b.grown
}

func (b *backend) acks() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]int{}
	for id, n := range b.acked {
		out[id] = n
	}
	return out
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := b.upgrades.Add(1)
	if b.before != nil && b.before(w, r) {
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	hello, err := receive(ctx, c)
	if err != nil || hello.Type != typeHello {
		return
	}
	_ = c.Write(ctx, websocket.MessageText, []byte(`{"v":1,"type":"welcome","re":"`+hello.ID+`","data":{"session_id":"s","heartbeat":1}}`))
	if b.serve != nil {
		b.serve(n, c, hello)
		return
	}
	var data helloData
	_ = json.Unmarshal(hello.Data, &data)
	at := 0
	_, _ = fmt.Sscanf(data.LastEventID, "E%d", &at)
	go func() {
		defer cancel()
		for {
			m, err := receive(ctx, c)
			if err != nil {
				return
			}
			switch m.Type {
			case typePing:
				_ = c.Write(ctx, websocket.MessageText, []byte(`{"v":1,"type":"pong","re":"`+m.ID+`"}`))
			case typeAck:
				var ack ackData
				_ = json.Unmarshal(m.Data, &ack)
				b.mu.Lock()
				b.acked[ack.ID]++
				b.mu.Unlock()
			}
		}
	}()
	for {
		events, grown := b.after(at)
		for _, event := range events {
			if c.Write(ctx, websocket.MessageText, []byte(event)) != nil {
				return
			}
		}
		at += len(events)
		select {
		case <-grown:
		case <-ctx.Done():
			return
		}
	}
}

func receive(ctx context.Context, c *websocket.Conn) (sent, error) {
	var m sent
	_, text, err := c.Read(ctx)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

// app is a listener that hands notices to the test.
type app struct {
	t       *testing.T
	notices chan Notice
	*world
}

func newApp(t *testing.T) *app {
	return &app{t: t, notices: make(chan Notice, 10_000), world: newWorld(t)}
}

func (a *app) options(b *backend, hostPort string) Options {
	return Options{
		URL: b.address(hostPort), TrustedCA: b.caPEM(), DeviceID: "device-1", Tokens: a.world, Memory: a.world,
		Listener: func(n Notice) error { a.notices <- n; return nil },
		Random:   func() float64 { return 0.05 },
	}
}

func (a *app) start(o Options) *Channel {
	a.t.Helper()
	c, err := Connect(o)
	require.NoError(a.t, err)
	a.t.Cleanup(func() { require.NoError(a.t, c.Close()) })
	return c
}

// want waits for a notice of this kind and passes over others.
func (a *app) want(kind Kind) Notice {
	a.t.Helper()
	late := time.After(20 * time.Second)
	for {
		select {
		case n := <-a.notices:
			if n.Kind == kind {
				return n
			}
		case <-late:
			require.Failf(a.t, "no notice", "%s does not come", kind)
		}
	}
}

// wantEvents waits for events from..to, each once and in order.
func (a *app) wantEvents(from, to int64) {
	a.t.Helper()
	for seq := from; seq <= to; seq++ {
		require.Equal(a.t, seq, a.want(NoticeEvent).Event.Seq)
	}
}
