package keystore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/atomicfile"
)

func (s *software) path(alias string) string { return filepath.Join(s.dir, alias+".key") }

// vacant is for holders of changing. A file that cannot be read takes its alias too: only Delete gives a key up.
func (s *software) vacant(op, alias string) error {
	_, err := os.Lstat(s.path(alias))
	switch {
	case err == nil:
		return taken(op, alias)
	case !errors.Is(err, fs.ErrNotExist):
		return storageFault(op, err)
	}
	return nil
}

// put is for holders of changing.
func (s *software) put(op, alias string, k kind, secret []byte, key any) error {
	file, err := seal(s.aead, s.rand, alias, k, secret)
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	if err := atomicfile.Write(s.path(alias), file, 0o600); err != nil {
		return storageFault(op, err)
	}
	s.remember(alias, key)
	return nil
}

func (s *software) open(op, alias string) (any, error) {
	if err := checkAlias(op, alias); err != nil {
		return nil, err
	}
	if key := s.recall(alias); key != nil {
		return key, nil
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.load(op, alias)
}

// load is for holders of changing.
func (s *software) load(op, alias string) (any, error) {
	if key := s.recall(alias); key != nil {
		return key, nil
	}
	file, err := readBounded(s.path(alias))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, absent(op, alias)
	case err != nil:
		return nil, lost(op, alias, err)
	}
	k, secret, err := unseal(s.aead, alias, file)
	if err != nil {
		return nil, lost(op, alias, err)
	}
	defer clear(secret)
	key, err := parse(k, secret)
	if err != nil {
		return nil, lost(op, alias, err)
	}
	s.remember(alias, key)
	return key, nil
}

// readBounded reads one byte more than a sealed file may have, which unseal refuses.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	file, err := io.ReadAll(io.LimitReader(f, maxSealed+1))
	return file, errors.Join(err, f.Close())
}

func (s *software) recall(alias string) any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.opened[alias]
}

func (s *software) remember(alias string, key any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == nil {
		delete(s.opened, alias)
		return
	}
	s.opened[alias] = key
}

// storageFault gives a failed write the code that says who can help.
func storageFault(op string, err error) error {
	code := fault.Internal
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		code = fault.StorageFull
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		code = fault.StorageReadOnly
	case errors.Is(err, syscall.EIO):
		code = fault.StorageDamaged
	}
	return fault.Wrap(code, op, err)
}
