package state_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/state"
)

func open(t *testing.T, dir string) *state.State {
	t.Helper()
	s, err := state.Open(dir)
	require.NoError(t, err)
	return s
}

func TestFolderIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "state")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.db"), nil, 0o644))
	s := open(t, dir)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.SetValue("a", "b"))
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))
}

func TestFolderHasOneServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	_, err := state.Open(dir)
	require.ErrorContains(t, err, "another server")
	require.NoError(t, s.Close())
	require.NoError(t, open(t, dir).Close(), "after the first one ended")
}

func TestTemporaryFolderIsRemoved(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	require.DirExists(t, s.Dir())
	require.NoError(t, s.Close())
	require.NoDirExists(t, s.Dir())
}

func TestRelativeFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	s := open(t, "with space/and ?#%")
	require.NoError(t, s.Close())
	require.True(t, filepath.IsAbs(s.Dir()))
	require.FileExists(t, filepath.Join("with space", "and ?#%", "state.db"))
}

func TestValuesSurviveReopening(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	secret, err := s.Secret("token")
	require.NoError(t, err)
	require.Len(t, secret, 43)
	other, err := s.Secret("other")
	require.NoError(t, err)
	require.NotEqual(t, secret, other)
	require.NoError(t, s.SetValue("port", "1"))
	require.NoError(t, s.SetValue("port", "2"))
	require.NoError(t, s.Close())

	s = open(t, dir)
	defer func() { require.NoError(t, s.Close()) }()
	again, err := s.Secret("token")
	require.NoError(t, err)
	require.Equal(t, secret, again)
	port, err := s.Value("port")
	require.NoError(t, err)
	require.Equal(t, "2", port)
	none, err := s.Value("nothing")
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestSecretsComeFromRand(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	defer func() { require.NoError(t, s.Close()) }()
	s.Rand = bytes.NewReader(make([]byte, 32))
	secret, err := s.Secret("token")
	require.NoError(t, err)
	require.Equal(t, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", secret)
	_, err = s.Secret("another")
	require.Error(t, err, "an exhausted source gives no weak secret")
}

func TestFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, "")
	defer func() { require.NoError(t, s.Close()) }()
	boom := errors.New("boom")
	require.ErrorIs(t, s.Do(func(tx *sql.Tx) error {
		require.NoError(t, state.SetValue(tx, "a", "b"))
		return boom
	}), boom)
	value, err := s.Value("a")
	require.NoError(t, err)
	require.Empty(t, value)
}

func TestWriteFileReplacesWholeAndPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "env.json")
	require.NoError(t, os.WriteFile(path, []byte("old and longer"), 0o644))
	require.NoError(t, state.WriteFile(path, []byte("new")))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(text))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

	full := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(full, "x"), 0o700))
	require.Error(t, state.WriteFile(full, []byte("new")), "a folder cannot be replaced")
	left, err := os.ReadDir(filepath.Dir(full))
	require.NoError(t, err)
	require.Len(t, left, 1, "no temporary file is left")
}

func TestOpenSweepsWhatAKillLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".tmp-123"), []byte("half"), 0o600))
	s := open(t, dir)
	require.NoError(t, s.Close())
	require.NoFileExists(t, filepath.Join(dir, ".tmp-123"))
}

func TestClockMovesItsBase(t *testing.T) {
	t.Parallel()
	base := time.Date(2026, 1, 28, 19, 0, 0, 0, time.FixedZone("JST", 9*3600))
	clock := &state.Clock{Base: func() time.Time { return base }}
	require.Equal(t, "2026-01-28T10:00:00Z", clock.Now().Format(time.RFC3339))
	clock.Move(2 * time.Hour)
	require.Equal(t, "2026-01-28T12:00:00Z", clock.Now().Format(time.RFC3339))
	clock.Move(-time.Hour)
	require.Equal(t, "2026-01-28T09:00:00Z", clock.Now().Format(time.RFC3339), "from the base, not from the last move")
	require.WithinDuration(t, time.Now(), (&state.Clock{}).Now(), time.Minute)
}
