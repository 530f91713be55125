package merchant_test

import (
	"bytes"
	"testing"

	"github.com/smartpos-go/terminal/backend/pgw/merchant"
)

// What an order and a large report weigh.
var sizes = []struct {
	name  string
	bytes int
}{{"300B", 300}, {"64KiB", 64 << 10}}

const benchSecret = merchant.Secret("sk_test_0123456789abcdef0123456789abcdef")

func benchMessage(size int) merchant.Message {
	return merchant.Message{Method: "POST", Path: "/v1/payment_intents", Timestamp: 1706515200, Body: bytes.Repeat([]byte("a"), size)}
}

func BenchmarkSign(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			m := benchMessage(size.bytes)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				merchant.Newline.Sign(benchSecret, m)
			}
		})
	}
}

func BenchmarkSigner(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			m, signer := benchMessage(size.bytes), merchant.NewSigner(merchant.Newline, "pk_test_1", benchSecret)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				signer.Header(m)
			}
		})
	}
}

func BenchmarkSignerVerify(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			m, signer := benchMessage(size.bytes), merchant.NewSigner(merchant.Newline, "pk_test_1", benchSecret)
			signature := merchant.Newline.Sign(benchSecret, m)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				if !signer.Verify(m, signature) {
					b.Fatal("our own signature is refused")
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			m := benchMessage(size.bytes)
			signature := merchant.Newline.Sign(benchSecret, m)
			b.SetBytes(int64(size.bytes))
			b.ReportAllocs()
			for b.Loop() {
				if !merchant.Newline.Verify(benchSecret, m, signature) {
					b.Fatal("our own signature is refused")
				}
			}
		})
	}
}
