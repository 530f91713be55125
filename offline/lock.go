package offline

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/smartpos-go/terminal/fault"
)

// lockDir makes the data folder and takes it for this store. The kernel gives it back when the process ends, however it
// ends. A second store, of this process or another, gets data_dir_locked.
func lockDir(dir string) (*os.File, error) {
	const op = "offline: lock data folder"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, stored(op, err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, stored(op, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.New(fault.DataDirLocked, op, "another terminal uses it; close that one first")
		}
		return nil, stored(op, err)
	}
	return file, nil
}

// unlockDir gives the data folder back at once. Closing alone would not: a process that is being started at this moment holds a
// copy of every open file until it runs its own program.
func unlockDir(file *os.File) error {
	return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close())
}
