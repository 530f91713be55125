package offline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/smartpos-go/terminal/fault"
)

// buildOptions say where a list file comes from and goes to.
type buildOptions struct {
	Dir      string           // for temporary files
	Path     string           // the file to create
	ETag     string           // of the download
	Progress func(rows int64) // may be nil; every 64 Ki rows
}

const whitelistSchema = "CREATE TABLE bucket(id INTEGER PRIMARY KEY, suffixes BLOB NOT NULL);" + metaSchema

// bucketRows is the most hashes a bucket has on average: a row of 20 and its neighbours fill a page well.
const bucketRows = 20

// maxPartition bounds the memory of a build. Evenly spread hashes reach it beyond maxHashes only.
const maxPartition = 32 << 20

// maxBucket bounds what a lookup reads, to 8 MiB. Evenly spread hashes stay below 100; lists that were made up for tests may not.
const maxBucket = 1 << 18

// errUneven is a list that was not made by HMAC-SHA256.
var errUneven = fault.New(fault.InvalidList, "offline: build whitelist", "hashes are not evenly spread, so not HMAC-SHA256")

// bucketBits is how many leading bits of a hash number its bucket.
func bucketBits(rows int64) int {
	bits := 0
	for rows>>bits > bucketRows {
		bits++
	}
	return bits
}

// bucketOf numbers the bucket of a hash.
func bucketOf(hash *[hashBytes]byte, bits int) int64 {
	return int64(binary.BigEndian.Uint64(hash[:8]) >> 1 >> (63 - bits)) //nolint:gosec // at most 63 bits.
}

// buildWhitelist streams the body of whitelisted_pans (protocol section 1.4) into a new list file: scanned into partitions on
// disk, then sorted and written partition by partition, in memory that does not grow with the list. The file is on disk when
// it returns; after an error there is none. Errors: invalid_list; those of body, disk and ctx come wrapped.
func buildWhitelist(ctx context.Context, body io.Reader, o buildOptions) (meta listMeta, err error) {
	hashes, err := newSpill(o.Dir)
	if err != nil {
		return listMeta{}, err
	}
	defer func() { _ = hashes.close() }()
	head, err := scanHashes(ctx, body, hashes.add, o.Progress)
	if err != nil {
		return listMeta{}, err
	}
	meta = listMeta{GeneratedAt: head.generatedAt, ETag: o.ETag, Received: head.rows}
	err = createList(o.Path, whitelistSchema, func(c *listConn) error {
		bits := bucketBits(head.rows)
		if err := writeBuckets(ctx, c, hashes, bits, &meta); err != nil {
			return err
		}
		return c.writeMeta(meta, "bits", int64(bits))
	})
	if err != nil {
		return listMeta{}, fmt.Errorf("offline: build whitelist: %w", err)
	}
	return meta, nil
}

// writeBuckets writes every hash of the spill, sorted and once, and fills in count and digest.
func writeBuckets(ctx context.Context, c *listConn, hashes *spill, bits int, meta *listMeta) (err error) {
	insert, err := c.prepare("INSERT INTO bucket(id, suffixes) VALUES(?, ?)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.close()) }()
	w := bucketWriter{insert: insert, skip: bits / 8, digest: sha256.New()}
	// A group is what holds whole buckets: of a short list several partitions, of a long one a partition of many buckets.
	group := partitions >> min(bits, 8)
	s := newBucketSorter(bits, int64(1)<<max(bits-8, 0))
	for first := 0; first < partitions; first += group {
		if err := ctx.Err(); err != nil {
			return err //nolint:wrapcheck // wrapped by the caller.
		}
		if err := s.load(hashes, first, first+group); err != nil {
			return err
		}
		for i := range len(s.ends) - 1 {
			if err := w.write(s.base+int64(i), s.rows[s.ends[i]:s.ends[i+1]]); err != nil {
				return err
			}
		}
	}
	meta.Count = w.count
	w.digest.Sum(meta.SHA256[:0])
	return nil
}

// bucketSorter holds one group of partitions, its hashes ordered by bucket.
type bucketSorter struct {
	bits int
	rows [][hashBytes]byte
	ends []int // bucket base+i is rows[ends[i]:ends[i+1]]
	base int64
	buf  []byte
}

func newBucketSorter(bits int, buckets int64) *bucketSorter {
	return &bucketSorter{bits: bits, ends: make([]int, buckets+1), buf: make([]byte, chunkBytes)}
}

// load reads partitions twice, to count and to place, which needs half the memory of sorting them from one slice to another.
func (s *bucketSorter) load(hashes *spill, first, end int) error {
	total := hashes.rows(first, end)
	if total > maxPartition/hashBytes {
		return errUneven
	}
	n := int(total)
	if cap(s.rows) < n {
		s.rows = make([][hashBytes]byte, n+n/8) // the next ones are hardly longer
	}
	s.rows = s.rows[:n]
	lowest := [hashBytes]byte{byte(first)} //nolint:gosec // below 256.
	s.base = bucketOf(&lowest, s.bits)
	clear(s.ends)
	err := hashes.each(first, end, s.buf, func(hash *[hashBytes]byte) { s.ends[bucketOf(hash, s.bits)-s.base]++ })
	if err != nil {
		return err
	}
	// From the end of each bucket downwards: when all are placed, every number is where its bucket begins.
	sum := 0
	for i, count := range s.ends {
		sum += count
		s.ends[i] = sum
	}
	return hashes.each(first, end, s.buf, func(hash *[hashBytes]byte) {
		bucket := bucketOf(hash, s.bits) - s.base
		s.ends[bucket]--
		s.rows[s.ends[bucket]] = *hash
	})
}

// bucketWriter writes bucket after bucket.
type bucketWriter struct {
	insert   *statement
	skip     int // leading bytes of a hash that its bucket's number tells
	digest   hash.Hash
	count    int64
	sorted   []byte
	suffixes []byte
}

func (w *bucketWriter) write(id int64, rows [][hashBytes]byte) error {
	if len(rows) == 0 {
		return nil
	}
	sortHashes(rows)
	rows = slices.Compact(rows)
	if len(rows) > maxBucket {
		return errUneven
	}
	w.sorted, w.suffixes = w.sorted[:0], w.suffixes[:0]
	for i := range rows {
		w.sorted = append(w.sorted, rows[i][:]...)
		w.suffixes = append(w.suffixes, rows[i][w.skip:]...)
	}
	_, _ = w.digest.Write(w.sorted) // a hash never fails
	w.count += int64(len(rows))
	return w.insert.exec(id, w.suffixes)
}

func sortHashes(rows [][hashBytes]byte) {
	slices.SortFunc(rows, func(a, b [hashBytes]byte) int { return bytes.Compare(a[:], b[:]) })
}
