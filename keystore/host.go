package keystore

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/smartpos-go/terminal/fault"
)

// Host keeps keys outside of Go; Kotlin implements it over Android Keystore. Its methods have only types that gobind binds.
//
// A host owes: what a method made, imported or deleted is durable when it returns; methods may be called from any thread
// and several at once; slices belong to the caller and are good during the call only. It must not call GenerateKey,
// GenerateMAC, ImportMAC or DeleteKey of the same store from within one of its own methods: that call would wait for
// itself and time out. No other method of a store holds anything while it waits.
type Host interface {
	// GenerateKey makes a signing key of type "rsa-2048" (exponent 65537) or "ec-p256" that signs whole messages with
	// SHA-256. The store asks for a vacant alias only.
	GenerateKey(alias, keyType string) error
	// PublicKey is the DER SubjectPublicKeyInfo of a signing key; empty means that there is none. An error means that there
	// is one that cannot be used.
	PublicKey(alias string) ([]byte, error)
	// Sign hashes message with SHA-256 and signs it: PKCS #1 v1.5 with an RSA key, ECDSA in DER with an EC key.
	Sign(alias string, message []byte) ([]byte, error)
	// ImportMAC stores the secret of an HMAC-SHA256 key and replaces one of that alias.
	ImportMAC(alias string, secret []byte) error
	// GenerateMAC makes an HMAC-SHA256 key of 32 random bytes. The store asks for a vacant alias only.
	GenerateMAC(alias string) error
	// HasMAC says whether there is a MAC key of that alias. An error means that there is one that cannot be used.
	HasMAC(alias string) (bool, error)
	// MAC is HMAC-SHA256 of message, 32 bytes.
	MAC(alias string, message []byte) ([]byte, error)
	// DeleteKey removes the key of that alias, signing or MAC; an absent one is no error.
	DeleteKey(alias string) error
}

// maxPublicKey bounds what is parsed, in bytes: an RSA-2048 key has 294.
const maxPublicKey = 1024

// selfTest is what a new key has to sign or to compute a MAC of before anybody relies on it.
var selfTest = []byte("smartpos keystore self-test")

// hostStore is a Store over a Host. It remembers nothing: the host is asked each time.
type hostStore struct {
	redacted
	host  Host
	calls calls
	// changing holds one token, taken by methods that look whether an alias is vacant and then fill it.
	changing chan struct{}
}

// NewHost gives a Store whose keys the host keeps. Nothing the host gives is taken unchecked: public keys are parsed and must
// be of the asked type, every signature is verified, a MAC has 32 bytes, and a new key must pass a test before it is used.
//
// A host that fails makes a key_lost for a key that was there before, with the host's error as cause, unless that error has
// a code of package fault: then the code stands. One that does not answer within 30 seconds makes a timeout; one that
// panics, an internal.
//
// Its signers sign whole messages only, through crypto.SignMessage; Sign of a digest is refused.
func NewHost(h Host) Store {
	return &hostStore{redacted: "keystore.Store(host)", host: h, calls: newCalls(), changing: make(chan struct{}, 1)}
}

func (s *hostStore) Generate(alias string, t KeyType) (crypto.Signer, error) {
	const op = "keystore: generate"
	if err := errors.Join(checkAlias(op, alias), checkType(op, t)); err != nil {
		return nil, err
	}
	if err := s.lock(op); err != nil {
		return nil, err
	}
	defer s.unlock()
	if err := s.vacant(op, alias); err != nil {
		return nil, err
	}
	if err := s.calls.do(func() error { return s.host.GenerateKey(alias, string(t)) }); err != nil {
		return nil, hostFault(fault.Internal, op, err)
	}
	key, err := s.key(alias)
	if err == nil && key.keyType != t {
		err = fmt.Errorf("the host made a key of type %q, not %q", key.keyType, t)
	}
	if err == nil {
		_, err = key.sign(selfTest)
	}
	if err != nil {
		return nil, hostFault(fault.Internal, op, s.discard(alias, err))
	}
	return key, nil
}

func (s *hostStore) Signer(alias string) (crypto.Signer, error) {
	const op = "keystore: open key"
	if err := checkAlias(op, alias); err != nil {
		return nil, err
	}
	key, err := s.key(alias)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, absent(op, alias)
	case err != nil:
		return nil, hostLost(op, alias, err)
	}
	return key, nil
}

