package posstream

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // a named legacy padding of the protocol.
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/smartpos-go/terminal/fault"
)

// RSA is the padding under which a DEK travels. Nothing on the wire says which: both ends are configured alike.
type RSA string

// Paddings of RSA.
const (
	// OAEPSHA256 is the default.
	OAEPSHA256 RSA = "oaep-sha256"
	// OAEPSHA1 and PKCS1 are for POS that know no other. PKCS1 is PKCS#1 v1.5, which has a history of oracles: here every
	// connection has a key of its own and ends at the first failure.
	OAEPSHA1 RSA = "oaep-sha1"
	PKCS1    RSA = "pkcs1"
)

func (r RSA) hash() hash.Hash {
	if r == OAEPSHA1 {
		return sha1.New() //nolint:gosec // as above.
	}
	return sha256.New()
}

// limit is the longest clear text, in bytes.
func (r RSA) limit(key *rsa.PublicKey) int {
	if r == PKCS1 {
		return key.Size() - 11
	}
	return key.Size() - 2*r.hash().Size() - 2
}

// Wrap encrypts for the POS that has the private key.
func (r RSA) Wrap(key *rsa.PublicKey, clear []byte) (wrapped []byte, err error) {
	switch r {
	case OAEPSHA256, OAEPSHA1:
		wrapped, err = rsa.EncryptOAEP(r.hash(), rand.Reader, key, clear, nil)
	case PKCS1:
		wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, key, clear) //nolint:staticcheck // a named legacy padding of the protocol.
	default:
		err = fmt.Errorf("there is no padding %q", string(r))
	}
	if err != nil {
		return nil, fmt.Errorf("posstream: RSA: %w", err)
	}
	return wrapped, nil
}

// Unwrap is the POS's side of Wrap. Every failure is ErrDecrypt.
func (r RSA) Unwrap(key *rsa.PrivateKey, wrapped []byte) (clear []byte, err error) {
	switch r {
	case OAEPSHA256, OAEPSHA1:
		clear, err = rsa.DecryptOAEP(r.hash(), nil, key, wrapped, nil)
	case PKCS1:
		clear, err = rsa.DecryptPKCS1v15(nil, key, wrapped) //nolint:staticcheck // a named legacy padding of the protocol.
	default:
		return nil, ErrDecrypt
	}
	if err != nil {
		return nil, ErrDecrypt
	}
	return clear, nil
}

var errPublicKey = fault.New(fault.MessageInvalid, "posstream: init_client", "msg_data is no RSA public key of 2048 to 4096 bits (PEM, or base64 of DER)")

// parsePublicKey reads msg_data of init_client: a SubjectPublicKeyInfo as PEM, or as base64 of its DER.
func parsePublicKey(text string) (*rsa.PublicKey, error) {
	var der []byte
	if block, rest := pem.Decode([]byte(text)); block != nil {
		if block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
			return nil, errPublicKey
		}
		der = block.Bytes
	} else {
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil {
			return nil, errPublicKey
		}
		der = decoded
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errPublicKey
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minRSABits || key.N.BitLen() > maxRSABits {
		return nil, errPublicKey
	}
	// What package rsa would refuse later, as a failure of ours: an even modulus, an exponent that is even, 1, or above 31 bits.
	if key.N.Bit(0) == 0 || key.E < 3 || key.E%2 == 0 || key.E > math.MaxInt32 {
		return nil, errPublicKey
	}
	return key, nil
}
