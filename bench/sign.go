package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/smartpos-go/terminal/internal/jwtsign"
)

// signatures are made of either sort; they take turns, so that both see the same machine.
const signatures = 1000

func signRS256(ctx context.Context, _ options) ([]row, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	issued := time.Now()
	claims := jwt.RegisteredClaims{
		Subject: "SN123", IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(issued.Add(time.Minute)),
	}
	digest := sha256.Sum256([]byte("header.claims"))
	var bare, whole []time.Duration
	for range signatures {
		began := time.Now()
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
			return nil, err
		}
		middle := time.Now()
		if _, err := jwtsign.Sign(key, "", claims); err != nil {
			return nil, err
		}
		bare, whole = append(bare, middle.Sub(began)), append(whole, time.Since(middle))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return []row{atMost("RS256 token / crypto/rsa signature", median(whole), median(bare), 1.1, duration)}, nil
}
