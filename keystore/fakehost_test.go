package keystore_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"sync"

	"github.com/smartpos-go/terminal/keystore"
)

var errNoKey = errors.New("KeyStoreException: no key")

// fakeHost does in memory what Android Keystore does, with its habit of overwriting in silence.
type fakeHost struct {
	mu   sync.Mutex
	keys map[string]crypto.Signer
	macs map[string][]byte
}

func newFakeHost() *fakeHost {
	return &fakeHost{keys: map[string]crypto.Signer{}, macs: map[string][]byte{}}
}

func (h *fakeHost) GenerateKey(alias, keyType string) error {
	var key crypto.Signer
	var err error
	switch keyType {
	case "rsa-2048":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ec-p256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = errors.New("NoSuchAlgorithmException: " + keyType)
	}
	if err != nil {
		return err
	}
	h.put(alias, key)
	return nil
}

func (h *fakeHost) put(alias string, key crypto.Signer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys[alias] = key
}

func (h *fakeHost) key(alias string) crypto.Signer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keys[alias]
}

func (h *fakeHost) PublicKey(alias string) ([]byte, error) {
	key := h.key(alias)
	if key == nil {
		return nil, nil
	}
	return x509.MarshalPKIXPublicKey(key.Public())
}

func (h *fakeHost) Sign(alias string, message []byte) ([]byte, error) {
	key := h.key(alias)
	if key == nil {
		return nil, errNoKey
	}
	return crypto.SignMessage(key, rand.Reader, message, crypto.SHA256)
}

func (h *fakeHost) ImportMAC(alias string, secret []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.macs[alias] = bytes.Clone(secret)
	return nil
}

func (h *fakeHost) GenerateMAC(alias string) error {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	return h.ImportMAC(alias, secret)
}

func (h *fakeHost) HasMAC(alias string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.macs[alias] != nil, nil
}

func (h *fakeHost) MAC(alias string, message []byte) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.macs[alias] == nil {
		return nil, errNoKey
	}
	mac := hmac.New(sha256.New, h.macs[alias])
	mac.Write(message)
	clear(message) // a careless host: the slice it was lent must not be the caller's
	return mac.Sum(nil), nil
}

func (h *fakeHost) DeleteKey(alias string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.keys, alias)
	delete(h.macs, alias)
	return nil
}

// oddHost does as its fakeHost, but for the methods that have a replacement.
type oddHost struct {
	*fakeHost
	generateKey func(alias, keyType string) error
	publicKey   func(alias string) ([]byte, error)
	sign        func(alias string, message []byte) ([]byte, error)
	importMAC   func(alias string, secret []byte) error
	generateMAC func(alias string) error
	hasMAC      func(alias string) (bool, error)
	mac         func(alias string, message []byte) ([]byte, error)
	deleteKey   func(alias string) error
}

var _ keystore.Host = (*oddHost)(nil)

func (h *oddHost) GenerateKey(alias, keyType string) error {
	if h.generateKey != nil {
		return h.generateKey(alias, keyType)
	}
	return h.fakeHost.GenerateKey(alias, keyType)
}

func (h *oddHost) PublicKey(alias string) ([]byte, error) {
	if h.publicKey != nil {
		return h.publicKey(alias)
	}
	return h.fakeHost.PublicKey(alias)
}

func (h *oddHost) Sign(alias string, message []byte) ([]byte, error) {
	if h.sign != nil {
		return h.sign(alias, message)
	}
	return h.fakeHost.Sign(alias, message)
}

func (h *oddHost) ImportMAC(alias string, secret []byte) error {
	if h.importMAC != nil {
		return h.importMAC(alias, secret)
	}
	return h.fakeHost.ImportMAC(alias, secret)
}

func (h *oddHost) GenerateMAC(alias string) error {
	if h.generateMAC != nil {
		return h.generateMAC(alias)
	}
	return h.fakeHost.GenerateMAC(alias)
}

func (h *oddHost) HasMAC(alias string) (bool, error) {
	if h.hasMAC != nil {
		return h.hasMAC(alias)
	}
	return h.fakeHost.HasMAC(alias)
}

func (h *oddHost) MAC(alias string, message []byte) ([]byte, error) {
	if h.mac != nil {
		return h.mac(alias, message)
	}
	return h.fakeHost.MAC(alias, message)
}

func (h *oddHost) DeleteKey(alias string) error {
	if h.deleteKey != nil {
		return h.deleteKey(alias)
	}
	return h.fakeHost.DeleteKey(alias)
}
