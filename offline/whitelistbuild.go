package offline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

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

// writeBuckets writes every hash of the spill, sorted and once, and fills in count and digest. While one group is written the
// next is sorted.
func writeBuckets(ctx context.Context, c *listConn, hashes *spill, bits int, meta *listMeta) (err error) {
	insert, err := c.prepare("INSERT INTO bucket(id, suffixes) VALUES(?, ?)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.close()) }()
	ctx, stop := context.WithCancel(ctx)
	sorter := newBucketSorter(hashes, bits)
	go sorter.run(ctx)
	defer func() {
		stop()
		for range sorter.sorted { // closed when the sorter has ended
		}
	}()
	w := bucketWriter{insert: insert, skip: bits / 8}
	for group := range sorter.sorted {
		if err := w.write(group); err != nil {
			return err
		}
		sorter.spare <- group
	}
	meta.Count = sorter.count
	sorter.digest.Sum(meta.SHA256[:0])
	return sorter.err
}

// bucketWriter writes bucket after bucket.
type bucketWriter struct {
	insert   *statement
	skip     int // leading bytes of a hash that its bucket's number tells
	suffixes []byte
}

func (w *bucketWriter) write(group *bucketGroup) error {
	for i := range group.buckets() {
		rows := group.bucket(i)
		if len(rows) == 0 {
			continue
		}
		w.suffixes = w.suffixes[:0]
		for j := range rows {
			w.suffixes = append(w.suffixes, rows[j][w.skip:]...)
		}
		if err := w.insert.exec(group.base+int64(i), w.suffixes); err != nil {
			return err
		}
	}
	return nil
}
