package offline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"
)

// bucketGroup is the whole buckets of some partitions. Once sorted, each is in order and has every hash once.
type bucketGroup struct {
	base   int64 // number of the first bucket
	rows   [][hashBytes]byte
	starts []int // bucket base+i begins at rows[starts[i]]
	counts []int // and has so many hashes
}

func (g *bucketGroup) buckets() int { return len(g.counts) }

func (g *bucketGroup) bucket(i int) [][hashBytes]byte { return g.rows[g.starts[i]:][:g.counts[i]] }

// bucketSorter sorts a spill, group by group, in a goroutine of its own. It has two groups: one is written meanwhile.
type bucketSorter struct {
	hashes *spill
	bits   int
	// A group goes from spare to the sorter, through sorted to the writer and back. sorted is closed at the end, after
	// which the fields below are final.
	spare, sorted chan *bucketGroup

	digest hash.Hash // of all sorted hashes
	count  int64
	err    error
	buf    []byte
	joined []byte
}

func newBucketSorter(hashes *spill, bits int) *bucketSorter {
	s := &bucketSorter{
		hashes: hashes, bits: bits, spare: make(chan *bucketGroup, 2), sorted: make(chan *bucketGroup),
		digest: sha256.New(), buf: make([]byte, chunkBytes),
	}
	buckets := 1 << max(bits-8, 0)
	for range cap(s.spare) {
		s.spare <- &bucketGroup{starts: make([]int, buckets), counts: make([]int, buckets)}
	}
	return s
}

// run ends with an error in s.err when ctx is cancelled or the hashes are uneven.
func (s *bucketSorter) run(ctx context.Context) {
	defer close(s.sorted)
	// A group is what holds whole buckets: of a short list several partitions, of a long one a partition of many buckets.
	step := partitions >> min(s.bits, 8)
	for first := 0; first < partitions; first += step {
		var group *bucketGroup
		select {
		case group = <-s.spare:
		case <-ctx.Done():
		}
		if s.err = ctx.Err(); s.err != nil {
			return
		}
		if s.err = s.load(group, first, first+step); s.err != nil {
			return
		}
		if s.err = s.sort(group); s.err != nil {
			return
		}
		select {
		case s.sorted <- group:
		case <-ctx.Done():
			s.err = ctx.Err()
			return
		}
	}
	_ = s.hashes.close() // nobody reads on: giving its pages back takes long enough to be done while the last are written
}

// load reads partitions twice, to count and to place, which needs half the memory of sorting them from one slice to another.
func (s *bucketSorter) load(g *bucketGroup, first, end int) error {
	total := s.hashes.rows(first, end)
	if total > maxPartition/hashBytes {
		return errUneven
	}
	n := int(total)
	if cap(g.rows) < n {
		g.rows = make([][hashBytes]byte, n+n/8) // the next ones are hardly longer
	}
	g.rows = g.rows[:n]
	lowest := [hashBytes]byte{byte(first)} //nolint:gosec // below 256.
	g.base = bucketOf(&lowest, s.bits)
	clear(g.counts)
	err := s.hashes.each(first, end, s.buf, func(hash *[hashBytes]byte) { g.counts[bucketOf(hash, s.bits)-g.base]++ })
	if err != nil {
		return err
	}
	// From the end of each bucket downwards: when all are placed, every number is where its bucket begins.
	sum := 0
	for i, count := range g.counts {
		sum += count
		g.starts[i] = sum
	}
	return s.hashes.each(first, end, s.buf, func(hash *[hashBytes]byte) {
		bucket := bucketOf(hash, s.bits) - g.base
		g.starts[bucket]--
		g.rows[g.starts[bucket]] = *hash
	})
}

// sort orders every bucket of a group, drops what comes twice and adds the rest to count and digest.
func (s *bucketSorter) sort(g *bucketGroup) error {
	for i := range g.buckets() {
		rows := g.bucket(i)
		sortHashes(rows)
		rows = slices.Compact(rows)
		if len(rows) > maxBucket {
			return errUneven
		}
		g.counts[i] = len(rows)
		s.count += int64(len(rows))
		s.joined = s.joined[:0]
		for j := range rows {
			s.joined = append(s.joined, rows[j][:]...)
		}
		_, _ = s.digest.Write(s.joined) // a hash never fails
	}
	return nil
}

// fewHashes is up to how many are sorted by insertion: a bucket of about 20 takes a fifth of the time that way.
const fewHashes = 64

func sortHashes(rows [][hashBytes]byte) {
	if len(rows) > fewHashes {
		slices.SortFunc(rows, func(a, b [hashBytes]byte) int { return bytes.Compare(a[:], b[:]) })
		return
	}
	for i := 1; i < len(rows); i++ {
		if !below(&rows[i], &rows[i-1]) {
			continue
		}
		row, at := rows[i], i
		for ; at > 0 && below(&row, &rows[at-1]); at-- {
			rows[at] = rows[at-1]
		}
		rows[at] = row
	}
}

func below(a, b *[hashBytes]byte) bool {
	if x, y := binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8]); x != y {
		return x < y
	}
	return bytes.Compare(a[8:], b[8:]) < 0
}
