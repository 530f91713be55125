// Package ulid makes the ids of emulated systems: 48 bits of milliseconds and 80 random ones, in Crockford's base 32.
package ulid

import (
	"fmt"
	"io"
	"time"
)

const base32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// New makes an id of 26 characters. Ids of one millisecond are in no order.
func New(random io.Reader, now time.Time) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[6:]); err != nil {
		return "", fmt.Errorf("emulator: id: %w", err)
	}
	ms := uint64(now.UnixMilli()) //nolint:gosec // a time after 1970; the rest is cut off below.
	for i := 5; i >= 0; i-- {
		raw[i] = byte(ms)
		ms >>= 8
	}
	var text [26]byte
	bits, have, at := uint(0), uint(2), 0 // 130 bits are written, the first two are 0
	for _, b := range raw {
		bits, have = bits<<8|uint(b), have+8
		for have >= 5 {
			have -= 5
			text[at] = base32[bits>>have&31]
			at++
		}
	}
	return string(text[:]), nil
}
