package offline

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSpillKeepsRows: every hash comes back, in its partition, in order, whether its chunk was written or not.
func TestSpillKeepsRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := newSpill(dir)
	require.NoError(t, err)
	requireEmpty(t, dir) // the file has no name from the beginning
	want := map[byte][][32]byte{}
	add := func(hash [32]byte) {
		require.NoError(t, s.add(&hash))
		want[hash[0]] = append(want[hash[0]], hash)
	}
	for _, hash := range randomHashes(5, 20_000) {
		add(hash)
		hash[0] = 7 // more than a chunk
		add(hash)
	}
	buf := make([]byte, chunkBytes)
	for p := range partitions {
		var got [][32]byte
		require.NoError(t, s.each(p, p+1, buf, func(hash *[32]byte) { got = append(got, *hash) }))
		require.Equal(t, want[byte(p)], got)
		require.EqualValues(t, len(got), s.rows(p, p+1))
	}
	require.EqualValues(t, 40_000, s.rows(0, partitions))
	require.NoError(t, s.close())
	require.ErrorIs(t, s.each(7, 8, buf, func(*[32]byte) {}), os.ErrClosed)
}

// TestSpillOnFullDisk: the kernel's error comes through.
func TestSpillOnFullDisk(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	require.NoError(t, err)
	s := &spill{file: full, pending: make([]byte, partitions*chunkBytes)}
	defer func() { require.NoError(t, s.close()) }()
	hash := [32]byte{1}
	for range chunkBytes/hashBytes - 1 {
		require.NoError(t, s.add(&hash))
	}
	require.ErrorIs(t, s.add(&hash), syscall.ENOSPC)
}

// TestSpillWithoutFolder: temporary files go to the given folder and nowhere else.
func TestSpillWithoutFolder(t *testing.T) {
	t.Parallel()
	_, err := newSpill(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
