package posstream

import (
	"bytes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// hexBytes is hex in JSON.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// vectorGroup is what the Wycheproof files used here have in common.
type vectorGroup struct {
	KeySize    int      `json:"keySize"`
	IVSize     int      `json:"ivSize"`
	TagSize    int      `json:"tagSize"`
	PrivateKey hexBytes `json:"privateKeyPkcs8"`
	Tests      []struct {
		ID      int      `json:"tcId"`
		Comment string   `json:"comment"`
		Key     hexBytes `json:"key"`
		IV      hexBytes `json:"iv"`
		AAD     hexBytes `json:"aad"`
		Label   hexBytes `json:"label"`
		Message hexBytes `json:"msg"`
		Sealed  hexBytes `json:"ct"`
		Tag     hexBytes `json:"tag"`
		Result  string   `json:"result"`
	} `json:"tests"`
}

func wycheproofGroups(t *testing.T, file string) []vectorGroup {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, file)
	require.NoError(t, err)
	var v struct {
		Groups []vectorGroup `json:"testGroups"`
	}
	require.NoError(t, json.Unmarshal(text, &v))
	return v.Groups
}

func TestWycheproofAES(t *testing.T) {
	t.Parallel()
	for _, file := range []struct {
		name string
		mode AES
		iv   int
		want int
	}{
		{"aes_gcm_test.json", GCM, 96, 48}, // of 66 with this key and nonce; the rest have additional data, which the stream never has
		{"aes_cbc_pkcs5_test.json", CBC, 128, 72},
	} {
		ran := 0
		for _, g := range wycheproofGroups(t, file.name) {
			if g.KeySize != 256 || g.IVSize != file.iv {
				continue
			}
			for _, v := range g.Tests {
				if len(v.AAD) > 0 {
					continue
				}
				ran++
				c, err := NewCipher(file.mode, v.Key)
				require.NoError(t, err)
				sealed := bytes.Join([][]byte{v.IV, v.Sealed, v.Tag}, nil)
				clear, err := c.Open(nil, sealed)
				if v.Result != "valid" {
					require.ErrorIs(t, err, ErrDecrypt, "%s %d %s", file.name, v.ID, v.Comment)
					require.Nil(t, clear)
					continue
				}
				require.NoError(t, err, "%s %d %s", file.name, v.ID, v.Comment)
				require.Equal(t, string(v.Message), string(clear))
				c.random = bytes.NewReader(v.IV)
				made, err := c.Seal([]byte("before"), v.Message)
				require.NoError(t, err)
				require.Equal(t, append([]byte("before"), sealed...), made, "%s %d %s", file.name, v.ID, v.Comment)
			}
		}
		require.Equal(t, file.want, ran, file.name)
	}
}

func TestWycheproofRSA(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct {
		mode RSA
		ran  int
	}{
		"rsa_oaep_2048_sha256_mgf1sha256_test.json": {OAEPSHA256, 29},
		"rsa_oaep_2048_sha1_mgf1sha1_test.json":     {OAEPSHA1, 29},
		"rsa_pkcs1_2048_test.json":                  {PKCS1, 67},
	} {
		ran := 0
		for _, g := range wycheproofGroups(t, file) {
			parsed, err := x509.ParsePKCS8PrivateKey(g.PrivateKey)
			require.NoError(t, err)
			key := parsed.(*rsa.PrivateKey)
			for _, v := range g.Tests {
				if len(v.Label) > 0 {
					continue
				}
				ran++
				clear, err := want.mode.Unwrap(key, v.Sealed)
				if v.Result == "invalid" {
					require.ErrorIs(t, err, ErrDecrypt, "%s %d %s", file, v.ID, v.Comment)
					require.Nil(t, clear)
					continue
				}
				require.NoError(t, err, "%s %d %s", file, v.ID, v.Comment)
				require.Equal(t, string(v.Message), string(clear))
				wrapped, err := want.mode.Wrap(&key.PublicKey, v.Message)
				require.NoError(t, err)
				clear, err = want.mode.Unwrap(key, wrapped)
				require.NoError(t, err)
				require.Equal(t, string(v.Message), string(clear))
			}
		}
		require.Equal(t, want.ran, ran, file)
	}
}

func TestEveryMessageHasAFreshIV(t *testing.T) {
	t.Parallel()
	for _, mode := range []AES{CBC, GCM} {
		c, err := NewCipher(mode, make([]byte, dekSize))
		require.NoError(t, err)
		made := map[string]bool{}
		for range 100 {
			sealed, err := c.Seal(nil, []byte("the same"))
			require.NoError(t, err)
			made[string(sealed[:12])] = true
		}
		require.Len(t, made, 100, mode)
	}
}

