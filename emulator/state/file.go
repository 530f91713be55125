package state

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteFile puts a file in place whole, readable by its owner alone whatever was there before. When it returns nil the file
// survives a power cut; when it returns an error, or the process is killed meanwhile, the old one is still there. A link is
// followed; what is no regular file, such as a device, is left alone.
func WriteFile(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return errors.New(path + " is there and no regular file")
	}
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, temporaryPrefix) // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), path); err != nil {
		return err
	}
	return SyncFolder(dir)
}

// temporaryPrefix marks what a killed WriteFile leaves behind, so that Open can remove it.
const temporaryPrefix = ".tmp-"

// SyncFolder makes what was created, renamed or removed in a folder survive a power cut.
func SyncFolder(dir string) error {
	folder, err := os.Open(dir) //nolint:gosec // the caller's folder.
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// sweep removes what killed writers left in the folder.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, temporaryPrefix+"*"))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}
