package offline

import (
	"context"
	"io"
)

// maxHashes bounds a whitelist: beyond it the file is larger than a terminal should be made to store.
const maxHashes = 200_000_000

// hexHash is the length of a hash as the server writes it.
const hexHash = 64

// unhex gives the value of a lower-case hex digit; of every other byte one with high bits set.
var unhex = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i, c := range []byte("0123456789abcdef") {
		table[c] = byte(i) //nolint:gosec // below 16.
	}
	return table
}()

// hashScanner reads the rows of a whitelist.
type hashScanner struct {
	*scanner
	hash [32]byte
	add  func(hash *[32]byte) error
}

// scanHashes reads the body of whitelisted_pans (protocol section 1.4) and hands each hash to add, as often and in the order
// it comes; the array behind the pointer is used again.
func scanHashes(ctx context.Context, body io.Reader, add func(hash *[32]byte) error, progress func(rows int64)) (listHead, error) {
	s := hashScanner{scanner: newScanner(ctx, "offline: read whitelist", body, maxHashes, progress), add: add}
	return s.document("hashes", s.row)
}

// row reads one hash, and before it all that come the way servers write them.
func (s *hashScanner) row() error {
	if err := s.run(); err != nil {
		return err
	}
	c, err := s.next()
	if err != nil {
		return err
	}
	if c != '"' {
		return s.invalidRow("a hash is not a string")
	}
	text, fits, err := s.str()
	if err != nil {
		return err
	}
	if !fits || len(text) != hexHash || !decodeHash(&s.hash, text) {
		return s.invalidRow("a hash is not 64 lower-case hex digits")
	}
	return s.emit()
}

// run takes hashes as long as they stand bare between quotes, with the comma at once: nearly all do, and this is what makes
// the scan as fast as the disk. What is left, right or wrong, is row's.
func (s *hashScanner) run() error {
	const size = 1 + hexHash + 2 // quote, hash, quote, comma
	for {
		if _, err := s.next(); err != nil {
			return err
		}
		if s.end-s.pos < size && !s.fill(size) {
			return nil
		}
		line := s.buf[s.pos : s.pos+size]
		if line[0] != '"' || line[size-2] != '"' || line[size-1] != ',' || !decodeHash(&s.hash, line[1:1+hexHash]) {
			return nil
		}
		s.pos += size
		if err := s.emit(); err != nil {
			return err
		}
	}
}

func (s *hashScanner) emit() error {
	if err := s.counted(); err != nil {
		return err
	}
	return s.add(&s.hash)
}

// decodeHash decodes 64 hex digits; false when one is not.
func decodeHash(hash *[32]byte, text []byte) bool {
	digits := (*[hexHash]byte)(text)
	var seen byte
	for i := range hash {
		high, low := unhex[digits[2*i]], unhex[digits[2*i+1]]
		seen |= high | low
		hash[i] = high<<4 | low
	}
	return seen < 16
}
