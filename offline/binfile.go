package offline

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// Bounds are stored as their value less 2^63, for SQLite's integers are signed and 19 digits are not.
const (
	binSchema = "CREATE TABLE interval(lo INTEGER PRIMARY KEY, hi INTEGER NOT NULL);" + metaSchema
	signBit   = uint64(1) << 63
)

func toSigned(value uint64) int64   { return int64(value ^ signBit) }  //nolint:gosec // wraps on purpose.
func fromSigned(value int64) uint64 { return uint64(value) ^ signBit } //nolint:gosec // wraps on purpose.

// buildBINRanges reads the body of fallback_bin_ranges (protocol section 1.4) and writes its ranges, flattened, to a new list
// file. The file is on disk when it returns; after an error there is none. Errors as of buildWhitelist.
func buildBINRanges(ctx context.Context, body io.Reader, o buildOptions) (listMeta, error) {
	ranges, head, err := scanRanges(ctx, body, o.Progress)
	if err != nil {
		return listMeta{}, err
	}
	flat := flatten(ranges)
	meta := listMeta{
		Count: head.rows, Received: head.rows, GeneratedAt: head.generatedAt, ETag: o.ETag, SHA256: digestOf(flat),
	}
	err = createList(o.Path, binSchema, func(c *listConn) error {
		if err := writeIntervals(ctx, c, flat); err != nil {
			return err
		}
		return c.writeMeta(meta, "intervals", int64(len(flat)))
	})
	if err != nil {
		return listMeta{}, fmt.Errorf("offline: build BIN ranges: %w", err)
	}
	return meta, nil
}

func writeIntervals(ctx context.Context, c *listConn, flat []interval) (err error) {
	insert, err := c.prepare("INSERT INTO interval(lo, hi) VALUES(?, ?)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.close()) }()
	for i, r := range flat {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err() //nolint:wrapcheck // wrapped by the caller.
		}
		if err := insert.exec(toSigned(r.lo), toSigned(r.hi)); err != nil {
			return err
		}
	}
	return nil
}

// openBINRanges reads a file that buildBINRanges made into memory and closes it. Errors: storage_damaged when the content is
// not what was written; those of SQLite come wrapped.
func openBINRanges(path string) (*binRanges, error) {
	const op = "offline: open BIN ranges"
	conn, err := openList(path, readDSN)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	meta, flat, err := readIntervals(conn, op)
	if err = errors.Join(err, conn.close()); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return newBINRanges(meta, flat), nil
}

func readIntervals(c *listConn, op string) (meta listMeta, flat []interval, err error) {
	meta, count, err := c.readMeta(op, "intervals")
	if err != nil {
		return meta, nil, err
	}
	if count < 0 || count > meta.Count || count > maxRanges { // before memory is taken
		return meta, nil, damaged(op, "the number of intervals does not fit the ranges")
	}
	query, err := c.prepare("SELECT lo, hi FROM interval ORDER BY lo")
	if err != nil {
		return meta, nil, err
	}
	defer func() { err = errors.Join(err, query.close()) }()
	flat = make([]interval, 0, count)
	row := make([]driver.Value, 2)
	err = query.each(row, func() error {
		lo, loGood := row[0].(int64)
		hi, hiGood := row[1].(int64)
		if !loGood || !hiGood || int64(len(flat)) == count {
			return damaged(op, "the intervals are not as they were written")
		}
		flat = append(flat, interval{fromSigned(lo), fromSigned(hi)})
		return nil
	})
	if err == nil && digestOf(flat) != meta.SHA256 {
		err = damaged(op, "the digest of the intervals differs")
	}
	return meta, flat, err
}
