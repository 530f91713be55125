package keystore

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"

	"github.com/smartpos-go/terminal/internal/atomicfile"
)

// SealingKeyFile gives the sealing key that a file holds: 32 random bytes, made with mode 0600 when the file is missing. It is
// for a software store whose caller has no secret to bring; who has the file and the store's folder has every key. A file of
// another length is replaced: the keys that were sealed under it are found lost when they are opened. Errors: storage_full,
// storage_read_only, internal.
func SealingKeyFile(path string) (Secret, error) {
	const op = "keystore: sealing key"
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == sha256.Size:
		return key, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, storageFault(op, err)
	}
	key = make([]byte, sha256.Size)
	_, _ = rand.Read(key) // crypto/rand: never fails
	if err := atomicfile.Write(path, key, 0o600); err != nil {
		return nil, storageFault(op, err)
	}
	return key, nil
}
