package keystoretest

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

var _ keystore.Host = (*Host)(nil)

var errNoKey = errors.New("KeyStoreException: no key")

// Host is a keystore.Host that does in memory what Android Keystore does, with its habit of overwriting in silence.
type Host struct {
	mu   sync.Mutex
	keys map[string]crypto.Signer
	macs map[string][]byte
}

// NewHost returns a host without keys.
func NewHost() *Host {
	return &Host{keys: map[string]crypto.Signer{}, macs: map[string][]byte{}}
}

// GenerateKey makes a key and replaces one of that alias.
func (h *Host) GenerateKey(alias, keyType string) error {
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

func (h *Host) put(alias string, key crypto.Signer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys[alias] = key
}

func (h *Host) key(alias string) crypto.Signer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keys[alias]
}

// PublicKey is nil for an absent key.
func (h *Host) PublicKey(alias string) ([]byte, error) {
	key := h.key(alias)
	if key == nil {
		return nil, nil
	}
	return x509.MarshalPKIXPublicKey(key.Public())
}

// Sign fails for an absent key.
func (h *Host) Sign(alias string, message []byte) ([]byte, error) {
	key := h.key(alias)
	if key == nil {
		return nil, errNoKey
	}
	return crypto.SignMessage(key, rand.Reader, message, crypto.SHA256)
}

// ImportMAC keeps a copy.
func (h *Host) ImportMAC(alias string, secret []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.macs[alias] = bytes.Clone(secret)
	return nil
}

// GenerateMAC makes 32 random bytes and replaces those of that alias.
func (h *Host) GenerateMAC(alias string) error {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	return h.ImportMAC(alias, secret)
}

// HasMAC never fails.
func (h *Host) HasMAC(alias string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.macs[alias] != nil, nil
}

// MAC fails for an absent key, and clears what it was lent.
func (h *Host) MAC(alias string, message []byte) ([]byte, error) {
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

// DeleteKey never fails.
func (h *Host) DeleteKey(alias string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.keys, alias)
	delete(h.macs, alias)
	return nil
}
