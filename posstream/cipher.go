package posstream

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
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
	clear, good := c.open(dst, sealed)
	if !good {
		return nil, ErrDecrypt
	}
	return clear, nil
}

// open is Open for whoever checks the clear text as well: under CBC it gives one even where the padding is wrong, and takes the same
// time, so that checking it too leaves nothing by which padding and text could be told apart.
func (c *Cipher) open(dst, sealed []byte) (clear []byte, good bool) {
	if c.aead != nil {
		size := c.aead.NonceSize()
		if len(sealed) < size {
			return nil, false
		}
		clear, err := c.aead.Open(dst, sealed[:size], sealed[size:], nil)
		return clear, err == nil
	}
	if len(sealed) < 2*aes.BlockSize || len(sealed)%aes.BlockSize != 0 {
		return nil, false
	}
	iv, body := sealed[:aes.BlockSize], sealed[aes.BlockSize:]
	start := len(dst)
	dst = slices.Grow(dst, len(body))[:start+len(body)]
	cipher.NewCBCDecrypter(c.block, iv).CryptBlocks(dst[start:], body)
	pad := padding(dst[len(dst)-aes.BlockSize:])
	return dst[:len(dst)-pad], pad > 0
}

// padding is how many bytes of PKCS#7 a last block ends with, 0 when it is wrong, found in constant time.
func padding(block []byte) int {
	last := block[len(block)-1]
	pad := int(last)
	good := subtle.ConstantTimeLessOrEq(1, pad) & subtle.ConstantTimeLessOrEq(pad, len(block))
	for i, b := range block {
		before := subtle.ConstantTimeLessOrEq(i+pad+1, len(block))
		good &= before | subtle.ConstantTimeByteEq(b, last)
	}
	return subtle.ConstantTimeSelect(good, pad, 0)
}
