package offline

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sort"
)

// binRanges answers from memory which PANs lie in a BIN range. Ranges of a server overlap and nest; flattened, at most one
// interval can hold a PAN, and it is found by halving. Immutable, safe for concurrent use.
type binRanges struct {
	meta listMeta
	// los and his are the ends of the intervals, both inclusive, in rising order.
	los, his []uint64
	// top[t] is the first interval that ends at or above the first number with the leading digits t: the halving
	// starts with what shares five digits with the PAN.
	top []uint32
}

// Leading digits of the top table, and the numbers of 19 digits that share them.
const (
	topEntries = 100_000
	topSpan    = 100_000_000_000_000
)

// minPAN is the length of the shortest PAN.
const minPAN = 12

// flatten turns ranges into the fewest disjoint intervals of the same numbers, sorted. It uses ranges up.
func flatten(ranges []interval) []interval {
	slices.SortFunc(ranges, func(a, b interval) int { return cmp.Compare(a.lo, b.lo) })
	flat := ranges[:0]
	for _, r := range ranges {
		last := len(flat) - 1
		if last < 0 || r.lo > flat[last].hi+1 { // 19 digits: one more is no overflow
			flat = append(flat, r)
			continue
		}
		flat[last].hi = max(flat[last].hi, r.hi)
	}
	return flat
}

// digestOf names the content of flattened ranges.
func digestOf(flat []interval) [32]byte {
	digest := sha256.New()
	var both [16]byte
	for _, r := range flat {
		binary.BigEndian.PutUint64(both[:8], r.lo)
		binary.BigEndian.PutUint64(both[8:], r.hi)
		_, _ = digest.Write(both[:]) // a hash never fails
	}
	return [32]byte(digest.Sum(nil))
}

// newBINRanges readies flattened ranges for matching.
func newBINRanges(meta listMeta, flat []interval) *binRanges {
	r := &binRanges{meta: meta, los: make([]uint64, len(flat)), his: make([]uint64, len(flat)), top: make([]uint32, topEntries+1)}
	for i, one := range flat {
		r.los[i], r.his[i] = one.lo, one.hi
	}
	next := 0
	for t := range r.top {
		for next < len(flat) && r.his[next] < uint64(t)*topSpan { //nolint:gosec // never negative.
			next++
		}
		r.top[t] = uint32(next) //nolint:gosec // at most maxRanges.
	}
	return r
}

// Meta describes the list.
func (r *binRanges) Meta() listMeta { return r.meta }

// contains reports whether a PAN of 12 to 19 ASCII digits, padded with 0 to 19, lies in a range (protocol section 1.4).
// Anything else is in none.
func (r *binRanges) contains(pan []byte) bool {
	if len(pan) < minPAN {
		return false
	}
	value, ok := padded(pan, '0')
	return ok && r.match(value)
}

func (r *binRanges) match(value uint64) bool {
	t := value / topSpan
	first, end := int(r.top[t]), int(r.top[t+1])
	i := first + sort.Search(end-first, func(i int) bool { return r.his[first+i] >= value })
	return i < len(r.his) && r.los[i] <= value
}