func TestAChangedMessageIsTheOneErrorAndNeverAPanic(t *testing.T) {
	t.Parallel()
	clear := []byte(`{"order_id":"O-1","total":450,"name":"コーヒー"}`)
	for _, mode := range []AES{CBC, GCM} {
		c, err := NewCipher(mode, bytes.Repeat([]byte{7}, dekSize))
		require.NoError(t, err)
		sealed, err := c.Seal(nil, clear)
		require.NoError(t, err)
		try := func(changed []byte) {
			got, err := c.Open(nil, changed)
			if mode == GCM || err != nil {
				require.Equal(t, ErrDecrypt, err)
				require.Nil(t, got)
				return
			}
			require.NotEqual(t, string(clear), string(got))
		}
		for i := range sealed {
			for bit := range 8 {
				changed := bytes.Clone(sealed)
				changed[i] ^= 1 << bit
				try(changed)
			}
			try(sealed[:i])
		}
		try(append(bytes.Clone(sealed), 0))
		try(append(bytes.Clone(sealed), sealed[:16]...))
	}
}

// A session checks the clear text as well, and must do so whatever is wrong: a message that fails sooner for its padding alone would
// tell the padding.
func TestWrongPaddingCostsWhatWrongTextCosts(t *testing.T) {
	t.Parallel()
	c, err := NewCipher(CBC, bytes.Repeat([]byte{7}, dekSize))
	require.NoError(t, err)
	for pad := range 256 {
		block := bytes.Repeat([]byte{byte(pad)}, 16)
		want := 0
		if pad >= 1 && pad <= 16 {
			want = pad
		}
		require.Equal(t, want, padding(block), "padding of %d", pad)
		if want > 0 {
			block[16-pad] ^= 1
			changed := padding(block)
			require.True(t, changed == 0 || pad == 1 && changed == 0, "padding of %d with its first byte changed", pad)
		}
		// The same block as the last of a message.
		text := append([]byte(`{"a":1234567890}`), bytes.Repeat([]byte{byte(pad)}, 16)...)
		iv := make([]byte, 16)
		sealed := append(bytes.Clone(iv), text...)
		cipher.NewCBCEncrypter(c.block, iv).CryptBlocks(sealed[16:], text)
		clear, good := c.open(nil, sealed)
		require.Equal(t, want > 0, good)
		require.Len(t, clear, 32-want, "there is a text to check either way")
	}
}

func TestADEKHas32Bytes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 16, 24, 31, 33, 64} {
		_, err := NewCipher(CBC, make([]byte, size))
		require.Error(t, err, "%d bytes", size)
	}
	_, err := NewCipher("ecb", make([]byte, dekSize))
	require.ErrorContains(t, err, "ecb")
}

// A mode that nobody knows must not be a mode that somebody else chose.
func TestThereIsNoOtherPadding(t *testing.T) {
	t.Parallel()
	for _, mode := range []RSA{"", "oaep", "OAEP-SHA256", "none"} {
		_, err := mode.Wrap(&posKey().PublicKey, []byte("x"))
		require.ErrorContains(t, err, "no padding")
		wrapped, err := OAEPSHA256.Wrap(&posKey().PublicKey, []byte("x"))
		require.NoError(t, err)
		_, err = mode.Unwrap(posKey(), wrapped)
		require.Equal(t, ErrDecrypt, err)
	}
}

func TestDecryptionTellsNothing(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, ErrDecrypt, fault.DecryptFailed)
	require.False(t, strings.Contains(ErrDecrypt.Error(), "padding"))
}

// Sizes of the measured messages: an acknowledged order and a large one.
var benchSizes = map[string]int{"235B": 235, "64KiB": 64 << 10}

func BenchmarkSeal(b *testing.B) {
	bench(b, func(c *Cipher, clear, _ []byte, buf []byte) ([]byte, error) { return c.Seal(buf, clear) })
}

func BenchmarkOpen(b *testing.B) {
	bench(b, func(c *Cipher, _, sealed []byte, buf []byte) ([]byte, error) { return c.Open(buf, sealed) })
}

func bench(b *testing.B, do func(c *Cipher, clear, sealed, buf []byte) ([]byte, error)) {
	for _, mode := range []AES{GCM, CBC} {
		for name, size := range benchSizes {
			b.Run(string(mode)+"-"+name, func(b *testing.B) {
				c, err := NewCipher(mode, make([]byte, dekSize))
				require.NoError(b, err)
				clear := make([]byte, size)
				sealed, err := c.Seal(nil, clear)
				require.NoError(b, err)
				buf := make([]byte, 0, size+64)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := do(c, clear, sealed, buf[:0]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
