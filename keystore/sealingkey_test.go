package keystore_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
)

func TestASealingKeyIsMadeOnceForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.seal")
	key, err := keystore.SealingKeyFile(path)
	require.NoError(t, err)
	require.Len(t, key, 32)
	require.NotEqual(t, make([]byte, 32), []byte(key))
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", key, key, key), fmt.Sprintf("%d %d", key[0], key[1]))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	again, err := keystore.SealingKeyFile(path)
	require.NoError(t, err)
	require.Equal(t, key, again)
}

func TestADamagedSealingKeyIsReplacedAndItsKeysAreFoundLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "keys.seal")
	open := func() keystore.Store {
		key, err := keystore.SealingKeyFile(path)
		require.NoError(t, err)
		store, err := keystore.OpenSoftware(filepath.Join(dir, "keys"), keystore.SoftwareOptions{Key: key})
		require.NoError(t, err)
		return store
	}
	_, err := open().Generate("device", keystore.P256)
	require.NoError(t, err)
	_, err = open().Signer("device")
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, 31))
	_, err = open().Signer("device")
	require.Equal(t, fault.KeyLost, fault.CodeOf(err))
}

func TestASealingKeyThatCannotBeReadIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := keystore.SealingKeyFile(dir) // a folder in its place
	require.Error(t, err)
	require.DirExists(t, dir)
	_, err = keystore.SealingKeyFile(filepath.Join(dir, "missing", "keys.seal"))
	require.Error(t, err)
}
