package offline

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func buildAndOpen(t testing.TB, hashes [][32]byte) (*whitelist, string) {
	t.Helper()
	o := optionsIn(t.TempDir())
	meta, err := buildWhitelist(context.Background(), bytes.NewReader(hashBody(hashes)), o)
	require.NoError(t, err)
	w, err := openWhitelist(o.Path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.close()) })
	require.Equal(t, meta, w.Meta())
	return w, o.Path
}

// TestContainsIsMap: a list answers as a map of its hashes does, at every size where the buckets change and with duplicates.
func TestContainsIsMap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 2))
	for _, n := range []int{0, 1, 19, 20, 21, 42, 1000, 5375, 5376, 100_000} {
		hashes := randomHashes(uint64(n), n)
		known := map[[32]byte]bool{}
		for i := range hashes {
			if i > 0 && r.IntN(10) == 0 {
				hashes[i] = hashes[r.IntN(i)] // a duplicate
			}
			known[hashes[i]] = true
		}
		w, _ := buildAndOpen(t, hashes)
		require.EqualValues(t, len(known), w.Meta().Count)
		require.EqualValues(t, n, w.Meta().Received)
		requireAnswers(t, w, known, r)
	}
}

func requireAnswers(t *testing.T, w *whitelist, known map[[32]byte]bool, r *rand.Rand) {
	t.Helper()
	asked := 0
	for hash := range known {
		if asked++; asked > 3000 {
			break
		}
		listed, err := w.contains(&hash)
		require.NoError(t, err)
		require.True(t, listed)
		hash[r.IntN(32)] ^= 1 << r.IntN(8) // differs in one bit
		listed, err = w.contains(&hash)
		require.NoError(t, err)
		require.Equal(t, known[hash], listed)
	}
	for _, hash := range randomHashes(999, 500) {
		listed, err := w.contains(&hash)
		require.NoError(t, err)
		require.False(t, listed)
	}
}

// TestAllInOneBucket: hashes that begin alike are found too, as long as they are few.
func TestAllInOneBucket(t *testing.T) {
	t.Parallel()
	known := map[[32]byte]bool{}
	hashes := make([][32]byte, 2000)
	for i := range hashes {
		hashes[i] = [32]byte{30: byte(i >> 8), 31: byte(i)}
		known[hashes[i]] = true
	}
	w, _ := buildAndOpen(t, hashes)
	requireAnswers(t, w, known, rand.New(rand.NewPCG(1, 1)))
}

// TestTooManyInOneBucket: hashes that begin alike by the thousands are no hashes, and would make every lookup read them all.
func TestTooManyInOneBucket(t *testing.T) {
	t.Parallel()
	n := 0
	source := &rowSource{rows: maxBucket + 1, hash: func() [32]byte { n++; return [32]byte{29: byte(n >> 16), 30: byte(n >> 8), 31: byte(n)} }}
	_, err := buildWhitelist(t.Context(), source, optionsIn(t.TempDir()))
	require.ErrorIs(t, err, fault.InvalidList)
}

// TestWhitelistFileSchema: a folder written by one version opens in every later one, so the file's shape is pinned.
func TestWhitelistFileSchema(t *testing.T) {
	t.Parallel()
	o := optionsIn(t.TempDir())
	_, err := buildWhitelist(t.Context(), bytes.NewReader(readList(t, "whitelist.json")), o)
	require.NoError(t, err)
	requireGolden(t, "whitelist.golden", o.Path, "SELECT id, hex(suffixes) FROM bucket ORDER BY id")
}

// TestDamagedBucket: a bucket that is not as it was built answers with storage_damaged, never with yes or no.
func TestDamagedBucket(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"cut":           "UPDATE bucket SET suffixes = substr(suffixes, 1, length(suffixes) - 1)",
		"empty":         "UPDATE bucket SET suffixes = x''",
		"a number":      "UPDATE bucket SET suffixes = 5",
		"doubled":       "UPDATE bucket SET suffixes = CAST(suffixes || suffixes AS BLOB)",
		"of another id": "UPDATE bucket SET suffixes = (SELECT suffixes FROM bucket b WHERE b.id = (bucket.id + 1) % 64)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hashes := randomHashes(8, 3000)
			o := optionsIn(t.TempDir())
			_, err := buildWhitelist(t.Context(), bytes.NewReader(hashBody(hashes[:1000])), o) // 64 buckets, none empty
			require.NoError(t, err)
			alter(t, o.Path, change)
			w, err := openWhitelist(o.Path)
			require.NoError(t, err)
			defer func() { require.NoError(t, w.close()) }()
			for i := range hashes {
				_, err = w.contains(&hashes[i])
				require.ErrorIs(t, err, fault.StorageDamaged)
			}
		})
	}
}

// TestDamagedFile: a file of another shape does not open, or its damaged pages are noticed.
func TestDamagedFile(t *testing.T) {
	t.Parallel()
	_, path := buildAndOpen(t, randomHashes(9, 20_000))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"empty":       {},
		"no database": bytes.Repeat([]byte("x"), 8192),
		"cut":         whole[:len(whole)/2],
		"one page":    whole[:4096],
	} {
		damagedPath := filepath.Join(t.TempDir(), "list.db")
		require.NoError(t, os.WriteFile(damagedPath, content, 0o600))
		_, err := openWhitelist(damagedPath)
		require.Error(t, err, name)
	}
	for name, change := range map[string]string{
		"no count":      "DELETE FROM meta WHERE key = 'count'",
		"count a text":  "UPDATE meta SET value = 'x' WHERE key = 'count'",
		"bits too many": "UPDATE meta SET value = 63 WHERE key = 'bits'",
		"bits negative": "UPDATE meta SET value = -1 WHERE key = 'bits'",
		"short digest":  "UPDATE meta SET value = x'00' WHERE key = 'sha256'",
	} {
		o := optionsIn(t.TempDir())
		require.NoError(t, os.WriteFile(o.Path, whole, 0o600))
		alter(t, o.Path, change)
		_, err := openWhitelist(o.Path)
		require.ErrorIs(t, err, fault.StorageDamaged, name)
	}
	path = filepath.Join(t.TempDir(), "none.db")
	_, err = openWhitelist(path)
	require.Error(t, err)
	require.NoFileExists(t, path)
}

// TestConcurrentLookups: checks go on from many goroutines while another closes the list; each gets an answer or closed.
func TestConcurrentLookups(t *testing.T) {
	t.Parallel()
	hashes := randomHashes(10, 2000)
	w, path := buildAndOpen(t, hashes)
	require.NoError(t, os.Remove(path)) // as after a swap
	const askers = 8
	var asking, warm sync.WaitGroup
	warm.Add(askers)
	for g := range askers {
		asking.Go(func() {
			ready := sync.OnceFunc(warm.Done)
			defer ready() // a lookup that fails early fails the test and does not hang it
			for i := g; ; i++ {
				listed, err := w.contains(&hashes[i%len(hashes)])
				if err != nil {
					if fault.CodeOf(err) != fault.Closed {
						t.Errorf("lookup: %v", err)
					}
					return
				}
				if !listed {
					t.Error("a listed hash was not found")
					return
				}
				if i == g+100 {
					ready()
				}
			}
		})
	}
	warm.Wait()
	require.NoError(t, w.close())
	asking.Wait()
	require.NoError(t, w.close(), "closing twice is nothing")
}
