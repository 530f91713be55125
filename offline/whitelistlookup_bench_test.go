package offline

import (
	"database/sql"
	"encoding/hex"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchRounds is how often each question is timed: building the lists takes most of the time.
const benchRounds = 3

// listedHashes is how many hashes are asked for in turn.
const listedHashes = 4096

// mapped makes SQLite read a whole list through mmap, which the product does not.
const mapped = "PRAGMA mmap_size=2147418112"

func BenchmarkWhitelistLookup1M(b *testing.B) {
	hashes := randomHashes(13, benchRows)
	benchLookups(b, hashes, hashes[:listedHashes])
}

// BenchmarkWhitelistLookup10M loads the peer's table sorted, which suits it best: unsorted it would take many minutes.
func BenchmarkWhitelistLookup10M(b *testing.B) {
	hashes := randomHashes(13, 10*benchRows)
	listed := slices.Clone(hashes[:listedHashes])
	sortHashes(hashes)
	benchLookups(b, hashes, listed)
}

// benchLookups asks for listed hashes, ours and the peer's way, first as each comes and then mapped. The two take turns, so that
// both see the same machine.
func benchLookups(b *testing.B, hashes, listed [][32]byte) {
	w, _ := buildAndOpen(b, hashes)
	db := peerWhitelist(b, hashes)
	ours := func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			found, err := w.contains(&listed[i%len(listed)])
			if err != nil || !found {
				b.Fatal(found, err)
			}
		}
	}
	peer := func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			var n int
			err := db.QueryRow("SELECT count(*) FROM w WHERE hash = ?", hex.EncodeToString(listed[i%len(listed)][:])).Scan(&n)
			if err != nil || n != 1 {
				b.Fatal(n, err)
			}
		}
	}
	turns := func(question string) {
		for range benchRounds {
			b.Run("ours/"+question, ours)
			b.Run("peer-text-key/"+question, peer)
		}
	}
	turns("hit")
	require.NoError(b, w.conn.run(mapped))
	db.SetMaxOpenConns(1) // a pragma is a connection's own
	_, err := db.Exec(mapped)
	require.NoError(b, err)
	turns("hit-mapped")
}

// peerWhitelist is the plain way: hex text as the primary key, through database/sql.
func peerWhitelist(b *testing.B, hashes [][32]byte) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(b.TempDir(), "peer.db"))
	require.NoError(b, err)
	b.Cleanup(func() { _ = db.Close() })
	_, err = db.Exec("CREATE TABLE w(hash TEXT PRIMARY KEY)")
	require.NoError(b, err)
	tx, err := db.Begin()
	require.NoError(b, err)
	insert, err := tx.Prepare("INSERT INTO w VALUES(?)")
	require.NoError(b, err)
	for i := range hashes {
		if _, err = insert.Exec(hex.EncodeToString(hashes[i][:])); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, insert.Close())
	require.NoError(b, tx.Commit())
	return db
}
