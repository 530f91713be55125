package offline

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// TestBucketBits: the smallest number of bits that leaves 20 hashes a bucket.
func TestBucketBits(t *testing.T) {
	t.Parallel()
	for rows, want := range map[int64]int{0: 0, 19: 0, 20: 0, 21: 1, 41: 1, 42: 2, 5375: 8, 5376: 9, 1_000_000: 16, 10_000_000: 19, maxHashes: 24} {
		require.Equal(t, want, bucketBits(rows), "%d rows", rows)
	}
}

// TestCanonicalContent: order and duplicates do not change what a list is.
func TestCanonicalContent(t *testing.T) {
	t.Parallel()
	hashes := randomHashes(6, 1000)
	a, err := buildWhitelist(t.Context(), bytes.NewReader(hashBody(hashes)), optionsIn(t.TempDir()))
	require.NoError(t, err)
	slices.Reverse(hashes)
	b, err := buildWhitelist(t.Context(), bytes.NewReader(hashBody(append(hashes, hashes...))), optionsIn(t.TempDir()))
	require.NoError(t, err)
	require.Equal(t, a.SHA256, b.SHA256)
	require.Equal(t, a.Count, b.Count)
	require.EqualValues(t, 1000, a.Received)
	require.EqualValues(t, 2000, b.Received)
}

// rowSource makes the body of a list while it is read, so that the test holds no list.
type rowSource struct {
	rows    int
	hash    func() [32]byte
	pending []byte
	begun   bool
}

func (s *rowSource) Read(p []byte) (int, error) {
	if !s.begun {
		s.begun, s.pending = true, append(s.pending, `{"hashes":[`...)
	}
	for len(s.pending) < len(p) && s.rows >= 0 {
		switch s.rows {
		case 0:
			s.pending = append(s.pending, "]}"...)
		default:
			hash := s.hash()
			s.pending = hex.AppendEncode(append(s.pending, '"'), hash[:])
			s.pending = append(s.pending, '"', ',')
			if s.rows == 1 {
				s.pending = s.pending[:len(s.pending)-1]
			}
		}
		s.rows--
	}
	n := copy(p, s.pending)
	s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestUnevenHashes: what all begins alike is no list of HMACs, and is refused before it takes the memory.
func TestUnevenHashes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := byte(0)
	_, err := buildWhitelist(t.Context(), &rowSource{rows: maxPartition/hashBytes + 1, hash: func() [32]byte { n++; return [32]byte{31: n} }}, optionsIn(dir))
	require.ErrorIs(t, err, fault.InvalidList)
	require.ErrorContains(t, err, "not evenly spread")
	requireEmpty(t, dir)
}

// TestFailedBuild: whatever goes wrong after the download leaves neither list nor temporary file.
func TestFailedBuild(t *testing.T) {
	t.Parallel()
	for _, b := range builders() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			o := optionsIn(dir)
			o.Path = filepath.Join(dir, "none", "list.db")
			_, err := b.build(t.Context(), bytes.NewReader(readList(t, b.file)), o)
			require.ErrorIs(t, err, os.ErrNotExist)
			requireEmpty(t, dir)

			ctx, cancel := context.WithCancel(t.Context())
			_, err = b.build(ctx, &endCanceller{bytes.NewReader(readList(t, b.file)), cancel}, optionsIn(dir))
			require.ErrorIs(t, err, context.Canceled)
			requireEmpty(t, dir)
		})
	}
}

// endCanceller cancels with the end of the body: between download and file.
type endCanceller struct {
	body   io.Reader
	cancel context.CancelFunc
}

func (r *endCanceller) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if err != nil {
		r.cancel()
	}
	return n, err
}

// held is the memory that Go has from the system, in bytes. SQLite's is bounded by its cache of 2 MB.
func held() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}

// TestBuildMemory: a list of a million hashes is built within 32 MiB above idle, 4 of them left to SQLite.
func TestBuildMemory(t *testing.T) { //nolint:paralleltest // measures the process.
	debug.FreeOSMemory() // what earlier tests left would hide what this build takes
	idle := held()
	sampled, done := make(chan int64), make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		peak := int64(0)
		for {
			select {
			case <-done:
				sampled <- peak
				return
			case <-tick.C:
				peak = max(peak, held())
			}
		}
	}()
	source := rand.NewChaCha8([32]byte{7})
	meta, err := buildWhitelist(t.Context(), &rowSource{rows: 1_000_000, hash: func() (hash [32]byte) {
		_, _ = source.Read(hash[:])
		return hash
	}}, optionsIn(t.TempDir()))
	close(done)
	peak := <-sampled
	require.NoError(t, err)
	require.EqualValues(t, 1_000_000, meta.Received)
	require.Greater(t, peak, idle, "the build was measured")
	require.Less(t, peak-idle, int64(28<<20))
	t.Logf("peak above idle: %.1f MiB", float64(peak-idle)/(1<<20))
}
