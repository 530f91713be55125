package keystore_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/keystore"
)

// TestFingerprint: testdata/fingerprint.pem was hashed with openssl (pkey -pubin -outform DER, dgst -sha256).
func TestFingerprint(t *testing.T) {
	t.Parallel()
	encoded, err := os.ReadFile("testdata/fingerprint.pem")
	require.NoError(t, err)
	block, _ := pem.Decode(encoded)
	require.NotNil(t, block)
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)

	fingerprint, err := keystore.Fingerprint(pub)
	require.NoError(t, err)
	require.Equal(t, "SHA256:QH6Z4N+8nNX7h7Jjx8uI60JLLgVRG+XrzJmkn4n+NlQ", fingerprint)

	_, err = keystore.Fingerprint("not a key")
	require.Error(t, err)
}

func BenchmarkMAC(b *testing.B) {
	store, err := keystore.OpenSoftware(filepath.Join(b.TempDir(), "keys"), keystore.SoftwareOptions{Key: sealingKey})
	require.NoError(b, err)
	require.NoError(b, store.ImportMAC("mac", secret))
	mac, err := store.MAC("mac")
	require.NoError(b, err)
	message := []byte("5555555555554444")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mac.Sum(message); err != nil {
			b.Fatal(err)
		}
	}
}
