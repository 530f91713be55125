package ws

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// sent is a message of the client as a server reads it.
type sent struct {
	V    int             `json:"v"`
	Type string          `json:"type"`
	ID   string          `json:"id"`
	TS   string          `json:"ts"`
	Data json.RawMessage `json:"data"`
}

// wire is a link without a network: a test plays the server.
type wire struct {
	toClient chan []byte
	toServer chan []byte
	// dead swallows what the client writes.
	dead bool
	// pongs answers each ping by itself.
	pongs atomic.Bool
	once  sync.Once
	gone  chan struct{}

	mu sync.Mutex
	// Guarded by mu: how it ended, for the client and for the server.
	err    error
	closed websocket.StatusCode
}

func newWire() *wire {
	return &wire{toClient: make(chan []byte, 1000), toServer: make(chan []byte, 1000), gone: make(chan struct{})}
}

func (w *wire) read() ([]byte, error) {
	select {
	case text := <-w.toClient: // what is on its way arrives before the end does
		return text, nil
	default:
	}
	select {
	case text := <-w.toClient:
		return text, nil
	case <-w.gone:
		w.mu.Lock()
		defer w.mu.Unlock()
		return nil, w.err
	}
}

func (w *wire) write(text []byte) error {
	if w.dead {
		<-w.gone
	}
	if m := (sent{}); w.pongs.Load() && json.Unmarshal(text, &m) == nil && m.Type == typePing {
		w.say(`{"v":1,"type":"pong","re":"` + m.ID + `"}`)
	}
	select {
	case <-w.gone:
		return net.ErrClosed
	case w.toServer <- text:
		return nil
	}
}

func (w *wire) close(code websocket.StatusCode, _ string) {
	w.mu.Lock()
	w.closed = code
	w.mu.Unlock()
	w.kill()
}

func (w *wire) kill() { w.end(net.ErrClosed) }

func (w *wire) end(err error) {
	w.once.Do(func() {
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
		close(w.gone)
	})
}

// drop is how a server closes, with 0 for a connection that is cut.
func (w *wire) drop(code websocket.StatusCode, reason string) {
	if code == 0 {
		w.end(io.EOF)
		return
	}
	w.end(fmt.Errorf("read: %w", websocket.CloseError{Code: code, Reason: reason}))
}

func (w *wire) closeCode() websocket.StatusCode {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// take is the next message of the client, which must come within a while.
func (w *wire) take(t *testing.T) sent {
	t.Helper()
	select {
	case text := <-w.toServer:
		var m sent
		require.NoError(t, json.Unmarshal(text, &m))
		require.Equal(t, 1, m.V)
		return m
	case <-time.After(10 * time.Minute):
		t.Fatal("the client sends nothing")
		return sent{}
	}
}

// takeA skips to the next message of a type.
func (w *wire) takeA(t *testing.T, kind string) sent {
	t.Helper()
	for {
		if m := w.take(t); m.Type == kind {
			return m
		}
	}
}

func (w *wire) say(text string) { w.toClient <- []byte(text) }

func (w *wire) event(seq int64) {
	w.say(fmt.Sprintf(`{"v":1,"type":"event","id":"E%d","seq":%d,"data":{"event":"order.updated","payload":{"n":%d}}}`, seq, seq, seq))
}

// greet answers hello and gives the last_event_id it came with.
func (w *wire) greet(t *testing.T) (lastEventID string) {
	t.Helper()
	hello := w.take(t)
	require.Equal(t, typeHello, hello.Type, "hello comes first")
	var data helloData
	require.NoError(t, json.Unmarshal(hello.Data, &data))
	w.say(`{"v":1,"type":"welcome","re":"` + hello.ID + `","data":{"session_id":"s","heartbeat":30}}`)
	return data.LastEventID
}

// world is a channel and everything around it.
type world struct {
	*testing.T
	*Channel

	source *clock.Fake
	// dials has a turn for each attempt: a wire, or an error.
	dials chan any
	mu    sync.Mutex
	// Guarded by mu: the tokens that were used and refused, what the listener heard, the memory, and what each fails with.
	tokens    []string
	refusals  []string
	tokenErr  error
	heard     []Notice
	onNotice  func(Notice) error
	position  Position
	memoryErr error
}

func newWorld(t *testing.T) *world {
	return &world{T: t, source: clock.NewFake(time.Now()), dials: make(chan any, 100)}
}

func (w *world) options() Options {
	return Options{
		URL: "wss://backend.example/api/v1/ws", DeviceID: "device-1", Tokens: w, Memory: w, Listener: w.listen,
		Clock: clock.New(w.source, clock.State{}), Random: func() float64 { return 0.999 }, dial: w.dial,
	}
}

func (w *world) connect() {
	w.Helper()
	c, err := Connect(w.options())
	require.NoError(w, err)
	w.Channel = c
	w.Cleanup(func() { require.NoError(w, c.Close()) })
}

func (w *world) dial(ctx context.Context, token string) (link, error) {
	w.mu.Lock()
	w.tokens = append(w.tokens, token)
	w.mu.Unlock()
	select {
	case turn := <-w.dials:
		if err, failed := turn.(error); failed {
			return nil, err
		}
		return turn.(*wire), nil //nolint:errcheck // wires and errors only.
	case <-ctx.Done():
		return nil, fault.Wrap(fault.Timeout, "dial", ctx.Err())
	}
}

// accept lets the client in and greets it.
func (w *world) accept() (_ *wire, lastEventID string) {
	w.Helper()
	l := newWire()
	w.dials <- l
	return l, l.greet(w.T)
}

func (w *world) Token(context.Context) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("token-%d", len(w.refusals)+1), w.tokenErr
}

func (w *world) Refused(token string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusals = append(w.refusals, token)
}

func (w *world) Position() (Position, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.position, nil
}

func (w *world) SetPosition(p Position) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.memoryErr == nil {
		w.position = p
	}
	return w.memoryErr
}

func (w *world) listen(n Notice) error {
	w.mu.Lock()
	w.heard = append(w.heard, n)
	on := w.onNotice
	w.mu.Unlock()
	if on != nil {
		return on(n)
	}
	return nil
}

// notices are what the listener heard, in short: "online", "offline timeout", "offline! replaced", "event 3".
func (w *world) notices() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, n := range w.heard {
		text := string(n.Kind)
		switch {
		case n.Kind == NoticeEvent:
			text = fmt.Sprintf("event %d", n.Event.Seq)
		case n.Final:
			text += "! " + string(n.Code)
		case n.Kind == NoticeOffline:
			text += " " + string(n.Code)
		}
		out = append(out, text)
	}
	return out
}

// used are the tokens of all attempts, refused those that the source was told of.
func (w *world) used() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tokens)
}

func (w *world) refused() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.refusals)
}

func (w *world) hear(i int) Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.heard[i]
}

// eachOnce wants events 1 to n, each once and in order.
func (w *world) eachOnce(n int) {
	w.Helper()
	w.notices()
	w.mu.Lock()
	defer w.mu.Unlock()
	at := int64(0)
	for _, notice := range w.heard {
		if notice.Kind == NoticeEvent {
			at++
			require.Equal(w, at, notice.Event.Seq)
		}
	}
	require.Equal(w, int64(n), at)
}

func (w *world) remembered() Position {
	p, _ := w.Position()
	return p
}

// inBubble runs a test in fake time.
func inBubble(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { test(newWorld(t)) })
}

var errListener = errors.New("the app is at fault")
