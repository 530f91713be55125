package keystore

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"
)

// softwareKey is a crypto.MessageSigner over a private key in memory.
type softwareKey struct {
	redacted
	key crypto.Signer
}

func newSoftwareKey(key crypto.Signer) *softwareKey {
	return &softwareKey{redacted: "keystore.Signer(redacted)", key: key}
}

func (k *softwareKey) Public() crypto.PublicKey { return k.key.Public() }

func (k *softwareKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := checkOpts(opts); err != nil {
		return nil, err
	}
	// ECDSA would sign anything, even a message that somebody forgot to hash.
	if len(digest) != sha256.Size {
		return nil, fmt.Errorf("keystore: sign: digest of %d bytes; SHA-256 has %d", len(digest), sha256.Size)
	}
	signature, err := k.key.Sign(rand, digest, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("keystore: sign: %w", err)
	}
	return signature, nil
}

func (k *softwareKey) SignMessage(rand io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	digest := sha256.Sum256(message)
	return k.Sign(rand, digest[:], opts)
}

// softwareMAC is HMAC-SHA256 over a pool of prepared states: preparing one takes longer than a short message.
type softwareMAC struct {
	redacted
	states sync.Pool // of *macState
}

type macState struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

func newSoftwareMAC(secret []byte) *softwareMAC {
	secret = bytes.Clone(secret)
	m := &softwareMAC{redacted: "keystore.MAC(redacted)"}
	m.states.New = func() any { return &macState{mac: hmac.New(sha256.New, secret)} }
	return m
}

func (m *softwareMAC) Sum(message []byte) ([sha256.Size]byte, error) {
	state := m.states.Get().(*macState) //nolint:forcetypeassert // the pool holds nothing else.
	_, _ = state.mac.Write(message)     // hash.Hash: never fails
	state.mac.Sum(state.sum[:0])
	sum := state.sum
	// Reset here and not before use, so that no card number waits in the pool.
	state.mac.Reset()
	m.states.Put(state)
	return sum, nil
}
