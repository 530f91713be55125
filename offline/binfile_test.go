package offline

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// TestBINFileSchema: a folder written by one version opens in every later one, so the file's shape is pinned.
func TestBINFileSchema(t *testing.T) {
	t.Parallel()
	o := optionsIn(t.TempDir())
	_, err := buildBINRanges(t.Context(), bytes.NewReader(readList(t, "binranges.json")), o)
	require.NoError(t, err)
	requireGolden(t, "binranges.golden", o.Path, "SELECT lo, hi FROM interval ORDER BY lo")
}

// TestDamagedBINFile: a file that is not as it was built does not open.
func TestDamagedBINFile(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"bound moved":      "UPDATE interval SET hi = hi + 1 WHERE lo = (SELECT min(lo) FROM interval)",
		"interval missing": "DELETE FROM interval WHERE lo = (SELECT max(lo) FROM interval)",
		"interval added":   "INSERT INTO interval VALUES(1, 2)",
		"bound a text":     "UPDATE interval SET hi = 'x'",
		"digest missing":   "DELETE FROM meta WHERE key = 'sha256'",
		"count too large":  "UPDATE meta SET value = 1 << 60 WHERE key = 'intervals'",
		"count negative":   "UPDATE meta SET value = -1 WHERE key = 'intervals'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := optionsIn(t.TempDir())
			_, err := buildBINRanges(t.Context(), bytes.NewReader(readList(t, "binranges.json")), o)
			require.NoError(t, err)
			alter(t, o.Path, change)
			_, err = openBINRanges(o.Path)
			require.ErrorIs(t, err, fault.StorageDamaged)
		})
	}
}

// TestOpenNoBINFile: a missing file is an error and is not made.
func TestOpenNoBINFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.db")
	_, err := openBINRanges(path)
	require.Error(t, err)
	require.NoFileExists(t, path)
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600))
	_, err = openBINRanges(path)
	require.Error(t, err)
}
