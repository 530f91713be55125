package jwtsign

import (
	"bytes"
	"crypto/elliptic"
	"errors"
)

// scalarSize is the size of r and of s for P-256 in bytes.
const scalarSize = 32

// DER tags.
const (
	tagInteger  = 0x02
	tagSequence = 0x30
)

var p256Order = elliptic.P256().Params().N.FillBytes(make([]byte, scalarSize))

var errDER = errors.New("the key's ECDSA signature is not DER of r and s below the order of P-256")

// rawFromDER turns an ECDSA signature from SEQUENCE { r, s INTEGER } into r‖s, 64 bytes (RFC 7518 section 3.4). It takes
// nothing but the one DER form of a possible signature: 1 ≤ r, s < n, minimal integers and lengths, nothing after them.
// encoding/asn1 would let more integers follow in the sequence.
func rawFromDER(der []byte) ([]byte, error) {
	// Every length of a P-256 signature is below 128 and so takes one byte.
	if len(der) < 2 || der[0] != tagSequence || der[1] > 127 || int(der[1]) != len(der)-2 {
		return nil, errDER
	}
	raw := make([]byte, 2*scalarSize)
	rest, ok := scalar(raw[:scalarSize], der[2:])
	if ok {
		rest, ok = scalar(raw[scalarSize:], rest)
	}
	if !ok || len(rest) != 0 {
		return nil, errDER
	}
	return raw, nil
}

// scalar reads an INTEGER off der into the 32 bytes of out and gives what follows it.
func scalar(out, der []byte) (rest []byte, ok bool) {
	if len(der) < 2 || der[0] != tagInteger || der[1] == 0 || int(der[1]) > len(der)-2 {
		return nil, false
	}
	n := int(der[1])
	value, rest := der[2:2+n], der[2+n:]
	if value[0] == 0 {
		// A zero byte in front is there to keep the number from being negative, or else the number is 0 or not minimal.
		if len(value) == 1 || value[1] < 0x80 {
			return nil, false
		}
		value = value[1:]
	} else if value[0] >= 0x80 {
		return nil, false
	}
	if len(value) > scalarSize {
		return nil, false
	}
	copy(out[scalarSize-len(value):], value)
	return rest, bytes.Compare(out, p256Order) < 0
}
