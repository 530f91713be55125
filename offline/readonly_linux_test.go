package offline

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// openUnprivileged opens a store from a thread whose file accesses are those of nobody when the tests run as root, whom no
// mode keeps out.
func openUnprivileged(o Options) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		if os.Getuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		s, err := Open(o)
		if err == nil {
			err = s.Close()
		}
		done <- err
	}()
	return <-done
}

// TestReadOnlyFolder: a folder or a journal that cannot be written is storage_read_only.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	fresh := testOptions(t.TempDir(), clock.NewFake(testNoon))
	require.NoError(t, os.Chmod(fresh.Dir, 0o555)) //nolint:gosec // read-only is what is tested.
	requireCode(t, fault.StorageReadOnly, openUnprivileged(fresh))

	used, _ := closedJournal(t, 1)
	require.NoError(t, os.Chmod(used.Dir+"/lock", 0o666))  //nolint:gosec // nobody may lock.
	require.NoError(t, os.Chmod(journalPath(used), 0o444)) //nolint:gosec // read-only is what is tested.
	require.NoError(t, os.Chmod(used.Dir, 0o777))          //nolint:gosec // the folder is not what fails.
	requireCode(t, fault.StorageReadOnly, openUnprivileged(used))
}
