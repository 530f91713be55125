package jwtsign_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/internal/jwtsign"
)

// BenchmarkSign times whole tokens beside bare signatures, turn by turn in one loop, so that both see the same machine. It
// reports the overhead in percent.
func BenchmarkSign(b *testing.B) {
	digest := sha256.Sum256([]byte("header.claims"))
	issued := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	requestClaims := jwt.RegisteredClaims{
		Subject: "SN123", IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(issued.Add(time.Minute)),
	}
	rsaKey, ecKey := newRSA(b, 2048), newEC(b, elliptic.P256())
	for _, test := range []struct {
		name string
		key  crypto.Signer
		bare func() error
	}{
		{name: "RS256", key: rsaKey, bare: func() error {
			_, err := rsa.SignPKCS1v15(nil, rsaKey, crypto.SHA256, digest[:])
			return err
		}},
		{name: "ES256", key: ecKey, bare: func() error {
			_, err := ecdsa.SignASN1(rand.Reader, ecKey, digest[:])
			return err
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			var bare, whole time.Duration
			for b.Loop() {
				start := time.Now()
				require.NoError(b, test.bare())
				middle := time.Now()
				_, err := jwtsign.Sign(test.key, "", requestClaims)
				whole += time.Since(middle)
				bare += middle.Sub(start)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(whole.Nanoseconds())/float64(b.N), "ns/token")
			b.ReportMetric(float64(bare.Nanoseconds())/float64(b.N), "ns/bare")
			b.ReportMetric(100*(float64(whole)/float64(bare)-1), "%overhead")
		})
	}
}
