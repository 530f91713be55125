package keystore

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// hostKey is a crypto.MessageSigner whose private part the host has.
type hostKey struct {
	redacted
	store   *hostStore
	alias   string
	pub     crypto.PublicKey
	keyType KeyType
}

func (k *hostKey) Public() crypto.PublicKey { return k.pub }

// Sign is refused: the host hashes by itself.
func (*hostKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("keystore: sign: this key signs whole messages, not digests; use crypto.SignMessage")
}

// SignMessage does not read the caller's source of randomness: the host has its own.
func (k *hostKey) SignMessage(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := checkOpts(opts); err != nil {
		return nil, err
	}
	signature, err := k.sign(message)
	if err != nil {
		return nil, hostLost("keystore: sign", k.alias, err)
	}
	return signature, nil
}

// sign verifies what the host signed. That costs little beside the call into the host, and a key that was replaced behind
// the store's back shows here, not as a refusal by the server.
func (k *hostKey) sign(message []byte) ([]byte, error) {
	lent := bytes.Clone(message)
	signature, err := call(k.store.calls, func() ([]byte, error) { return k.store.host.Sign(k.alias, lent) })
	if err != nil {
		return nil, err
	}
	signature = bytes.Clone(signature)
	if err := verify(k.pub, message, signature); err != nil {
		return nil, fmt.Errorf("the host's %w", err)
	}
	return signature, nil
}

// hostMAC is a MAC whose secret the host has.
type hostMAC struct {
	redacted
	store *hostStore
	alias string
}

func (m *hostMAC) Sum(message []byte) ([sha256.Size]byte, error) {
	sum, err := m.store.sum(m.alias, message)
	if err != nil {
		return sum, hostLost("keystore: MAC", m.alias, err)
	}
	return sum, nil
}

func (s *hostStore) sum(alias string, message []byte) (sum [sha256.Size]byte, err error) {
	lent := bytes.Clone(message)
	got, err := call(s.calls, func() ([]byte, error) {
		defer clear(lent) // it can be a card number
		return s.host.MAC(alias, lent)
	})
	if err != nil {
		return sum, err
	}
	if len(got) != sha256.Size {
		return sum, fmt.Errorf("the host gave a MAC of %d bytes; HMAC-SHA256 has %d", len(got), sha256.Size)
	}
	return [sha256.Size]byte(got), nil
}
