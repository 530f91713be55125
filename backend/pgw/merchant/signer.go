package merchant

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// Signer signs for one key. It derives the key once and uses its hashes again, so that it takes a fraction of the time of
// [Scheme.Sign] for a small request. Make one with NewSigner; it is safe for concurrent use.
type Signer struct {
	scheme Scheme
	id     string
	macs   sync.Pool
}

// NewSigner returns a signer; the scheme must be [Scheme.Known].
func NewSigner(scheme Scheme, id string, secret Secret) *Signer {
	key := scheme.key(string(secret))
	return &Signer{scheme: scheme, id: id, macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// Header is the value of a request's Authorization header.
func (s *Signer) Header(m Message) string {
	return Header(s.id, m.Timestamp, s.scheme.encode(s.sum(m)))
}

// Verify reports whether a signature is that of a message, in constant time. Hex may be in either case.
func (s *Signer) Verify(m Message, signature string) bool {
	given, err := s.scheme.decode(signature)
	return err == nil && hmac.Equal(given, s.sum(m))
}

func (s *Signer) sum(m Message) []byte {
	mac := s.macs.Get().(hash.Hash) // the pool holds nothing else
	defer s.macs.Put(mac)
	mac.Reset()
	return s.scheme.sum(mac, m)
}
