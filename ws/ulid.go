package ws

import (
	"crypto/rand"
	"time"
)

// crockford is the alphabet of a ULID: no I, L, O, U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newULID makes an identifier that sorts by time: 10 characters of milliseconds since 1970, 16 of chance.
func newULID(now time.Time) string {
	var id [26]byte
	ms := now.UnixMilli()
	for i := 9; i >= 0; i-- {
		id[i] = crockford[ms&31]
		ms >>= 5
	}
	var chance [16]byte
	_, _ = rand.Read(chance[:]) // never fails, by its contract
	for i, b := range chance {
		id[10+i] = crockford[b&31]
	}
	return string(id[:])
}
