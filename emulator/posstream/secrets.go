package posstream

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // a named legacy padding of the protocol.
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"strings"
)

// What a client application's registration can be besides good.
var (
	errSealed = errors.New("the registration does not open")
	errForm   = errors.New("the registration has the wrong form")
)

// registration is what register_client brings.
type registration struct {
	dek           []byte
	keyID, secret string
}

// publicText is msg_data of init_client.
func publicText(key *rsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// readRegistration opens msg_data of register_client: all of it under RSA, or the DEK under RSA and the rest under the DEK.
func readRegistration(mode, aesMode string, key *rsa.PrivateKey, data string) (registration, error) {
	var r registration
	var inner []byte
	if strings.HasPrefix(strings.TrimSpace(data), "{") {
		var outer struct{ DEK, Data string }
		if json.Unmarshal([]byte(data), &outer) != nil {
			return r, errForm
		}
		dek, err := unwrap(mode, key, outer.DEK)
		if err != nil {
			return r, err
		}
		sealed, err := base64.StdEncoding.DecodeString(outer.Data)
		if err != nil || len(dek) != 32 {
			return r, errForm
		}
		if inner, err = unseal(aesMode, dek, sealed); err != nil {
			return r, err
		}
		r.dek = dek
	} else {
		var err error
		if inner, err = unwrap(mode, key, data); err != nil {
			return r, err
		}
	}
	var said struct {
		DEK    string `json:"dek"`
		KeyID  string `json:"key_id"`
		Secret string `json:"secret_key"`
	}
	if json.Unmarshal(inner, &said) != nil {
		return r, errForm
	}
	if r.dek == nil {
		r.dek, _ = base64.StdEncoding.DecodeString(said.DEK) // what is no base64 has no 32 bytes
	}
	if len(r.dek) != 32 {
		return r, errForm
	}
	r.keyID, r.secret = said.KeyID, said.Secret
	return r, nil
}

func unwrap(mode string, key *rsa.PrivateKey, encoded string) ([]byte, error) {
	wrapped, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errSealed
	}
	var clear []byte
	switch mode {
	case "pkcs1":
		clear, err = rsa.DecryptPKCS1v15(nil, key, wrapped) //nolint:staticcheck // a named legacy padding of the protocol.
	case "oaep-sha1":
		clear, err = rsa.DecryptOAEP(sha1.New(), nil, key, wrapped, nil) //nolint:gosec // as above.
	default:
		clear, err = rsa.DecryptOAEP(sha256.New(), nil, key, wrapped, nil)
	}
	if err != nil {
		return nil, errSealed
	}
	return clear, nil
}

// unseal opens what stands under the DEK.
func unseal(mode string, dek, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(dek)
	if err != nil {
		return nil, errSealed
	}
	if mode == "gcm" {
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, errSealed
		}
		clear, err := aead.Open(nil, nil, sealed, nil)
		if err != nil {
			return nil, errSealed
		}
		return clear, nil
	}
	if len(sealed) < 32 || len(sealed)%16 != 0 {
		return nil, errSealed
	}
	clear := make([]byte, len(sealed)-16)
	cipher.NewCBCDecrypter(block, sealed[:16]).CryptBlocks(clear, sealed[16:])
	pad := int(clear[len(clear)-1])
	if pad < 1 || pad > 16 || strings.Trim(string(clear[len(clear)-pad:]), string(clear[len(clear)-1:])) != "" {
		return nil, errSealed
	}
	return clear[:len(clear)-pad], nil
}

// sealer puts payloads under the DEK, each under a fresh IV or nonce.
func sealer(mode string, dek []byte) (func(clear []byte) (string, error), error) {
	block, err := aes.NewCipher(dek)
	if err != nil {
		return nil, err
	}
	if mode == "gcm" {
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		return func(clear []byte) (string, error) {
			return base64.StdEncoding.EncodeToString(aead.Seal(nil, nil, clear, nil)), nil //nolint:gosec // it makes the nonce itself.
		}, nil
	}
	return func(clear []byte) (string, error) {
		pad := 16 - len(clear)%16
		sealed := make([]byte, 16+len(clear)+pad)
		if _, err := io.ReadFull(rand.Reader, sealed[:16]); err != nil {
			return "", err
		}
		copy(sealed[16:], clear)
		for i := range pad {
			sealed[16+len(clear)+i] = byte(pad)
		}
		cipher.NewCBCEncrypter(block, sealed[:16]).CryptBlocks(sealed[16:], sealed[16:]) //nolint:gosec // random, above.
		return base64.StdEncoding.EncodeToString(sealed), nil
	}, nil
}
