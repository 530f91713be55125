package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
)

// rsaExponent is the only public exponent that MACS takes (protocol section 1.2).
const rsaExponent = 65537

// Fingerprint names a public key wherever people compare keys: "SHA256:" and the standard base64 without padding of SHA-256
// over the DER SubjectPublicKeyInfo.
func Fingerprint(pub crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("keystore: fingerprint: %w", err)
	}
	sum := sha256.Sum256(der)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:]), nil
}

// typeOf is the type of a public key; keys that no KeyType describes are refused.
func typeOf(pub crypto.PublicKey) (KeyType, error) {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() != 2048 || pub.E != rsaExponent {
			return "", fmt.Errorf("RSA key of %d bits with exponent %d; only 2048 bits with %d are used", pub.N.BitLen(), pub.E, rsaExponent)
		}
		return RSA2048, nil
	case *ecdsa.PublicKey:
		if pub.Curve != elliptic.P256() {
			return "", errors.New("EC key on another curve than P-256")
		}
		return P256, nil
	}
	return "", fmt.Errorf("key of type %T; only RSA and EC keys are used", pub)
}

// verify checks a signature of a key whose type was checked.
func verify(pub crypto.PublicKey, message, signature []byte) error {
	digest := sha256.Sum256(message)
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], signature); err != nil {
			return errors.New("signature does not fit the public key")
		}
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(pub, digest[:], signature) {
			return errors.New("signature does not fit the public key")
		}
	}
	return nil
}

// checkOpts lets through what a KeyType means and nothing else: another padding or hash would make a signature that no
// server of ours takes, or open a key to a use it was not made for.
func checkOpts(opts crypto.SignerOpts) error {
	if _, pss := opts.(*rsa.PSSOptions); pss {
		return errors.New("keystore: sign: RSA-PSS is not supported; use crypto.SHA256 for PKCS #1 v1.5")
	}
	if opts == nil || opts.HashFunc() != crypto.SHA256 {
		return errors.New("keystore: sign: only crypto.SHA256 is supported")
	}
	return nil
}
