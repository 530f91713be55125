package jwtsign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

type vectors struct {
	Source  string       `json:"source"`
	Payload segment      `json:"payload"`
	RS256   rsaVector    `json:"rs256"`
	ES256   ecdsaVectors `json:"es256"`
}

type rsaVector struct {
	Header, N, D, P, Q, Signature segment
}

type ecdsaVectors struct {
	Header, X, Y, Signature segment
}

// segment is base64url without padding.
type segment string

func (s segment) bytes(t testing.TB) []byte {
	t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(string(s))
	require.NoError(t, err)
	return decoded
}

func (s segment) int(t testing.TB) *big.Int { return new(big.Int).SetBytes(s.bytes(t)) }

func readVectors(t testing.TB) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/rfc7515.json")
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var v vectors
	require.NoError(t, decoder.Decode(&v))
	return v
}

func TestRFC7515AppendixA2(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: v.RS256.N.int(t), E: 65537},
		D:         v.RS256.D.int(t),
		Primes:    []*big.Int{v.RS256.P.int(t), v.RS256.Q.int(t)},
	}
	require.NoError(t, key.Validate())
	key.Precompute()
	method, err := Method(key.Public())
	require.NoError(t, err)
	require.Equal(t, "RS256", method.Alg())

	input := string(v.RS256.Header + "." + v.Payload)
	signature, err := method.Sign(input, key)
	require.NoError(t, err)
	require.Equal(t, v.RS256.Signature.bytes(t), signature)
	require.NoError(t, method.Verify(input, signature, key.Public()))
}

func TestRFC7515AppendixA3(t *testing.T) {
	t.Parallel()
	v := readVectors(t)
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, v.ES256.X.int(t).FillBytes(make([]byte, 32))...), v.ES256.Y.int(t).FillBytes(make([]byte, 32))...))
	require.NoError(t, err)
	method, err := Method(pub)
	require.NoError(t, err)
	require.Equal(t, "ES256", method.Alg())
	raw := v.ES256.Signature.bytes(t)
	require.NoError(t, method.Verify(string(v.ES256.Header+"."+v.Payload), raw, pub))

	converted, err := rawFromDER(derOf(t, raw))
	require.NoError(t, err)
	require.Equal(t, raw, converted)
}

type integers struct{ R, S *big.Int }

func derOf(t testing.TB, raw []byte) []byte {
	t.Helper()
	der, err := asn1.Marshal(integers{R: new(big.Int).SetBytes(raw[:scalarSize]), S: new(big.Int).SetBytes(raw[scalarSize:])})
	require.NoError(t, err)
	return der
}

func TestOnlyTheOneDERFormOfASignatureIsTaken(t *testing.T) {
	t.Parallel()
	n := elliptic.P256().Params().N
	marshal := func(numbers ...*big.Int) []byte {
		der, err := asn1.Marshal(numbers)
		require.NoError(t, err)
		return der
	}
	one := big.NewInt(1)
	highest := new(big.Int).Sub(n, one)
	for _, test := range []struct {
		name string
		der  []byte
		ok   bool
	}{
		{name: "least", der: marshal(one, one), ok: true},
		{name: "highest", der: marshal(highest, highest), ok: true},
		{name: "zero in front of a high bit", der: marshal(big.NewInt(128), one), ok: true},
		{name: "r is 0", der: marshal(new(big.Int), one)},
		{name: "s is 0", der: marshal(one, new(big.Int))},
		{name: "r is n", der: marshal(n, one)},
		{name: "s is n", der: marshal(one, n)},
		{name: "r is negative", der: marshal(big.NewInt(-1), one)},
		{name: "s has 33 bytes", der: marshal(one, new(big.Int).Lsh(one, 256))},
		{name: "one integer", der: marshal(one)},
		{name: "three integers", der: marshal(one, one, one)},
		{name: "empty"},
		{name: "tag alone", der: []byte{0x30}},
		{name: "empty sequence", der: []byte{0x30, 0}},
		{name: "SET", der: []byte{0x31, 6, 2, 1, 1, 2, 1, 1}},
		{name: "trailing byte", der: []byte{0x30, 6, 2, 1, 1, 2, 1, 1, 0}},
		{name: "cut", der: []byte{0x30, 6, 2, 1, 1, 2, 1}},
		{name: "long form of a length", der: []byte{0x30, 0x81, 6, 2, 1, 1, 2, 1, 1}},
		{name: "indefinite length", der: []byte{0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0}},
		{name: "integer in two bytes that fits one", der: []byte{0x30, 7, 2, 2, 0, 1, 2, 1, 1}},
		{name: "empty integer", der: []byte{0x30, 5, 2, 0, 2, 1, 1}},
		{name: "integer beyond the end", der: []byte{0x30, 6, 2, 1, 1, 2, 0x7f, 1}},
		{name: "integer tag alone", der: []byte{0x30, 4, 2, 1, 1, 2}},
		{name: "octet string", der: []byte{0x30, 6, 4, 1, 1, 2, 1, 1}},
	} {
		raw, err := rawFromDER(test.der)
		if !test.ok {
			require.ErrorIs(t, err, errDER, test.name)
			require.Nil(t, raw, test.name)
			continue
		}
		require.NoError(t, err, test.name)
		require.Equal(t, test.der, derOf(t, raw), test.name)
	}
}

// FuzzRawFromDER: what is taken encodes to the same DER again and is in range; what is refused gives nothing. encoding/asn1,
// which is laxer, must take all that we take, to the same numbers.
func FuzzRawFromDER(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(f, err)
	for i := range byte(8) {
		digest := sha256.Sum256([]byte{i})
		der, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		require.NoError(f, err)
		f.Add(der)
		f.Add(der[:len(der)-1])
	}
	f.Add([]byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Fuzz(func(t *testing.T, der []byte) {
		raw, err := rawFromDER(der)
		if err != nil {
			require.Nil(t, raw)
			return
		}
		require.Len(t, raw, 2*scalarSize)
		require.Equal(t, der, derOf(t, raw))
		var numbers integers
		rest, err := asn1.Unmarshal(der, &numbers)
		require.NoError(t, err)
		require.Empty(t, rest)
		for i, number := range []*big.Int{numbers.R, numbers.S} {
			require.Equal(t, number.FillBytes(make([]byte, scalarSize)), raw[i*scalarSize:(i+1)*scalarSize])
			require.Equal(t, 1, number.Sign())
			require.Negative(t, number.Cmp(elliptic.P256().Params().N))
		}
	})
}
