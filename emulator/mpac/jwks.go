package mpac

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
)

// jwk is a public key of RFC 7517; it has no field for a private part.
type jwk struct {
	Kty string `json:"kty"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
}

type jwks struct {
	Keys []jwk `json:"keys"`
}

func encodeJWK(kid string, key crypto.PublicKey) (jwk, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4, x, y
		if err != nil || len(point) != 65 {
			return jwk{}, errors.New("emulator: jwks: the key is not on P-256")
		}
		return jwk{Kty: "EC", Kid: kid, Use: "sig", Alg: "ES256", Crv: "P-256", X: b64(point[1:33]), Y: b64(point[33:])}, nil
	case *rsa.PublicKey:
		return jwk{Kty: "RSA", Kid: kid, Use: "sig", Alg: "RS256", N: b64(k.N.Bytes()), E: b64(big.NewInt(int64(k.E)).Bytes())}, nil
	}
	return jwk{}, errors.New("emulator: jwks: unknown kind of key")
}

// decodeJWK reads what the gateway fetched.
func decodeJWK(k jwk) (crypto.PublicKey, error) {
	part := func(text string) []byte {
		value, err := base64.RawURLEncoding.Strict().DecodeString(text)
		if err != nil {
			return nil
		}
		return value
	}
	switch {
	case k.Kty == "EC" && k.Crv == "P-256":
		x, y := part(k.X), part(k.Y)
		if len(x) != 32 || len(y) != 32 {
			return nil, errors.New("emulator: jwks: a coordinate has 32 bytes")
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	case k.Kty == "RSA":
		n, e := new(big.Int).SetBytes(part(k.N)), new(big.Int).SetBytes(part(k.E))
		if n.BitLen() < 2048 || !e.IsInt64() || e.Int64() != 65537 {
			return nil, errors.New("emulator: jwks: an RSA key has 2048 bits and e = 65537")
		}
		return &rsa.PublicKey{N: n, E: 65537}, nil
	}
	return nil, errors.New("emulator: jwks: unknown kind of key")
}

// readJWKS reads a key set; one key that cannot be read spoils it.
func readJWKS(text []byte) (map[string]crypto.PublicKey, error) {
	var set jwks
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	keys := make(map[string]crypto.PublicKey, len(set.Keys))
	for _, k := range set.Keys {
		key, err := decodeJWK(k)
		if err != nil {
			return nil, err
		}
		keys[k.Kid] = key
	}
	return keys, nil
}

// jwks answers GET /jwks/device and /jwks/human.
func (p *portal) jwks(w http.ResponseWriter, r request) error {
	if r.id != setDevice && r.id != setHuman {
		return errNotFound
	}
	keys, err := p.keys.published(r.id)
	if err != nil {
		return err
	}
	set := jwks{Keys: []jwk{}}
	for _, key := range keys {
		encoded, err := encodeJWK(key.kid, key.signer.Public())
		if err != nil {
			return err
		}
		set.Keys = append(set.Keys, encoded)
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	answer(w, http.StatusOK, set)
	return nil
}
