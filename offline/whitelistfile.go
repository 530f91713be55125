package offline

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"github.com/smartpos-go/terminal/fault"
)

// whitelist answers from a list file. Safe for concurrent use: one lookup at a time, each of some microseconds.
type whitelist struct {
	meta listMeta
	bits int

	mu     sync.Mutex
	conn   *listConn // nil when closed
	lookup *statement
	row    []driver.Value
}

// openWhitelist opens a file that buildWhitelist made. Errors: storage_damaged when its meta table has another shape; those of
// SQLite come wrapped.
func openWhitelist(path string) (*whitelist, error) {
	const op = "offline: open whitelist"
	conn, err := openList(path, readDSN)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	w := &whitelist{conn: conn, row: make([]driver.Value, 1)}
	meta, bits, err := conn.readMeta(op, "bits")
	if err == nil && bits != int64(bucketBits(meta.Received)) {
		err = damaged(op, "the size of its buckets does not fit its rows")
	}
	if err == nil {
		w.meta, w.bits = meta, int(bits)
		// One transaction for as long as the file is open: nothing changes it, and one for each lookup costs a twentieth of its time.
		err = conn.run("BEGIN")
	}
	if err == nil {
		w.lookup, err = conn.prepare("SELECT suffixes FROM bucket WHERE id = ?")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, errors.Join(err, conn.close()))
	}
	return w, nil
}

// Meta describes the list.
func (w *whitelist) Meta() listMeta { return w.meta }

// contains reports whether the list has a hash. Errors: storage_damaged when the bucket is not as it was built, closed after
// close; those of SQLite come wrapped.
func (w *whitelist) contains(hash *[hashBytes]byte) (bool, error) {
	const op = "offline: look up hash"
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil {
		return false, fault.New(fault.Closed, op, "the list was closed")
	}
	found := false
	err := w.lookup.first(w.row, func() (err error) {
		found, err = inBucket(w.row[0], hash, w.bits)
		return err
	}, bucketOf(hash, w.bits))
	if err != nil {
		return false, fmt.Errorf("%s: %w", op, err)
	}
	return found, nil
}

// inBucket looks through a bucket to its end and so finds out that it is whole suffixes in rising order.
func inBucket(value driver.Value, hash *[hashBytes]byte, bits int) (found bool, err error) {
	suffixes, ok := value.([]byte)
	want := hash[bits/8:]
	if !ok || len(suffixes) == 0 || len(suffixes)%len(want) != 0 {
		return false, damaged("offline: look up hash", "a bucket has a wrong length")
	}
	spare := byte(0xff) << (8 - bits%8) // bits of the first byte that the bucket's number tells too
	var last []byte
	for ; len(suffixes) > 0; suffixes = suffixes[len(want):] {
		suffix := suffixes[:len(want)]
		if (suffix[0]^want[0])&spare != 0 || bytes.Compare(last, suffix) >= 0 {
			return false, damaged("offline: look up hash", "a bucket is out of order")
		}
		found = found || bytes.Equal(suffix, want)
		last = suffix
	}
	return found, nil
}

// close waits for a running lookup. Later calls of close do nothing.
func (w *whitelist) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil {
		return nil
	}
	err := errors.Join(w.lookup.close(), w.conn.close())
	w.conn = nil
	if err != nil {
		return fmt.Errorf("offline: close whitelist: %w", err)
	}
	return nil
}
