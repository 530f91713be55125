package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/smartpos-go/terminal/internal/jwtsign"
)

// signatures are made of each sort.
const signatures = 1000

func signs(ctx context.Context, o options, java measured, emit func(row)) error {
	issued := time.Now()
	claims := jwt.RegisteredClaims{
		Subject: "SN123", IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(issued.Add(time.Hour)),
	}
	if err := signRS256(ctx, claims, emit); err != nil {
		return err
	}
	if err := signES256(ctx, claims, java, emit); err != nil {
		return err
	}
	return goBenchmarks(deviceTokenRows)(ctx, o, java, emit)
}

// signRS256 compares tokens with bare signatures, turn by turn.
func signRS256(ctx context.Context, claims jwt.Claims, emit func(row)) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte("header.claims"))
	bare, whole, err := inTurns(ctx, func() error {
		_, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		return err
	}, func() error {
		_, err := jwtsign.Sign(key, "", claims)
		return err
	})
	if err != nil {
		return err
	}
	emit(atMost("RS256 token / crypto/rsa signature", whole, bare, 1.1, nanoseconds))
	return nil
}

// signES256 compares tokens made, and tokens parsed with all checks of their claims, with what the JDK needs for the signature.
func signES256(ctx context.Context, claims jwt.Claims, java measured, emit func(row)) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	method, err := jwtsign.Method(key.Public())
	if err != nil {
		return err
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{method.Alg()}))
	token, err := jwtsign.Sign(key, "", claims)
	if err != nil {
		return err
	}
	sign, verify, err := inTurns(ctx, func() error {
		_, err := jwtsign.Sign(key, "", claims)
		return err
	}, func() error {
		_, err := parser.ParseWithClaims(token, &jwt.RegisteredClaims{}, func(*jwt.Token) (any, error) { return key.Public(), nil })
		return err
	})
	if err != nil {
		return err
	}
	m := measured{"sign": {sign}, "verify": {verify}, "java/jdk-es256-sign": java["java/jdk-es256-sign"], "java/jdk-es256-verify": java["java/jdk-es256-verify"]}
	rows, err := m.rows([]compared{
		{path: "ES256 token, sign / JDK", ours: "sign", peer: "java/jdk-es256-sign", least: 8},
		{path: "ES256 token, verify / JDK", ours: "verify", peer: "java/jdk-es256-verify", least: 8},
	})
	for _, r := range rows {
		emit(r)
	}
	return err
}

// inTurns gives the medians of two sorts of work, done in turns so that both see the same machine.
func inTurns(ctx context.Context, a, b func() error) (medianA, medianB float64, err error) {
	var timesA, timesB []float64
	for range signatures {
		began := time.Now()
		if err := a(); err != nil {
			return 0, 0, err
		}
		middle := time.Now()
		if err := b(); err != nil {
			return 0, 0, err
		}
		timesA, timesB = append(timesA, float64(middle.Sub(began))), append(timesB, float64(time.Since(middle)))
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
	}
	return median(timesA), median(timesB), nil
}
