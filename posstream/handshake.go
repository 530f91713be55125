package posstream

import (
	"crypto/rand"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/fault"
)

// State is where a connection stands.
type State string

// States of a connection.
const (
	// AwaitingInit: connected; the POS's RSA key has not come.
	AwaitingInit State = "awaiting_init"
	// Registering: key, key id and secret went out; the POS has not answered.
	Registering State = "registering"
	// Enabled: the POS took the registration; events arrive.
	Enabled State = "enabled"
	// Ended: the POS refused the registration.
	Ended State = "ended"
)

// incoming is what a message of the POS is to this side.
type incoming string

const (
	initRequest     incoming = "init_client"
	registerAck     incoming = "the acknowledgement of register_client"
	registerRefusal incoming = "a refusal of register_client"
	eventRequest    incoming = "an event"
	// strayAnswer answers nothing that waits for an answer.
	strayAnswer incoming = "an answer to nothing"
	// misplaced is a request that only this side may send.
	misplaced incoming = "register_client from a POS"
)

// next is the state after a message of the POS. An error ends the connection: a POS that begins anew connects anew.
func next(s State, in incoming) (State, error) {
	switch {
	case s == AwaitingInit && in == initRequest:
		return Registering, nil
	case s == Registering && in == registerAck:
		return Enabled, nil
	case s == Registering && in == registerRefusal:
		return Ended, nil
	case s == Registering && in == strayAnswer, s == Enabled && in == strayAnswer:
		return s, nil
	case s == Enabled && in == eventRequest:
		return s, nil
	}
	return s, fault.New(fault.MessageInvalid, "posstream: handshake", fmt.Sprintf("%s cannot come while %s", in, s))
}

// handshake is one connection's way from connected to enabled. It does no I/O.
type handshake struct {
	rsa   RSA
	aes   AES
	keyID string
	// secret gives a copy, which take clears, or nil when the client was closed.
	secret func() []byte
	random io.Reader

	state      State
	registerID string
	cipher     *Cipher // from Registering on
}

func newHandshake(o Options, secret func() []byte) *handshake {
	return &handshake{rsa: o.RSA, aes: o.AES, keyID: o.KeyID, secret: secret, random: rand.Reader, state: AwaitingInit}
}

// take judges one message of the POS and gives what must be sent. After an error nothing more may be taken; what is to be sent
// goes out all the same.
func (h *handshake) take(m message) (in incoming, out []message, err error) {
	in = h.classify(m)
	if h.state, err = next(h.state, in); err != nil {
		return in, nil, err
	}
	if in == registerAck || in == registerRefusal {
		h.registerID = "" // said again it answers nothing
	}
	if in != initRequest {
		return in, nil, nil
	}
	register, err := h.register(m)
	if err != nil {
		return in, []message{answer(m, respNackFormat)}, err
	}
	return in, []message{answer(m, respAck), register}, nil
}

func (h *handshake) classify(m message) incoming {
	switch {
	case m.Resp != "" && m.Type == typeRegister && m.ID == h.registerID && m.Resp == respAck:
		return registerAck
	case m.Resp != "" && m.Type == typeRegister && m.ID == h.registerID:
		return registerRefusal
	case m.Resp != "":
		return strayAnswer
	case m.Type == typeInit:
		return initRequest
	case m.Type == typeRegister:
		return misplaced
	}
	return eventRequest
}

// register makes the DEK of this connection and the request that brings it to the POS.
func (h *handshake) register(init message) (message, error) {
	key, err := parsePublicKey(init.Data)
	if err != nil {
		return message{}, err
	}
	secret := h.secret()
	defer clear(secret)
	if secret == nil {
		return message{}, fault.New(fault.Closed, "posstream: handshake", "the client was closed")
	}
	dek := make([]byte, dekSize)
	defer clear(dek)
	if _, err := io.ReadFull(h.random, dek); err != nil {
		return message{}, fault.Wrap(fault.Internal, "posstream: DEK", err)
	}
	if h.cipher, err = NewCipher(h.aes, dek); err != nil {
		return message{}, fault.Wrap(fault.Internal, "posstream: handshake", err)
	}
	data, err := registration(h.rsa, key, h.cipher, dek, h.keyID, secret)
	if err != nil {
		return message{}, fault.Wrap(fault.Internal, "posstream: handshake", err)
	}
	h.registerID = uuid.NewString()
	return message{Source: wireSource, Version: wireVersion, ID: h.registerID, Type: typeRegister, Data: data}, nil
}
