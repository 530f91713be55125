// Package atomicfile writes small files whole or not at all, across a crash and a power cut.
//
// Write builds the new content in a temporary file beside the target, syncs it, renames it over the target and syncs the
// folder. What a killed process leaves behind has a prefix of its own and is removed by Sweep.
//
// Calls for different targets may run at the same time; for one target the last rename wins.
package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// prefix marks temporary files, so that a crash's left-overs can be told from data.
const prefix = ".tmp-"

// disk is the calls that can fail; tests make each of them fail, and kill the process after each.
type disk struct {
	create  func(dir, pattern string) (*os.File, error)
	chmod   func(f *os.File, perm os.FileMode) error
	write   func(f *os.File, data []byte) error
	sync    func(f *os.File) error
	close   func(f *os.File) error
	rename  func(from, to string) error
	syncDir func(dir string) error
}

var system = disk{
	create:  os.CreateTemp,
	chmod:   (*os.File).Chmod,
	write:   func(f *os.File, data []byte) error { _, err := f.Write(data); return err },
	sync:    (*os.File).Sync,
	close:   (*os.File).Close,
	rename:  os.Rename,
	syncDir: syncDir,
}

// Write puts data into path with the given mode. When it returns nil the new content survives a power cut; when it returns an
// error the old content does, unless only the folder's sync failed. A link is followed; what is there and is no regular file, such
// as a device, is left alone: syscall.EEXIST.
func Write(path string, data []byte, perm os.FileMode) error {
	return system.replace(path, data, perm)
}

func (d disk) replace(path string, data []byte, perm os.FileMode) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("atomicfile: it is there and no regular file: %w", syscall.EEXIST)
	}
	dir := filepath.Dir(path)
	file, err := d.create(dir, prefix+filepath.Base(path)+"-")
	if err != nil {
		return fmt.Errorf("atomicfile: create: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	err = d.chmod(file, perm)
	if err == nil {
		err = d.write(file, data)
	}
	if err == nil {
		err = d.sync(file)
	}
	if err = errors.Join(err, d.close(file)); err != nil {
		return fmt.Errorf("atomicfile: write: %w", err)
	}
	if err = d.rename(file.Name(), path); err != nil {
		return fmt.Errorf("atomicfile: rename: %w", err)
	}
	if err = d.syncDir(dir); err != nil {
		return fmt.Errorf("atomicfile: sync folder: %w", err)
	}
	return nil
}

// SyncDir makes what was created, renamed or removed in a folder survive a power cut.
func SyncDir(dir string) error {
	if err := system.syncDir(dir); err != nil {
		return fmt.Errorf("atomicfile: sync folder: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	folder, err := os.Open(dir) //nolint:gosec // the caller's folder.
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// Sweep removes what killed writes left in a folder.
func Sweep(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("atomicfile: sweep: %w", err)
	}
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), prefix) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, file.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("atomicfile: sweep: %w", err)
		}
	}
	return nil
}
