package mpac

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// DeviceKeys are the public keys that device tokens are signed with (ES256), by kid. Keys of another kind are left out.
func (p *Portal) DeviceKeys(ctx context.Context) (map[string]*ecdsa.PublicKey, error) {
	set, err := p.keys(ctx, p.paths.DeviceKeys)
	if err != nil {
		return nil, err
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, k := range set.Keys {
		if key, ok := k.p256(); ok {
			keys[k.KeyID] = key
		}
	}
	return keys, nil
}

// HumanKeys are the public keys that people's tokens are signed with (RS256), by kid. Keys of another kind are left out.
func (p *Portal) HumanKeys(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	set, err := p.keys(ctx, p.paths.HumanKeys)
	if err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		if key, ok := k.rsa(); ok {
			keys[k.KeyID] = key
		}
	}
	return keys, nil
}

func (p *Portal) keys(ctx context.Context, path string) (keySet, error) {
	const op = "mpac: key set"
	resp, err := p.api.Do(ctx, httpx.Request{Method: http.MethodGet, Path: path, Idempotent: true})
	if err != nil {
		return keySet{}, err
	}
	var set keySet
	if err := read(op, resp, &set); err != nil {
		return keySet{}, err
	}
	if set.Keys == nil {
		return keySet{}, fault.New(fault.BadResponse, op, "no keys")
	}
	return set, nil
}

func (k jwk) p256() (*ecdsa.PublicKey, bool) {
	x, xErr := base64.RawURLEncoding.DecodeString(k.X)
	y, yErr := base64.RawURLEncoding.DecodeString(k.Y)
	if k.KeyType != "EC" || k.Curve != "P-256" || k.KeyID == "" || xErr != nil || yErr != nil || len(x) != 32 || len(y) != 32 {
		return nil, false
	}
	point := append(append([]byte{4}, x...), y...)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	return key, err == nil
}

func (k jwk) rsa() (*rsa.PublicKey, bool) {
	n, nErr := base64.RawURLEncoding.DecodeString(k.N)
	e, eErr := base64.RawURLEncoding.DecodeString(k.E)
	if k.KeyType != "RSA" || k.KeyID == "" || nErr != nil || eErr != nil || len(n) < 256 || len(n) > 1024 || len(e) == 0 || len(e) > 4 {
		return nil, false
	}
	exponent := new(big.Int).SetBytes(e).Int64()
	if exponent < 3 || exponent > 1<<31-1 || exponent%2 == 0 {
		return nil, false
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent)}, true
}
