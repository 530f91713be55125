package posstream

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	testKeyID  = "INT-0001"
	testSecret = `integrator-secret-"äöü"\0123456789`
)

// posKey is the RSA key of every POS of these tests: making one takes longer than most of them.
var posKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func publicPEM(key any) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// pos is a POS that a test drives.
type pos struct {
	t    testing.TB
	conn net.Conn
	rsa  RSA
	aes  AES
	// received are the messages of the client; it is closed with the connection.
	received chan message
	cipher   *Cipher
	register message
}

var lastID atomic.Int64

func newID() string { return fmt.Sprintf("msg-%d", lastID.Add(1)) }

// newPOS takes an open connection.
func newPOS(t testing.TB, conn net.Conn) *pos {
	p := &pos{t: t, conn: conn, rsa: OAEPSHA256, aes: CBC, received: make(chan message, 2000)}
	go func() {
		defer close(p.received)
		frames := newFrameReader(conn)
		for {
			n, err := frames.length()
			if err != nil {
				return
			}
			text, err := frames.body(n)
			if err != nil {
				return
			}
			m, err := readMessage(text)
			if err != nil {
				return
			}
			p.received <- m
		}
	}()
	t.Cleanup(func() { _ = conn.Close() })
	return p
}

func (p *pos) write(b []byte) { _, _ = p.conn.Write(b) } // a closed connection shows in received

func (p *pos) send(m message) { p.write(m.encode()) }

// get is the next message of the client.
func (p *pos) get() message {
	p.t.Helper()
	m, ok := <-p.received
	require.True(p.t, ok, "the client closed the connection")
	return m
}

// closed waits for the client to close and gives what came before.
func (p *pos) closed() (rest []message) {
	for m := range p.received {
		rest = append(rest, m)
	}
	return rest
}

func (p *pos) init() message {
	m := message{Source: "till", ID: newID(), Type: typeInit, Data: publicPEM(&posKey().PublicKey)}
	p.send(m)
	return m
}

// begin goes as far as register_client and reads it.
func (p *pos) begin() (credentials map[string]string) {
	p.t.Helper()
	init := p.init()
	ack := p.get()
	require.Equal(p.t, []string{init.ID, typeInit, respAck}, []string{ack.ID, ack.Type, ack.Resp})
	p.register = p.get()
	return p.open(p.register.Data)
}

// open reads msg_data of register_client in either form.
func (p *pos) open(data string) map[string]string {
	p.t.Helper()
	var long struct{ DEK, Data string }
	if json.Unmarshal([]byte(data), &long) == nil {
		dek, err := p.rsa.Unwrap(posKey(), decode(p.t, long.DEK))
		require.NoError(p.t, err)
		p.cipher, err = NewCipher(p.aes, dek)
		require.NoError(p.t, err)
		clear, err := p.cipher.Open(nil, decode(p.t, long.Data))
		require.NoError(p.t, err)
		var c map[string]string
		require.NoError(p.t, json.Unmarshal(clear, &c))
		c["dek"], c["form"] = base64.StdEncoding.EncodeToString(dek), "long"
		return c
	}
	clear, err := p.rsa.Unwrap(posKey(), decode(p.t, data))
	require.NoError(p.t, err)
	var c map[string]string
	require.NoError(p.t, json.Unmarshal(clear, &c))
	p.cipher, err = NewCipher(p.aes, decode(p.t, c["dek"]))
	require.NoError(p.t, err)
	return c
}

func decode(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

// enable is the whole handshake.
func (p *pos) enable() *pos {
	p.t.Helper()
	p.begin()
	p.answer(respAck)
	return p
}

func (p *pos) answer(resp string) {
	p.send(message{Source: "till", ID: p.register.ID, Type: typeRegister, Resp: resp})
}

// event is an event with a payload under the DEK.
func (p *pos) event(id string, payload any) message {
	clear, err := json.Marshal(payload)
	require.NoError(p.t, err)
	sealed, err := p.cipher.Seal(nil, clear)
	require.NoError(p.t, err)
	return message{Source: "till", Version: "1.0", ID: id, Type: "create_order", Data: base64.StdEncoding.EncodeToString(sealed)}
}

func (p *pos) acked(ids ...string) {
	p.t.Helper()
	for _, id := range ids {
		m := p.get()
		require.Equal(p.t, []string{id, "create_order", respAck}, []string{m.ID, m.Type, m.Resp})
	}
}

// pipes is a listener without a network, for tests in which time is not real.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	port  atomic.Int64
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

type pipe struct {
	net.Conn
	peer net.Addr
}

func (p pipe) RemoteAddr() net.Addr { return p.peer }

func (l *pipes) dial() net.Conn {
	near, far := net.Pipe()
	l.conns <- pipe{far, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(l.port.Add(1))}}
	return near
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, fmt.Errorf("pipes: %w", net.ErrClosed)
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// app is a handler that remembers and that a test can hold up or make fail.
type app struct {
	mu      sync.Mutex
	notices []Notice
	// hook runs within each notice.
	hook func(Notice) error
	came chan struct{}
}

func newApp() *app { return &app{came: make(chan struct{}, 1)} }

func (a *app) handle(n Notice) error {
	a.mu.Lock()
	hook := a.hook
	a.mu.Unlock()
	if hook != nil {
		if err := hook(n); err != nil {
			return err
		}
	}
	a.mu.Lock()
	a.notices = append(a.notices, n)
	a.mu.Unlock()
	select {
	case a.came <- struct{}{}:
	default:
	}
	return nil
}

func (a *app) setHook(hook func(Notice) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hook = hook
}

// hold makes the handler of every event wait until the channel is closed.
func (a *app) hold() (held chan struct{}) {
	held = make(chan struct{})
	a.setHook(func(n Notice) error {
		if n.Kind == Event {
			<-held
		}
		return nil
	})
	return held
}

func (a *app) all(kind Kind) []Notice {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []Notice
	for _, n := range a.notices {
		if n.Kind == kind {
			found = append(found, n)
		}
	}
	return found
}

// want waits for n notices of a kind.
func (a *app) want(t testing.TB, kind Kind, n int) []Notice {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if found := a.all(kind); len(found) >= n {
			return found
		}
		select {
		case <-a.came:
		case <-deadline:
			require.Len(t, a.all(kind), n, kind)
		}
	}
}

func (a *app) ids() (ids []string) {
	for _, n := range a.all(Event) {
		ids = append(ids, n.MsgID)
	}
	return ids
}

func testOptions(a *app) Options {
	return Options{Listen: "127.0.0.1:0", KeyID: testKeyID, Secret: []byte(testSecret), Handler: a.handle}
}

// listen starts a client on a socket.
func listen(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := Listen(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func dial(t testing.TB, c *Client) *pos {
	t.Helper()
	conn, err := net.Dial("tcp", c.Address())
	require.NoError(t, err)
	return newPOS(t, conn)
}

var errApp = errors.New("the app failed")

func encode(b []byte) []byte { return base64.StdEncoding.AppendEncode(nil, b) }
