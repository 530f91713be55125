package offline

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"
)

// alter changes a list file behind the library's back.
func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	_, err = db.Exec(statement)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// requireGolden compares page size, schema, meta and rows of a list file with testdata/lists.
func requireGolden(t *testing.T, golden, path, rows string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	var dump strings.Builder
	for _, query := range []string{
		"SELECT 'page_size', page_size FROM pragma_page_size",
		"SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name",
		"SELECT key || ' ' || typeof(value), CASE typeof(value) WHEN 'blob' THEN hex(value) ELSE value END FROM meta ORDER BY key",
		rows,
	} {
		result, err := db.Query(query)
		require.NoError(t, err)
		for result.Next() {
			var left, right string
			require.NoError(t, result.Scan(&left, &right))
			fmt.Fprintf(&dump, "%s | %s\n", left, right)
		}
		require.NoError(t, errors.Join(result.Err(), result.Close()))
	}
	require.Equal(t, string(readList(t, golden)), dump.String())
}

// TestCreateListKeepsWhatIsThere: two lists never share a file.
func TestCreateListKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "list.db")
	require.NoError(t, os.WriteFile(path, []byte("of another"), 0o600))
	err := createList(path, metaSchema, func(*listConn) error { return nil })
	require.ErrorIs(t, err, os.ErrExist)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "of another", string(kept))
}

// TestListFileIsPrivate: a path may hold any character, and nobody else reads the file.
func TestListFileIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b?c#d%41é")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "list.db")
	require.NoError(t, createList(path, metaSchema, func(c *listConn) error { return c.writeMeta(listMeta{}, "own", 7) }))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "no journal beside it")
	c, err := openList(path, readDSN)
	require.NoError(t, err)
	_, own, err := c.readMeta("test", "own")
	require.NoError(t, err)
	require.EqualValues(t, 7, own)
	require.Error(t, c.run("DELETE FROM meta"), "a list never changes")
	require.NoError(t, c.close())
}

// TestFullDisk: a disk that fills up while the file is written leaves no file and an error that still is SQLite's.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hashes, err := newSpill(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, hashes.close()) }()
	for _, hash := range randomHashes(4, 50_000) {
		require.NoError(t, hashes.add(&hash))
	}
	err = createList(filepath.Join(dir, "list.db"), whitelistSchema, func(c *listConn) error {
		if err := c.run("PRAGMA max_page_count=100"); err != nil {
			return err
		}
		return writeBuckets(t.Context(), c, hashes, bucketBits(50_000), &listMeta{})
	})
	var lite sqlite3.Error
	require.ErrorAs(t, err, &lite)
	require.Equal(t, sqlite3.ErrFull, lite.Code)
	requireEmpty(t, dir)
}
