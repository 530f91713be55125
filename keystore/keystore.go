// Package keystore keeps the terminal's keys: signing keys for MACS requests (protocol section 1.3) and device tokens, and
// MAC keys for the whitelist (protocol section 1.4) and the journal.
//
// A key is named by an alias and never leaves its [Store]: callers get a [crypto.Signer] that also is a
// [crypto.MessageSigner], or a [MAC]. [OpenSoftware] keeps keys in sealed files, for desktops and tests; [NewHost] hands
// every operation to the platform, such as Android Keystore, so that private keys and MAC secrets stay out of the Go heap.
// Both pass the suite in keystoretest.
//
// The package makes, opens and deletes keys. It does not choose which key serves what, has no default folder, and derives no
// sealing key from a password: the caller brings 32 bytes. A folder written by 1.x opens in every later 1.x.
//
// Stores, signers and MACs are safe for concurrent use.
package keystore

import (
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/smartpos-go/terminal/fault"
)

// KeyType is the type of a signing key. It decides the JWS algorithm; there is no other choice of algorithm.
type KeyType string

// Types of signing keys.
const (
	// RSA2048 signs with PKCS #1 v1.5 and SHA-256 (RS256). The public exponent is 65537.
	RSA2048 KeyType = "rsa-2048"
	// P256 signs with ECDSA and SHA-256 (ES256), signatures in DER.
	P256 KeyType = "ec-p256"
)

var (
	// ErrNotFound says that no key of the asked sort has the alias: make or import one.
	ErrNotFound = errors.New("no such key")
	// ErrExists says that the alias is taken: use that key or delete it first.
	ErrExists = errors.New("alias is taken")
)

// Bounds of a MAC secret in bytes.
const (
	minSecret = sha256.Size
	maxSecret = 1024
)

// Store keeps keys by alias. An alias is 1 to 64 characters of a-z, 0-9 and "-" and names one key, signing or MAC; another
// alias or key type is refused as invalid_config before anything is done. What a method made, replaced or deleted is
// durable when it returns nil, and seen by every later call of the same store. Methods that change the store take turns.
type Store interface {
	// Generate makes a signing key inside the store. A taken alias is ErrExists.
	Generate(alias string, t KeyType) (crypto.Signer, error)
	// Signer opens a signing key; what it returns is a crypto.MessageSigner too and signs with SHA-256 only. An absent key
	// is ErrNotFound, one that is there and cannot be read is key_lost.
	Signer(alias string) (crypto.Signer, error)
	// ImportMAC stores a secret of 32 to 1024 bytes, and replaces one of that alias; secrets of other lengths are
	// invalid_config. An alias that a signing key has is ErrExists. A MAC that was opened before may go on with the secret
	// it was opened with: open it anew.
	ImportMAC(alias string, secret []byte) error
	// GenerateMAC makes a random secret of 32 bytes inside the store. A taken alias is ErrExists.
	GenerateMAC(alias string) error
	// MAC opens a MAC key. Errors as for Signer.
	MAC(alias string) (MAC, error)
	// Delete removes the key of that alias, readable or not; an absent one is no error. What was opened before must not be
	// used any more.
	Delete(alias string) error
}

// MAC computes HMAC-SHA256 under a key of the store.
type MAC interface {
	// Sum is the MAC of message; message is not kept. It fails only when the store lost the key or does not answer.
	Sum(message []byte) ([sha256.Size]byte, error)
}

// checkAlias keeps aliases such that they are a file's name on any file system.
func checkAlias(op, alias string) error {
	ok := len(alias) >= 1 && len(alias) <= 64
	for i := range len(alias) {
		c := alias[i]
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !ok {
		return fault.New(fault.InvalidConfig, op, "an alias is 1 to 64 characters of a-z, 0-9 and -")
	}
	return nil
}

func checkType(op string, t KeyType) error {
	if t != RSA2048 && t != P256 {
		return fault.New(fault.InvalidConfig, op, fmt.Sprintf("a key is of type %q or %q", RSA2048, P256))
	}
	return nil
}

func checkSecret(op string, secret []byte) error {
	if len(secret) < minSecret || len(secret) > maxSecret {
		return fault.New(fault.InvalidConfig, op,
			fmt.Sprintf("the MAC secret has %d bytes; it needs %d to %d", len(secret), minSecret, maxSecret))
	}
	return nil
}

func absent(op, alias string) error { return fmt.Errorf("%s %q: %w", op, alias, ErrNotFound) }

func taken(op, alias string) error { return fmt.Errorf("%s %q: %w", op, alias, ErrExists) }

// lost is a key that is there and cannot be used, with the way out.
func lost(op, alias string, err error) error {
	return &fault.Fault{
		Code: fault.KeyLost, Op: op, Err: err,
		Detail: fmt.Sprintf("key %q cannot be used: delete it, make or import it anew, then pair or activate again", alias),
	}
}
