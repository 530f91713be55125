package posstream

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"
)

// clientState is where a client stands.
type clientState string

const (
	dialing   clientState = "dialing"
	handshake clientState = "handshake"
	enabled   clientState = "enabled"
	refused   clientState = "refused"
)

// stepTime is what each step of the handshake may take.
const stepTime = 10 * time.Second

// client is one POS's side of one client application.
type client struct {
	Config
	server *Server
	cancel context.CancelFunc
	// wake has a token when the feed has something to look at.
	wake chan struct{}

	mu sync.Mutex
	// Guarded by mu: where it stands, the answer to the last registration that was refused, the connection, what waits in order, and
	// counters.
	state                                    clientState
	refusal                                  string
	conn                                     net.Conn
	waiting                                  []*event
	connections, sent, acknowledged, dropped int64
}

func (c *client) set(s clientState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = s
}

func (c *client) connect(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.conn = handshake, conn
	c.connections++
}

func (c *client) disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.Close()
	c.conn = nil
}

func (c *client) refuse(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.refusal = refused, code
}

// run connects again and again, with a pause after each connection.
func (c *client) run(ctx context.Context) {
	var key *rsa.PrivateKey
	for ctx.Err() == nil {
		c.set(dialing)
		// A new key for each connection, made before it: the client application gives up after 10 s, and many POS make theirs at once.
		if key == nil {
			key, _ = rsa.GenerateKey(rand.Reader, 2048) // cannot fail; nil is tried again
		}
		conn, err := (&net.Dialer{Timeout: stepTime}).DialContext(ctx, "tcp", c.Address)
		if err == nil && key != nil {
			c.talk(ctx, conn, key)
			key = nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(c.Reconnect):
		}
	}
}

// talk is one connection.
func (c *client) talk(ctx context.Context, conn net.Conn, key *rsa.PrivateKey) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c.connect(conn)
	defer c.disconnect()
	in := bufio.NewReader(conn)
	seal, err := c.shakeHands(conn, in, key)
	var no *refusal
	switch {
	case errors.As(err, &no):
		c.refuse(no.code)
		return
	case err != nil:
		c.set(dialing)
		return
	}
	_ = conn.SetDeadline(time.Time{})
	c.feed(conn, in, seal)
	c.set(dialing)
}

// refusal is a registration that the POS does not take.
type refusal struct{ code string }

func (r *refusal) Error() string { return "registration refused: " + r.code }

// shakeHands gives what seals this connection's events.
func (c *client) shakeHands(conn net.Conn, in *bufio.Reader, key *rsa.PrivateKey) (func([]byte) (string, error), error) {
	text, err := publicText(key)
	if err != nil {
		return nil, err
	}
	init := envelope{Source: c.POS, MsgID: uuid.NewString(), MsgType: typeInit, MsgData: text}
	_ = conn.SetDeadline(time.Now().Add(stepTime)) // a closed connection shows at once
	if err := transmit(conn, init); err != nil {
		return nil, err
	}
	answer, err := receive(in)
	if err != nil {
		return nil, err
	}
	if answer.MsgID != init.MsgID || answer.MsgType != typeInit || answer.MsgResp != ack {
		return nil, errWire
	}
	_ = conn.SetDeadline(time.Now().Add(stepTime))
	request, err := receive(in)
	if err != nil {
		return nil, err
	}
	if request.MsgType != typeRegister || request.MsgResp != "" {
		return nil, errWire
	}
	seal, code := c.register(key, request.MsgData)
	_ = conn.SetDeadline(time.Now().Add(stepTime))
	if err := transmit(conn, envelope{Source: c.POS, MsgID: request.MsgID, MsgType: typeRegister, MsgResp: code}); err != nil {
		return nil, err
	}
	if code != ack {
		return nil, &refusal{code}
	}
	return seal, nil
}

// register judges a registration and gives the answer to it.
func (c *client) register(key *rsa.PrivateKey, data string) (seal func([]byte) (string, error), code string) {
	r, err := readRegistration(c.RSA, c.AES, key, data)
	switch {
	case errors.Is(err, errSealed):
		return nil, nackDecrypt
	case err != nil:
		return nil, nackFormat
	}
	ok, err := c.server.admits(c.POS, r.keyID, r.secret)
	switch {
	case err != nil:
		return nil, nackBusy
	case !ok:
		return nil, nackAuth
	}
	if seal, err = sealer(c.AES, r.dek); err != nil {
		return nil, nackFormat
	}
	return seal, ack
}
