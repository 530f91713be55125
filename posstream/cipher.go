package posstream

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"io"
	"slices"

	"github.com/smartpos-go/terminal/fault"
)

// AES is the mode of msg_data. Nothing on the wire says which: both ends are configured alike.
type AES string

// Modes of AES-256.
const (
	// CBC with PKCS#7, the 16-byte IV before the ciphertext: the default. It does not tell a changed message for sure.
	CBC AES = "cbc"
	// GCM with its 12-byte nonce before and its 16-byte tag behind the ciphertext, no additional data.
	GCM AES = "gcm"
)

// ErrDecrypt is the one error of everything that does not open, so that nobody learns from it why.
var ErrDecrypt error = fault.New(fault.DecryptFailed, "posstream: decrypt", "another key or mode, or the data was changed on its way")

// Cipher seals and opens msg_data under one DEK. Make one with NewCipher.
type Cipher struct {
	block  cipher.Block
	aead   cipher.AEAD // nil for CBC
	random io.Reader
}

// NewCipher takes a DEK of 32 bytes, which it does not keep.
func NewCipher(mode AES, dek []byte) (*Cipher, error) {
	if len(dek) != dekSize {
		return nil, fmt.Errorf("posstream: a DEK has %d bytes, not %d", dekSize, len(dek))
	}
	block, err := aes.NewCipher(dek)
	if err != nil {
		return nil, fmt.Errorf("posstream: DEK: %w", err)
	}
	c := &Cipher{block: block, random: rand.Reader}
	switch mode {
	case CBC:
	case GCM:
		if c.aead, err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("posstream: DEK: %w", err)
		}
	default:
		return nil, fmt.Errorf("posstream: there is no AES mode %q", mode)
	}
	return c, nil
}

// Seal encrypts under a fresh IV or nonce and appends the outcome to dst, before base64. clear and dst must not overlap.
func (c *Cipher) Seal(dst, clear []byte) ([]byte, error) {
	start, prefix := len(dst), aes.BlockSize
	if c.aead != nil {
		prefix = c.aead.NonceSize()
	}
	dst = slices.Grow(dst, prefix+len(clear)+aes.BlockSize)[:start+prefix]
	iv := dst[start:]
	if _, err := io.ReadFull(c.random, iv); err != nil {
		return nil, fmt.Errorf("posstream: IV: %w", err)
	}
	if c.aead != nil {
		return c.aead.Seal(dst, iv, clear, nil), nil
	}
	pad := aes.BlockSize - len(clear)%aes.BlockSize
	dst = append(dst, clear...)
	for range pad {
		dst = append(dst, byte(pad))
	}
	body := dst[start+prefix:]
	cipher.NewCBCEncrypter(c.block, iv).CryptBlocks(body, body)
	return dst, nil
}

// Open decrypts what Seal made and appends the clear text to dst. Every failure is ErrDecrypt, with nil. sealed and dst must not
// overlap.
func (c *Cipher) Open(dst, sealed []byte) ([]byte, error) {
	if c.aead != nil {
		size := c.aead.NonceSize()
		if len(sealed) < size {
			return nil, ErrDecrypt
		}
		clear, err := c.aead.Open(dst, sealed[:size], sealed[size:], nil)
		if err != nil {
			return nil, ErrDecrypt
		}
		return clear, nil
	}
	if len(sealed) < 2*aes.BlockSize || len(sealed)%aes.BlockSize != 0 {
		return nil, ErrDecrypt
	}
	iv, body := sealed[:aes.BlockSize], sealed[aes.BlockSize:]
	start := len(dst)
	dst = slices.Grow(dst, len(body))[:start+len(body)]
	cipher.NewCBCDecrypter(c.block, iv).CryptBlocks(dst[start:], body)
	pad := int(dst[len(dst)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, ErrDecrypt
	}
	differs := byte(0)
	for _, b := range dst[len(dst)-pad:] {
		differs |= b ^ byte(pad)
	}
	if differs != 0 {
		return nil, ErrDecrypt
	}
	return dst[:len(dst)-pad], nil
}
