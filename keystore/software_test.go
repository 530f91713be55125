package keystore_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
)

func TestSoftwareOptions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		key  keystore.Secret
		ok   bool
	}{
		{name: "absent"},
		{name: "31 bytes", key: make([]byte, 31)},
		{name: "32 bytes", key: make([]byte, 32), ok: true},
		{name: "33 bytes", key: make([]byte, 33)},
	} {
		_, err := keystore.OpenSoftware(filepath.Join(t.TempDir(), "keys"), keystore.SoftwareOptions{Key: test.key})
		if test.ok {
			require.NoError(t, err, test.name)
			continue
		}
		require.ErrorIs(t, err, fault.InvalidConfig, test.name)
		require.ErrorContains(t, err, "Key has", test.name)
	}
}

func TestFolderAndFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "keys")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	store := openSoftware(t, dir)
	_, err := store.Generate("key", keystore.P256)
	require.NoError(t, err)

	for path, mode := range map[string]fs.FileMode{dir: fs.ModeDir | 0o700, filepath.Join(dir, "key.key"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode(), path)
	}
}

func TestLeftOversOfACrashAreSwept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	_, err := openSoftware(t, dir).Generate("key", keystore.P256)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".tmp-123"), []byte("half a key"), 0o600))

	_, err = openSoftware(t, dir).Signer("key")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(dir, "key.key")}, files)
}

func TestDamagedFilesAreLostKeys(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	store := openSoftware(t, dir)
	_, err := store.Generate("key", keystore.P256)
	require.NoError(t, err)
	require.NoError(t, store.GenerateMAC("mac"))
	read := func(alias string) []byte {
		file, err := os.ReadFile(filepath.Join(dir, alias+".key"))
		require.NoError(t, err)
		return file
	}
	key, mac := read("key"), read("mac")

	damaged := map[string][]byte{
		"empty":              {},
		"cut":                key[:len(key)-1],
		"longer":             append(bytes.Clone(key), 0),
		"too long":           append(bytes.Clone(key), make([]byte, 1<<20)...),
		"of another alias":   mac,
		"kind of a MAC":      append(append(bytes.Clone(key[:5]), 3), key[6:]...),
		"of a later version": append(append(bytes.Clone(key[:4]), 2), key[5:]...),
	}
	for i := range key {
		flipped := bytes.Clone(key)
		flipped[i] ^= 1 << (i % 8)
		requireLost(t, flipped, "byte %d flipped", i)
	}
	for name, file := range damaged {
		requireLost(t, file, "%s", name)
	}
}

// requireLost puts file where a key should be and walks the way out.
func requireLost(t *testing.T, file []byte, name string, args ...any) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	store := openSoftware(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.key"), file, 0o600))
	_, err := store.Signer("key")
	require.ErrorIs(t, err, fault.KeyLost, append([]any{name}, args...)...)
	require.NotErrorIs(t, err, keystore.ErrNotFound)
	require.ErrorContains(t, err, "pair or activate again")
	_, err = store.MAC("key")
	require.ErrorIs(t, err, fault.KeyLost)
	_, err = store.Generate("key", keystore.P256)
	require.ErrorIs(t, err, keystore.ErrExists, "a lost key is given up by Delete alone")

	require.NoError(t, store.Delete("key"))
	_, err = store.Generate("key", keystore.P256)
	require.NoError(t, err)
}

func TestWrongSealingKeyIsALostKey(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	right := openSoftware(t, dir)
	made, err := right.Generate("key", keystore.P256)
	require.NoError(t, err)

	wrong, err := keystore.OpenSoftware(dir, keystore.SoftwareOptions{Key: make([]byte, 32)})
	require.NoError(t, err)
	_, err = wrong.Signer("key")
	require.ErrorIs(t, err, fault.KeyLost)

	again, err := openSoftware(t, dir).Signer("key")
	require.NoError(t, err, "nothing was changed by the attempt")
	require.Equal(t, made.Public(), again.Public())
}

func TestImportReplacesALostMAC(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	store := openSoftware(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mac.key"), []byte("garbage"), 0o600))
	_, err := store.MAC("mac")
	require.ErrorIs(t, err, fault.KeyLost)
	require.NoError(t, store.ImportMAC("mac", secret))
	_, err = store.MAC("mac")
	require.NoError(t, err)
}

func TestKeyThatCannotBeReadIsLostNotAbsent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	store := openSoftware(t, dir)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "key.key"), 0o700))
	_, err := store.Signer("key")
	require.ErrorIs(t, err, fault.KeyLost)
}

func TestParsedKeysAreRemembered(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	_, err := openSoftware(t, dir).Generate("key", keystore.RSA2048)
	require.NoError(t, err)
	store := openSoftware(t, dir)
	first, err := store.Signer("key")
	require.NoError(t, err)
	second, err := store.Signer("key")
	require.NoError(t, err)
	require.Same(t, first, second)
}

func TestFailedWritesLeaveNoKey(t *testing.T) {
	t.Parallel()
	for _, use := range uses[:3] {
		t.Run(use.name, func(t *testing.T) {
			t.Parallel()
			parent := t.TempDir()
			dir := filepath.Join(parent, "keys")
			store := openSoftware(t, dir)
			require.NoError(t, os.Rename(dir, filepath.Join(parent, "moved")))
			require.Equal(t, fault.Internal, fault.CodeOf(use.call(store)))
			_, err := store.Signer("new")
			require.ErrorIs(t, err, keystore.ErrNotFound)
			_, err = store.MAC("new")
			require.ErrorIs(t, err, keystore.ErrNotFound)

			require.NoError(t, os.Rename(filepath.Join(parent, "moved"), dir))
			require.NoError(t, use.call(store), "it can be made once the disk is back")
		})
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := keystore.OpenSoftware(filepath.Join(file, "keys"), keystore.SoftwareOptions{Key: sealingKey})
	require.Error(t, err)
}

func TestSourceOfRandomnessThatFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	broken := errors.New("no entropy")
	store, err := keystore.OpenSoftware(dir, keystore.SoftwareOptions{Key: sealingKey, Rand: iotest.ErrReader(broken)})
	require.NoError(t, err)
	for _, use := range uses[:3] {
		require.ErrorIs(t, use.call(store), broken, use.name)
	}
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestNoncesDiffer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	store, err := keystore.OpenSoftware(dir, keystore.SoftwareOptions{Key: sealingKey, Rand: rand.Reader})
	require.NoError(t, err)
	seen := map[string]bool{}
	for range 8 {
		require.NoError(t, store.ImportMAC("mac", secret))
		file, err := os.ReadFile(filepath.Join(dir, "mac.key"))
		require.NoError(t, err)
		require.False(t, seen[string(file[:18])], "a nonce used twice breaks AES-GCM")
		require.False(t, bytes.Contains(file, secret), "sealed")
		seen[string(file[:18])] = true
	}
}