// key reads the public part. Its errors have no code of their own.
func (s *hostStore) key(alias string) (*hostKey, error) {
	der, err := call(s.calls, func() ([]byte, error) { return s.host.PublicKey(alias) })
	switch {
	case err != nil:
		return nil, err
	case len(der) == 0:
		return nil, ErrNotFound
	case len(der) > maxPublicKey:
		return nil, fmt.Errorf("the host gave a public key of %d bytes; %d are the most", len(der), maxPublicKey)
	}
	pub, err := x509.ParsePKIXPublicKey(bytes.Clone(der))
	if err != nil {
		return nil, fmt.Errorf("the host gave a public key that is not DER SubjectPublicKeyInfo: %w", err)
	}
	t, err := typeOf(pub)
	if err != nil {
		return nil, fmt.Errorf("the host gave a public key that is not used here: %w", err)
	}
	return &hostKey{redacted: "keystore.Signer(redacted)", store: s, alias: alias, pub: pub, keyType: t}, nil
}

func (s *hostStore) ImportMAC(alias string, secret []byte) error {
	const op = "keystore: import MAC"
	if err := errors.Join(checkAlias(op, alias), checkSecret(op, secret)); err != nil {
		return err
	}
	if err := s.lock(op); err != nil {
		return err
	}
	defer s.unlock()
	if _, err := s.key(alias); err == nil {
		return taken(op, alias)
	} else if !errors.Is(err, ErrNotFound) {
		return hostLost(op, alias, err)
	}
	lent := bytes.Clone(secret)
	err := s.calls.do(func() error {
		defer clear(lent)
		return s.host.ImportMAC(alias, lent)
	})
	if err != nil {
		return hostFault(fault.Internal, op, err)
	}
	got, err := s.sum(alias, selfTest)
	if err == nil {
		mac := hmac.New(sha256.New, secret)
		_, _ = mac.Write(selfTest)
		if !hmac.Equal(got[:], mac.Sum(nil)) {
			err = errors.New("the host computes another MAC than HMAC-SHA256 under the imported secret")
		}
	}
	if err != nil {
		return hostFault(fault.Internal, op, s.discard(alias, err))
	}
	return nil
}

func (s *hostStore) GenerateMAC(alias string) error {
	const op = "keystore: generate MAC"
	if err := checkAlias(op, alias); err != nil {
		return err
	}
	if err := s.lock(op); err != nil {
		return err
	}
	defer s.unlock()
	if err := s.vacant(op, alias); err != nil {
		return err
	}
	if err := s.calls.do(func() error { return s.host.GenerateMAC(alias) }); err != nil {
		return hostFault(fault.Internal, op, err)
	}
	if _, err := s.sum(alias, selfTest); err != nil {
		return hostFault(fault.Internal, op, s.discard(alias, err))
	}
	return nil
}

func (s *hostStore) MAC(alias string) (MAC, error) {
	const op = "keystore: open MAC"
	if err := checkAlias(op, alias); err != nil {
		return nil, err
	}
	has, err := call(s.calls, func() (bool, error) { return s.host.HasMAC(alias) })
	switch {
	case err != nil:
		return nil, hostLost(op, alias, err)
	case !has:
		return nil, absent(op, alias)
	}
	return &hostMAC{redacted: "keystore.MAC(redacted)", store: s, alias: alias}, nil
}

func (s *hostStore) Delete(alias string) error {
	const op = "keystore: delete"
	if err := checkAlias(op, alias); err != nil {
		return err
	}
	if err := s.lock(op); err != nil {
		return err
	}
	defer s.unlock()
	if err := s.calls.do(func() error { return s.host.DeleteKey(alias) }); err != nil {
		return hostFault(fault.Internal, op, err)
	}
	return nil
}

// vacant is for holders of the lock.
func (s *hostStore) vacant(op, alias string) error {
	if _, err := s.key(alias); err == nil {
		return taken(op, alias)
	} else if !errors.Is(err, ErrNotFound) {
		return hostLost(op, alias, err)
	}
	has, err := call(s.calls, func() (bool, error) { return s.host.HasMAC(alias) })
	switch {
	case err != nil:
		return hostLost(op, alias, err)
	case has:
		return taken(op, alias)
	}
	return nil
}

// discard removes a key that failed its test, so that it can be made again. After a timeout nothing is known of the key:
// it stays, and the next use tells.
func (s *hostStore) discard(alias string, cause error) error {
	if errors.Is(cause, fault.Timeout) {
		return cause
	}
	if err := s.calls.do(func() error { return s.host.DeleteKey(alias) }); err != nil {
		return fmt.Errorf("%w; and it could not be deleted: %s", cause, err.Error()) // the cause alone gives the code
	}
	return cause
}
