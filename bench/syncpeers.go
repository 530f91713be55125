package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	_ "github.com/mattn/go-sqlite3" // the peers' driver
)

// syncPeer downloads two lists through the same signed connection and stores each another way: load replaces what table w has.
func (t *terminal) syncPeer(ctx context.Context, dsn, schema string, load func(context.Context, *sql.DB, io.Reader) error) (r report, err error) {
	path := filepath.Join(t.job.Dir, "peer.db")
	db, err := sql.Open("sqlite3", "file:"+path+dsn)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return r, err
	}
	download := func(seed uint64) (took int64, err error) {
		if err := t.admin.setWhitelist(ctx, nil, t.job.Hashes, seed); err != nil {
			return 0, err
		}
		began := time.Now()
		list, err := t.macs.WhitelistedPANs(ctx, "")
		if err != nil {
			return 0, err
		}
		err = errors.Join(load(ctx, db, list.Body), list.Body.Close())
		return int64(time.Since(began)), err
	}
	if r.First, err = download(t.job.Seed); err != nil {
		return r, err
	}
	if r.Sync, err = download(t.job.Seed + anotherSeed); err != nil {
		return r, err
	}
	var count int64
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM w").Scan(&count); err != nil {
		return r, err
	}
	if count != t.job.Hashes {
		return r, fmt.Errorf("the peer's list has %d hashes, not %d", count, t.job.Hashes)
	}
	if _, err := db.ExecContext(ctx, "VACUUM"); err != nil { // as small as it gets
		return r, err
	}
	r.Size, err = fileSize(path)
	return r, err
}

// syncNaive is the plain way: the whole body into strings, the table emptied and filled.
func (t *terminal) syncNaive(ctx context.Context) (report, error) {
	return t.syncPeer(ctx, "", "CREATE TABLE w(hash TEXT PRIMARY KEY)", func(ctx context.Context, db *sql.DB, body io.Reader) error {
		var list struct {
			Hashes []string `json:"hashes"`
		}
		if err := json.NewDecoder(body).Decode(&list); err != nil {
			return err
		}
		return inTransaction(ctx, db, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "DELETE FROM w"); err != nil {
				return err
			}
			return insertAll(tx, "INSERT INTO w(hash) VALUES(?)", slices.All(list.Hashes))
		})
	})
}

// syncStaging is the careful way with one table: hashes as bytes, radix-sorted in memory, inserted in order into a table that
// then takes the other one's name. Nothing is synced before the commit.
func (t *terminal) syncStaging(ctx context.Context) (report, error) {
	const schema = "CREATE TABLE w(hash BLOB PRIMARY KEY) WITHOUT ROWID"
	return t.syncPeer(ctx, "?_synchronous=NORMAL", schema, func(ctx context.Context, db *sql.DB, body io.Reader) error {
		hashes, err := readHashes(body)
		if err != nil {
			return err
		}
		hashes = radixSorted(hashes)
		return inTransaction(ctx, db, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, "CREATE TABLE staging(hash BLOB PRIMARY KEY) WITHOUT ROWID"); err != nil {
				return err
			}
			rows := func(yield func(int, []byte) bool) {
				for i := range hashes {
					if !yield(i, hashes[i][:]) {
						return
					}
				}
			}
			if err := insertAll(tx, "INSERT INTO staging(hash) VALUES(?)", rows); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, "DROP TABLE w; ALTER TABLE staging RENAME TO w")
			return err
		})
	})
}

func inTransaction(ctx context.Context, db *sql.DB, work func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// insertAll inserts row after row. Without a context that can be cancelled: it would cost the peer 3 to 4 µs a row.
func insertAll[V any](tx *sql.Tx, statement string, rows func(yield func(int, V) bool)) (err error) {
	insert, err := tx.Prepare(statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for _, value := range rows {
		if _, err := insert.Exec(value); err != nil {
			return err
		}
	}
	return nil
}

// readHashes reads a list as the emulator writes it, as fast as that goes.
func readHashes(body io.Reader) ([][32]byte, error) {
	in := bufio.NewReaderSize(body, 1<<20)
	if _, err := in.ReadString('['); err != nil {
		return nil, err
	}
	var hashes [][32]byte
	line := make([]byte, 1+64+2) // quote, hash, quote, comma or bracket
	for {
		if _, err := io.ReadFull(in, line); err != nil {
			return nil, err
		}
		var hash [32]byte
		if _, err := hex.Decode(hash[:], line[1:65]); err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
		if line[66] == ']' {
			_, err := io.Copy(io.Discard, in)
			return hashes, err
		}
	}
}

// radixSorted orders hashes by their first two bytes with one count, and the few that share them by comparing.
func radixSorted(hashes [][32]byte) [][32]byte {
	var ends [1<<16 + 1]int
	for i := range hashes {
		ends[int(binary.BigEndian.Uint16(hashes[i][:]))+1]++
	}
	for i := range len(ends) - 1 {
		ends[i+1] += ends[i]
	}
	next, sorted := ends, make([][32]byte, len(hashes))
	for i := range hashes {
		bucket := binary.BigEndian.Uint16(hashes[i][:])
		sorted[next[bucket]] = hashes[i]
		next[bucket]++
	}
	for i := range len(ends) - 1 {
		slices.SortFunc(sorted[ends[i]:ends[i+1]], func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	}
	return sorted
}
