package atomicfile

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test binary runs itself again as the process that is killed; these variables tell it where.
const (
	killAfterVar = "ATOMICFILE_TEST_KILL_AFTER"
	pathVar      = "ATOMICFILE_TEST_PATH"
)

func TestMain(m *testing.M) {
	if step := os.Getenv(killAfterVar); step != "" {
		err := killing(step).replace(os.Getenv(pathVar), newContent, 0o600)
		fmt.Fprintln(os.Stderr, "still alive:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// killing is a disk on which the process dies right after a step, as by a loss of power.
func killing(after string) disk {
	reached := func(step string) {
		if step != after {
			return
		}
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err == nil {
			select {} // the signal is on its way
		}
		fmt.Fprintln(os.Stderr, "kill:", err)
	}
	d := system
	d.create = func(dir, pattern string) (*os.File, error) {
		f, err := system.create(dir, pattern)
		reached("create")
		return f, err
	}
	d.chmod = func(f *os.File, perm os.FileMode) error {
		err := system.chmod(f, perm)
		reached("chmod")
		return err
	}
	d.write = func(f *os.File, data []byte) error {
		err := system.write(f, data[:len(data)/2])
		reached("half of write")
		if err == nil {
			err = system.write(f, data[len(data)/2:])
		}
		reached("write")
		return err
	}
	d.sync = func(f *os.File) error {
		err := system.sync(f)
		reached("sync")
		return err
	}
	d.close = func(f *os.File) error {
		err := system.close(f)
		reached("close")
		return err
	}
	d.rename = func(from, to string) error {
		err := system.rename(from, to)
		reached("rename")
		return err
	}
	d.syncDir = func(dir string) error {
		err := system.syncDir(dir)
		reached("sync folder")
		return err
	}
	return d
}

func TestKilledBetweenStepsLeavesOldOrNewWhole(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		after string
		holds []byte
	}{
		{after: "create", holds: oldContent},
		{after: "chmod", holds: oldContent},
		{after: "half of write", holds: oldContent},
		{after: "write", holds: oldContent},
		{after: "sync", holds: oldContent},
		{after: "close", holds: oldContent},
		{after: "rename", holds: newContent},
		{after: "sync folder", holds: newContent},
	} {
		t.Run(test.after, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "list")
			require.NoError(t, Write(path, oldContent, 0o600))

			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), killAfterVar+"="+test.after, pathVar+"="+path)
			output, err := child.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, -1, exit.ExitCode(), "ended by a signal: %s", output)

			require.True(t, bytes.Equal(test.holds, read(t, path)), "old or new, whole")
			require.NoError(t, Sweep(filepath.Dir(path)))
			require.Equal(t, []string{"list"}, names(t, filepath.Dir(path)), "what the crash left is swept")
			require.NoError(t, Write(path, newContent, 0o600), "and the next write works")
		})
	}
}
