// Package jwtsign signs JWTs (RFC 7519) with keys that do not leave their store: golang-jwt asks for the private key itself,
// this package for a crypto.Signer. It serves MACS requests (RS256, protocol section 1.3) and device assertions (ES256).
//
// [Sign] is the entry point. The key's type decides the algorithm: RSA of 2048 bits signs RS256, P-256 signs ES256, any
// other key is refused. There is no algorithm argument, so none can be confused.
//
// Functions and methods are safe for concurrent use if the key is.
package jwtsign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// ErrKey says that a key is neither RSA of 2048 bits with exponent 65537 nor P-256: make one of these.
var ErrKey = errors.New("only keys of type RSA-2048 with exponent 65537 and EC P-256 sign")

// Sign makes a compact JWS of claims. typ is the header's "typ"; "" is "JWT". A key that is a crypto.MessageSigner is given
// the whole message, any other a SHA-256 digest. Errors: ErrKey, and those of the key in the chain.
func Sign(key crypto.Signer, typ string, claims jwt.Claims) (string, error) {
	if key == nil {
		return "", fmt.Errorf("jwtsign: sign: no key: %w", ErrKey)
	}
	m, err := Method(key.Public())
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(m, claims)
	if typ != "" {
		token.Header["typ"] = typ
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("jwtsign: sign: %w", err)
	}
	return signed, nil
}

// Method is the one signing method for a public key. It signs with any crypto.Signer of that type of key, and verifies with
// the *rsa.PublicKey or *ecdsa.PublicKey. Other keys are ErrKey.
func Method(pub crypto.PublicKey) (jwt.SigningMethod, error) {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		if pub != nil && pub.N != nil && pub.N.BitLen() == 2048 && pub.E == 65537 {
			return rs256, nil
		}
	case *ecdsa.PublicKey:
		if pub != nil && pub.Curve == elliptic.P256() {
			return es256, nil
		}
	}
	return nil, fmt.Errorf("jwtsign: method for %T: %w", pub, ErrKey)
}

// method signs through the key, and leaves the name and verifying to golang-jwt.
type method struct {
	jwt.SigningMethod
	// encode makes the JWS signature (RFC 7518, sections 3.3 and 3.4) of what a crypto.Signer gives.
	encode func(signature []byte) ([]byte, error)
}

var (
	rs256 = &method{SigningMethod: jwt.SigningMethodRS256, encode: checkRSA}
	es256 = &method{SigningMethod: jwt.SigningMethodES256, encode: rawFromDER}
)

// Sign takes a crypto.Signer as key.
func (m *method) Sign(signingString string, key any) ([]byte, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: %T is no crypto.Signer", jwt.ErrInvalidKeyType, key)
	}
	if own, err := Method(signer.Public()); err != nil || own != jwt.SigningMethod(m) {
		return nil, errors.Join(fmt.Errorf("%w: %T does not sign %s", jwt.ErrInvalidKeyType, signer.Public(), m.Alg()), err)
	}
	signature, err := crypto.SignMessage(signer, rand.Reader, []byte(signingString), crypto.SHA256)
	if err != nil {
		return nil, err //nolint:wrapcheck // Sign of the package wraps once.
	}
	return m.encode(signature)
}

func checkRSA(signature []byte) ([]byte, error) {
	if len(signature) != 2048/8 {
		return nil, fmt.Errorf("RSA-2048 signature of %d bytes", len(signature))
	}
	return signature, nil
}
