package offline

import (
	"encoding/hex"
	"testing"
)

// benchRounds is how often a question is timed against lists that take long to build.
const benchRounds = 3

// BenchmarkWhitelistLookup10M asks for listed hashes only, three times over, for building both lists takes most of
// its time. The peer's table is loaded sorted, which suits it best.
func BenchmarkWhitelistLookup10M(b *testing.B) {
	hashes := randomHashes(13, 10*benchRows)
	listed := make([][32]byte, 4096)
	copy(listed, hashes)
	sortHashes(hashes)
	b.Run("ours", func(b *testing.B) {
		w, _ := buildAndOpen(b, hashes)
		hit := func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				found, err := w.contains(&listed[i%len(listed)])
				if err != nil || !found {
					b.Fatal(found, err)
				}
			}
		}
		for range benchRounds {
			b.Run("hit", hit)
		}
	})
	b.Run("peer-text-key", func(b *testing.B) {
		db := peerWhitelist(b, hashes)
		hit := func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				var n int
				err := db.QueryRow("SELECT count(*) FROM w WHERE hash = ?", hex.EncodeToString(listed[i%len(listed)][:])).Scan(&n)
				if err != nil || n != 1 {
					b.Fatal(n, err)
				}
			}
		}
		for range benchRounds {
			b.Run("hit", hit)
		}
	})
}
