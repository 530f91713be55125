package macs

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

const (
	// runRows is how many hashes are sorted in memory at once.
	runRows = 1 << 18
	// runBuffer is what is read ahead of each run while runs are merged.
	runBuffer = 32 << 10
)

// repeats is a bit for every hash of a draft that was given before.
type repeats struct {
	bits  []uint64
	count int64
}

func (r *repeats) add(at uint32) {
	r.bits[at/64] |= 1 << (at % 64)
	r.count++
}

func (r *repeats) has(at uint32) bool { return r.bits[at/64]&(1<<(at%64)) != 0 }

// repeats sorts a draft in runs on disk and merges them: equal hashes then follow each other, the first given first.
func (d *Draft) repeats(ctx context.Context) (found repeats, err error) {
	file, err := d.server.unnamed()
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	runs, err := d.sortRuns(ctx, file)
	if err != nil {
		return found, err
	}
	found.bits = make([]uint64, d.rows/64+1)
	var last [hashBytes]byte
	for i := range d.rows {
		if i%(1<<16) == 0 && ctx.Err() != nil {
			return found, ctx.Err()
		}
		first := slices.MinFunc(runs, func(a, b *run) int { return a.row.compare(&b.row) })
		if i > 0 && first.row.hash == last {
			found.add(first.row.at)
		}
		last = first.row.hash
		if err := first.next(); errors.Is(err, io.EOF) {
			runs = slices.DeleteFunc(runs, func(r *run) bool { return r == first })
		} else if err != nil {
			return found, err
		}
	}
	return found, nil
}

// sortRuns writes a draft into a file, run by run.
func (d *Draft) sortRuns(ctx context.Context, file *os.File) (runs []*run, err error) {
	out := bufio.NewWriterSize(file, 1<<16)
	rows := make([]numbered, 0, min(runRows, d.rows))
	begin := int64(0)
	err = d.each(func(at uint32, hash *[hashBytes]byte) error {
		rows = append(rows, numbered{*hash, at})
		if len(rows) < runRows && at < d.rows-1 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		slices.SortFunc(rows, func(a, b numbered) int { return a.compare(&b) })
		var text [numberedBytes]byte
		for i := range rows {
			rows[i].encode(&text)
			_, _ = out.Write(text[:]) // a bufio.Writer keeps its first error for Flush
		}
		size := int64(len(rows)) * numberedBytes
		runs = append(runs, &run{in: bufio.NewReaderSize(io.NewSectionReader(file, begin, size), runBuffer)})
		begin += size
		rows = rows[:0]
		return out.Flush()
	})
	for _, r := range runs {
		err = errors.Join(err, r.next())
	}
	return runs, err
}

// run is sorted hashes in a file; row is the first that was not taken yet.
type run struct {
	in  *bufio.Reader
	row numbered
}

// next takes row; io.EOF when it was the last.
func (r *run) next() error {
	var text [numberedBytes]byte
	_, err := io.ReadFull(r.in, text[:])
	r.row.decode(&text)
	return err
}

// numbered is a hash and its place among those given.
type numbered struct {
	hash [hashBytes]byte
	at   uint32
}

const numberedBytes = hashBytes + 4

func (n *numbered) encode(text *[numberedBytes]byte) {
	copy(text[:], n.hash[:])
	binary.BigEndian.PutUint32(text[hashBytes:], n.at)
}

func (n *numbered) decode(text *[numberedBytes]byte) {
	copy(n.hash[:], text[:])
	n.at = binary.BigEndian.Uint32(text[hashBytes:])
}

func (n *numbered) compare(other *numbered) int {
	if order := bytes.Compare(n.hash[:], other.hash[:]); order != 0 {
		return order
	}
	return int(int64(n.at) - int64(other.at))
}
