package posstream

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/stretchr/testify/require"
)

// The emulator opens what a client application sealed with its own code, so it is held against the vectors by itself.
func TestWycheproof(t *testing.T) {
	t.Parallel()
	unhex := func(text string) []byte {
		b, err := hex.DecodeString(text)
		require.NoError(t, err)
		return b
	}
	for _, file := range []struct{ name, mode string }{
		{"aes_gcm_test.json", "gcm"},
		{"aes_cbc_pkcs5_test.json", "cbc"},
		{"rsa_oaep_2048_sha256_mgf1sha256_test.json", "oaep-sha256"},
		{"rsa_oaep_2048_sha1_mgf1sha1_test.json", "oaep-sha1"},
		{"rsa_pkcs1_2048_test.json", "pkcs1"},
	} {
		text, err := fs.ReadFile(wycheproof.TestVectors, file.name)
		require.NoError(t, err)
		var v struct {
			TestGroups []struct {
				KeySize, IVSize int
				PrivateKeyPkcs8 string
				Tests           []struct{ Key, IV, AAD, Label, Msg, CT, Tag, Result string }
			}
		}
		require.NoError(t, json.Unmarshal(text, &v))
		good, bad := 0, 0
		for _, g := range v.TestGroups {
			var key *rsa.PrivateKey
			if g.PrivateKeyPkcs8 != "" {
				parsed, err := x509.ParsePKCS8PrivateKey(unhex(g.PrivateKeyPkcs8))
				require.NoError(t, err)
				key = parsed.(*rsa.PrivateKey)
			} else if g.KeySize != 256 || file.mode == "gcm" && g.IVSize != 96 {
				continue
			}
			for _, c := range g.Tests {
				if c.AAD+c.Label != "" {
					continue
				}
				var clear []byte
				if key != nil {
					clear, err = unwrap(file.mode, key, base64.StdEncoding.EncodeToString(unhex(c.CT)))
				} else {
					clear, err = unseal(file.mode, unhex(c.Key), bytes.Join([][]byte{unhex(c.IV), unhex(c.CT), unhex(c.Tag)}, nil))
				}
				if c.Result == "valid" {
					good++
					require.NoError(t, err)
					require.Equal(t, string(unhex(c.Msg)), string(clear))
					continue
				}
				bad++
				require.ErrorIs(t, err, errSealed)
			}
		}
		require.Positive(t, good, file.name)
		require.Positive(t, bad, file.name)
	}
}
