package keystore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func testSeal(t require.TestingT) cipher.AEAD {
	block, err := aes.NewCipher(bytes.Repeat([]byte{42}, 32))
	require.NoError(t, err)
	aead, err := cipher.NewGCM(block)
	require.NoError(t, err)
	return aead
}

// TestFolderWrittenBy1xOpens pins the file format: the file was written by version 1 of it.
func TestFolderWrittenBy1xOpens(t *testing.T) {
	t.Parallel()
	encoded, err := os.ReadFile("testdata/sealed-v1-mac.hex")
	require.NoError(t, err)
	file, err := hex.DecodeString(string(bytes.TrimSpace(encoded)))
	require.NoError(t, err)
	k, secret, err := unseal(testSeal(t), "whitelist", file)
	require.NoError(t, err)
	require.Equal(t, kindMAC, k)
	require.Equal(t, "macs-whitelist-test-secret-32-bytes-long", string(secret))

	again, err := seal(testSeal(t), bytes.NewReader(bytes.Repeat([]byte{9}, nonceSize)), "whitelist", k, secret)
	require.NoError(t, err)
	require.Equal(t, file, again)
}

func TestParseRefusesWhatIsNotTheKeyOfItsKind(t *testing.T) {
	t.Parallel()
	pkcs8 := func(key any, err error) []byte {
		require.NoError(t, err)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		return der
	}
	p256 := pkcs8(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	rsa2048 := pkcs8(rsa.GenerateKey(rand.Reader, 2048))
	for _, test := range []struct {
		name   string
		kind   kind
		secret []byte
		ok     bool
	}{
		{name: "P-256", kind: kindP256, secret: p256, ok: true},
		{name: "RSA-2048", kind: kindRSA, secret: rsa2048, ok: true},
		{name: "MAC", kind: kindMAC, secret: make([]byte, 32), ok: true},
		{name: "P-256 as RSA", kind: kindRSA, secret: p256},
		{name: "RSA as P-256", kind: kindP256, secret: rsa2048},
		{name: "P-384", kind: kindP256, secret: pkcs8(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))},
		{name: "RSA-3072", kind: kindRSA, secret: pkcs8(rsa.GenerateKey(rand.Reader, 3072))},
		{name: "garbage", kind: kindRSA, secret: []byte("garbage")},
		{name: "short MAC", kind: kindMAC, secret: make([]byte, 31)},
		{name: "long MAC", kind: kindMAC, secret: make([]byte, 1025)},
		{name: "unknown kind", kind: 9, secret: make([]byte, 32)},
	} {
		key, err := parse(test.kind, test.secret)
		require.Equal(t, test.ok, err == nil, "%s: %v", test.name, err)
		require.Equal(t, test.ok, key != nil, test.name)
	}
}

func TestStorageFaultsNameWhoCanHelp(t *testing.T) {
	t.Parallel()
	for errno, code := range map[syscall.Errno]fault.Code{
		syscall.ENOSPC: fault.StorageFull,
		syscall.EDQUOT: fault.StorageFull,
		syscall.EROFS:  fault.StorageReadOnly,
		syscall.EACCES: fault.StorageReadOnly,
		syscall.EIO:    fault.StorageDamaged,
	} {
		err := storageFault("keystore: generate", &os.PathError{Op: "write", Path: "key.key", Err: errno})
		require.Equal(t, code, fault.CodeOf(err), errno)
		require.ErrorIs(t, err, errno)
	}
}

// FuzzSealed: any file either fails with no result at all, or sealing what it held gives the same bytes. Any secret that was
// sealed opens again, and parsing it never panics.
func FuzzSealed(f *testing.F) {
	aead := testSeal(f)
	for _, secret := range [][]byte{nil, make([]byte, 32), []byte("0")} {
		for k := range kind(4) {
			file, err := seal(aead, bytes.NewReader(make([]byte, nonceSize)), "alias", k, secret)
			require.NoError(f, err)
			f.Add(file, byte(k))
			f.Add(secret, byte(k))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, k byte) {
		kindRead, secret, err := unseal(aead, "alias", data)
		if err != nil {
			require.Zero(t, kindRead)
			require.Nil(t, secret)
		} else {
			again, err := seal(aead, bytes.NewReader(data[headerSize:headerSize+nonceSize]), "alias", kindRead, secret)
			require.NoError(t, err)
			require.Equal(t, data, again)
		}
		if len(data) > maxSealed-sealedExtra {
			return
		}
		file, err := seal(aead, rand.Reader, "alias", kind(k), data)
		require.NoError(t, err)
		kindRead, secret, err = unseal(aead, "alias", file)
		require.NoError(t, err)
		require.Equal(t, kind(k), kindRead)
		require.True(t, bytes.Equal(data, secret))
		key, err := parse(kind(k), data)
		require.NotEqual(t, err == nil, key == nil, fmt.Sprint(err))
		_, _, err = unseal(aead, "alias2", file)
		require.Error(t, err)
	})
}
