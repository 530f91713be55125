package offline

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/internal/clock"
)

// BenchmarkDurableEntry times one durable entry beside the least that a disk needs for one: a page written into a preallocated
// file and fdatasync. The three take turns, so that they see the same disk; each reports its median.
func BenchmarkDurableEntry(b *testing.B) {
	dir := b.TempDir()
	s := benchStore(b, filepath.Join(dir, "data"))
	raw := newRawLog(b, filepath.Join(dir, "raw"))
	hash := PANHash(randomHashes(15, 1)[0])
	var confirm, add, bare []time.Duration
	took := func(into *[]time.Duration, work func() error) {
		began := time.Now()
		err := work()
		*into = append(*into, time.Since(began))
		require.NoError(b, err)
	}
	for i := 0; b.Loop(); i++ {
		granted, err := s.GrantOffline(hash, "", Decision{Allowed: true, Reason: InWhitelist, MaxGuests: 3})
		require.NoError(b, err)
		took(&confirm, func() error {
			_, _, err := s.Confirm(context.Background(), nil, granted.ID, 1, time.Second)
			return err
		})
		e := entry{id: "bench-" + strconv.Itoa(i), hash: hash, reason: "WHITELIST", occurredAt: s.clock.Now().Unix()}
		took(&add, func() error { return s.write("offline: bench", func(c *change) error { return s.appendEntry(c, e) }) })
		took(&bare, raw.append)
	}
	b.ReportMetric(median(confirm), "ns/confirm")
	b.ReportMetric(median(add), "ns/append")
	b.ReportMetric(median(bare), "ns/fdatasync")
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2].Nanoseconds())
}

func benchStore(b *testing.B, dir string) *Store {
	b.Helper()
	mac := func(message []byte) ([sha256.Size]byte, error) {
		sum := hmac.New(sha256.New, []byte("a key of the benchmark, 32 bytes"))
		_, _ = sum.Write(message)
		return [sha256.Size]byte(sum.Sum(nil)), nil
	}
	s, err := Open(Options{Dir: dir, Time: clock.System{}, Whitelist: mac, Chain: mac})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// rawLog writes page after page over a file of fixed size.
type rawLog struct {
	file *os.File
	page []byte
	next int64
}

const rawPages = 256

func newRawLog(b *testing.B, path string) *rawLog {
	b.Helper()
	file, err := os.Create(path)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, file.Close()) })
	l := &rawLog{file: file, page: make([]byte, 4096)}
	for range rawPages {
		_, err := file.Write(l.page)
		require.NoError(b, err)
	}
	require.NoError(b, file.Sync())
	return l
}

func (l *rawLog) append() error {
	l.page[0]++
	if _, err := l.file.WriteAt(l.page, l.next%rawPages*int64(len(l.page))); err != nil {
		return err
	}
	l.next++
	return syscall.Fdatasync(int(l.file.Fd()))
}
