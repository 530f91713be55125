package keystore

import (
	"bytes"
	"crypto"
	"crypto/cipher"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
)

// A sealed file is
//
//	magic "SPKS" | version 1 | kind | nonce, 12 bytes | AES-256-GCM of the secret, tag included
//
// where the secret is PKCS #8 DER or the bytes of a MAC secret. Everything before the nonce, and the alias, is authenticated
// with it, so that neither a file under another alias nor a changed kind opens.
const (
	magic       = "SPKS"
	version     = 1
	headerSize  = len(magic) + 2
	nonceSize   = 12
	sealedExtra = headerSize + nonceSize + 16
	// maxSealed bounds what is read: an RSA-2048 key takes about 1.3 kB.
	maxSealed = 4096
)

type kind byte

const (
	kindRSA  kind = 1
	kindP256 kind = 2
	kindMAC  kind = 3
)

func kindOf(t KeyType) kind {
	if t == RSA2048 {
		return kindRSA
	}
	return kindP256
}

func header(k kind) []byte { return append([]byte(magic), version, byte(k)) }

// bound is what the seal covers beside the secret. The header has a fixed length, so the two cannot be taken for each other.
func bound(k kind, alias string) []byte { return append(header(k), alias...) }

func seal(aead cipher.AEAD, random io.Reader, alias string, k kind, secret []byte) ([]byte, error) {
	file := append(header(k), make([]byte, nonceSize)...)
	nonce := file[headerSize:]
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("random nonce: %w", err)
	}
	return aead.Seal(file, nonce, secret, bound(k, alias)), nil
}

var errSeal = errors.New("the file is damaged, belongs to another alias, or was sealed with another key")

// unseal opens a file. On error the secret is nil and nothing of the file may be believed, its kind included.
func unseal(aead cipher.AEAD, alias string, file []byte) (k kind, secret []byte, err error) {
	switch {
	case len(file) < sealedExtra:
		return 0, nil, errors.New("the file is cut")
	case len(file) > maxSealed:
		return 0, nil, errors.New("the file is too long")
	case !bytes.HasPrefix(file, []byte(magic)):
		return 0, nil, errors.New("not a key file")
	case file[len(magic)] != version:
		return 0, nil, fmt.Errorf("format version %d; this library reads %d", file[len(magic)], version)
	}
	k = kind(file[len(magic)+1])
	nonce, sealed := file[headerSize:headerSize+nonceSize], file[headerSize+nonceSize:]
	secret, err = aead.Open(nil, nonce, sealed, bound(k, alias))
	if err != nil {
		return 0, nil, errSeal
	}
	return k, secret, nil
}

// parse makes a usable key, a *softwareKey or a *softwareMAC, of an opened secret.
func parse(k kind, secret []byte) (any, error) {
	switch k {
	case kindMAC:
		if len(secret) < minSecret || len(secret) > maxSecret {
			return nil, errors.New("MAC secret of a wrong length")
		}
		return newSoftwareMAC(secret), nil
	case kindRSA, kindP256:
		key, err := x509.ParsePKCS8PrivateKey(secret)
		if err != nil {
			return nil, errors.New("not a PKCS #8 key") // the cause could quote the key
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, errors.New("not a signing key")
		}
		t, err := typeOf(signer.Public())
		if err != nil {
			return nil, err
		}
		if kindOf(t) != k {
			return nil, errors.New("key of another type than the file says")
		}
		return newSoftwareKey(signer), nil
	}
	return nil, fmt.Errorf("unknown kind %d", k)
}
