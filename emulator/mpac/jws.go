package mpac

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// jws is a JWT in its compact form (RFC 7515), read and not verified yet.
type jws struct {
	header, claims strictjson.Object
	signed         [sha256.Size]byte // of the signing input
	signature      []byte
}

// readJWS reads three parts of base64url without padding; header and claims are JSON objects without crit.
func readJWS(token string) (jws, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxToken {
		return jws{}, false
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return jws{}, false
		}
	}
	header, headerErr := strictjson.Read(decoded[0])
	claims, claimsErr := strictjson.Read(decoded[1])
	if headerErr != nil || claimsErr != nil || header.Has("crit") { // RFC 7515 4.1.11: crit names what must be understood
		return jws{}, false
	}
	return jws{header: header, claims: claims, signed: sha256.Sum256([]byte(parts[0] + "." + parts[1])), signature: decoded[2]}, true
}

// verify checks the signature with the one algorithm that the key's type has, which the header must name.
func (j jws) verify(key crypto.PublicKey) bool {
	alg, _ := j.header.Text("alg")
	switch k := key.(type) {
	case *ecdsa.PublicKey: // 64 bytes r and s; the DER form of key stores is not JWS
		if alg != "ES256" || len(j.signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(j.signature[:32]), new(big.Int).SetBytes(j.signature[32:])
		return ecdsa.Verify(k, j.signed[:], r, s)
	case *rsa.PublicKey:
		return alg == "RS256" && rsa.VerifyPKCS1v15(k, crypto.SHA256, j.signed[:], j.signature) == nil
	}
	return false
}

// signJWS makes a token; alg follows the key.
func signJWS(kid string, key crypto.Signer, claims any) (string, error) {
	header := struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		Kid string `json:"kid"`
	}{Alg: "RS256", Typ: "JWT", Kid: kid}
	if _, ec := key.(*ecdsa.PrivateKey); ec {
		header.Alg = "ES256"
	}
	head, headErr := json.Marshal(header)
	body, bodyErr := json.Marshal(claims)
	if err := errors.Join(headErr, bodyErr); err != nil {
		return "", fmt.Errorf("emulator: token: %w", err)
	}
	input := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	sum := sha256.Sum256([]byte(input))
	signature, err := signSum(key, sum[:])
	if err != nil {
		return "", fmt.Errorf("emulator: token: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func signSum(key crypto.Signer, sum []byte) ([]byte, error) {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return key.Sign(rand.Reader, sum, crypto.SHA256)
	}
	r, s, err := ecdsa.Sign(rand.Reader, ec, sum)
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}
