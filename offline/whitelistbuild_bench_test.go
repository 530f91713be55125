package offline

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

const benchRows = 1_000_000

func BenchmarkHashScan(b *testing.B) {
	body := hashBody(randomHashes(11, 200_000))
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			_, err := scanHashes(context.Background(), bytes.NewReader(body), func(*[32]byte) error { return nil }, nil)
			require.NoError(b, err)
		}
	})
	b.Run("peer-encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			require.Equal(b, 200_000, tokenScan(b, body))
		}
	})
}

func BenchmarkWhitelistBuild1M(b *testing.B) { benchBuild(b, benchRows) }

func BenchmarkWhitelistBuild10M(b *testing.B) { benchBuild(b, 10*benchRows) }

func benchBuild(b *testing.B, rows int) {
	body := hashBody(randomHashes(12, rows))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		o := optionsIn(b.TempDir())
		_, err := buildWhitelist(context.Background(), bytes.NewReader(body), o)
		require.NoError(b, err)
		info, err := os.Stat(o.Path)
		require.NoError(b, err)
		b.ReportMetric(float64(info.Size())/float64(rows), "bytes/hash")
		require.NoError(b, os.Remove(o.Path))
	}
}
