package keystore

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/atomicfile"
)

// SoftwareOptions set up a software store.
type SoftwareOptions struct {
	// Key seals the files: 32 bytes, needed. Who has it and the folder has every key.
	Key Secret
	// Rand makes nonces and MAC secrets. Nil is crypto/rand. Signing keys come from the system's source in any case: the
	// standard library takes no other.
	Rand io.Reader
}

func (o SoftwareOptions) checked() (SoftwareOptions, error) {
	if len(o.Key) != 32 {
		return o, fault.New(fault.InvalidConfig, "keystore: options", fmt.Sprintf("Key has %d bytes; it needs 32", len(o.Key)))
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return o, nil
}

// software is a Store of one sealed file per alias. Two of them on one folder would not see each other's changes.
type software struct {
	redacted
	dir  string
	aead cipher.AEAD
	rand io.Reader

	// changing is held by whoever reads or writes a file.
	changing sync.Mutex
	// mu guards opened alone, so that a key in use is not held up by a key in the making.
	mu     sync.RWMutex
	opened map[string]any // *softwareKey or *softwareMAC by alias: a key is parsed once
}

// OpenSoftware opens the store in dir, which is made when it is missing, with mode 0700; the files have 0600. The folder
// belongs to the store alone and must not be open twice. A wrong sealing key is noticed when a key is opened, as key_lost.
// Errors: invalid_config, storage_full, storage_read_only.
func OpenSoftware(dir string, o SoftwareOptions) (Store, error) {
	const op = "keystore: open"
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(o.Key)
	if err != nil {
		return nil, fault.Wrap(fault.InvalidConfig, op, err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	if err := prepare(dir); err != nil {
		return nil, storageFault(op, err)
	}
	return &software{redacted: "keystore.Store(software)", dir: dir, aead: aead, rand: o.Rand, opened: map[string]any{}}, nil
}

func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// A folder that was there may let others in.
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x bit.
		return err
	}
	if err := atomicfile.SyncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return atomicfile.Sweep(dir)
}

func (s *software) Generate(alias string, t KeyType) (crypto.Signer, error) {
	const op = "keystore: generate"
	if err := errors.Join(checkAlias(op, alias), checkType(op, t)); err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.vacant(op, alias); err != nil {
		return nil, err
	}
	key, der, err := s.makeKey(t)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	defer clear(der)
	signer := newSoftwareKey(key)
	if err := s.put(op, alias, kindOf(t), der, signer); err != nil {
		return nil, err
	}
	return signer, nil
}

func (s *software) makeKey(t KeyType) (key crypto.Signer, der []byte, err error) {
	if t == RSA2048 {
		key, err = rsa.GenerateKey(s.rand, 2048)
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), s.rand)
	}
	if err != nil {
		return nil, nil, err
	}
	der, err = x509.MarshalPKCS8PrivateKey(key)
	return key, der, err
}

func (s *software) Signer(alias string) (crypto.Signer, error) {
	const op = "keystore: open key"
	key, err := s.open(op, alias)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(*softwareKey)
	if !ok {
		return nil, absent(op, alias)
	}
	return signer, nil
}

func (s *software) ImportMAC(alias string, secret []byte) error {
	const op = "keystore: import MAC"
	if err := errors.Join(checkAlias(op, alias), checkSecret(op, secret)); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	// A MAC that cannot be read is replaced: that is its way out.
	if key, err := s.load(op, alias); err == nil {
		if _, signing := key.(*softwareKey); signing {
			return taken(op, alias)
		}
	}
	return s.put(op, alias, kindMAC, secret, newSoftwareMAC(secret))
}

func (s *software) GenerateMAC(alias string) error {
	const op = "keystore: generate MAC"
	if err := checkAlias(op, alias); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.vacant(op, alias); err != nil {
		return err
	}
	secret := make([]byte, sha256.Size)
	defer clear(secret)
	if _, err := io.ReadFull(s.rand, secret); err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	return s.put(op, alias, kindMAC, secret, newSoftwareMAC(secret))
}

func (s *software) MAC(alias string) (MAC, error) {
	const op = "keystore: open MAC"
	key, err := s.open(op, alias)
	if err != nil {
		return nil, err
	}
	mac, ok := key.(*softwareMAC)
	if !ok {
		return nil, absent(op, alias)
	}
	return mac, nil
}

func (s *software) Delete(alias string) error {
	const op = "keystore: delete"
	if err := checkAlias(op, alias); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	err := os.Remove(s.path(alias))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storageFault(op, err)
	}
	s.remember(alias, nil)
	if err := atomicfile.SyncDir(s.dir); err != nil {
		return storageFault(op, err)
	}
	return nil
}
