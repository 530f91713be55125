package atomicfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	errStep    = errors.New("this step fails")
	oldContent = bytes.Repeat([]byte("old"), 5000)
	newContent = bytes.Repeat([]byte("new"), 7000)
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return content
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, file := range files {
		all = append(all, file.Name())
	}
	return all
}

func TestWriteReplacesWholeWithTheMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, []byte("a longer old content"), 0o644))
	require.NoError(t, Write(path, []byte("new"), 0o600))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(got))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestAFailedStepLeavesTheOldContentAndNothingElse(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*disk){
		"create": func(s *disk) { s.create = func(string, string) (*os.File, error) { return nil, errStep } },
		"write":  func(s *disk) { s.write = func(*os.File, []byte) error { return errStep } },
		"close":  func(s *disk) { s.close = func(f *os.File) error { return errors.Join(f.Close(), errStep) } },
		"chmod":  func(s *disk) { s.chmod = func(*os.File, os.FileMode) error { return errStep } },
		"sync":   func(s *disk) { s.sync = func(*os.File) error { return errStep } },
		"rename": func(s *disk) { s.rename = func(string, string) error { return errStep } },
	}
	for name, breakStep := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			require.NoError(t, Write(path, []byte("old"), 0o600))
			s := system
			breakStep(&s)
			require.ErrorIs(t, s.replace(path, []byte("new"), 0o600), errStep)
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "old", string(got))
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Len(t, files, 1, "a temporary file stayed")
		})
	}
}

func TestAFolderThatDoesNotSyncIsReported(t *testing.T) {
	t.Parallel()
	s := system
	s.syncDir = func(string) error { return errStep }
	require.ErrorIs(t, s.replace(filepath.Join(t.TempDir(), "f"), []byte("new"), 0o600), errStep)
}

func TestSweepRemovesOnlyLeftOvers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, prefix+"f-123"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data"), []byte("whole"), 0o600))
	require.NoError(t, Sweep(dir))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Equal(t, "data", files[0].Name())
}

// A link stays a link, and what is no file is never replaced by one.
func TestWriteFollowsLinksAndLeavesOtherThingsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target, link, pipe := filepath.Join(dir, "target"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	require.NoError(t, os.WriteFile(target, []byte("old"), 0o600))
	require.NoError(t, os.Symlink(target, link))
	require.NoError(t, Write(link, []byte("new"), 0o600))
	text, err := os.ReadFile(target)
	require.NoError(t, err)
	require.Equal(t, "new", string(text))
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, other := range []string{pipe, dir} {
		require.ErrorIs(t, Write(other, []byte("new"), 0o600), syscall.EEXIST)
	}
}
