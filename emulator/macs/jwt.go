package macs

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// Limits of a request's JWT, in seconds (protocol section 1.3, OPEN).
const (
	maxSkew = 60
	maxLife = 300
)

var (
	errNoToken   = no(http.StatusUnauthorized, "UNAUTHORIZED", "a Bearer JWT is needed")
	errForbidden = no(http.StatusForbidden, "ACCESS_FORBIDDEN", "access forbidden")
)

// authorize verifies the Authorization header in the order of protocol section 1.3: claims, key by serial number, signature. It
// gives the serial number.
func (s *Server) authorize(header string) (string, error) {
	scheme, token, _ := strings.Cut(header, " ")
	parts := strings.Split(token, ".")
	if !strings.EqualFold(scheme, "Bearer") || len(parts) != 3 || len(token) > 8192 {
		return "", errNoToken
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return "", errNoToken
		}
	}
	head, headErr := strictjson.Read(decoded[0])
	claims, claimsErr := strictjson.Read(decoded[1])
	if headErr != nil || claimsErr != nil {
		return "", errForbidden
	}
	if alg, ok := head.Text("alg"); !ok || alg != "RS256" {
		return "", errForbidden
	}
	if _, there := head["crit"]; there { // RFC 7515 4.1.11: it names what must be understood, and here that is nothing
		return "", errForbidden
	}
	sn, err := s.checkClaims(claims)
	if err != nil {
		return "", err
	}
	key, err := s.publicKey(sn)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if key == nil || rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], decoded[2]) != nil {
		return "", errForbidden
	}
	return sn, nil
}

func (s *Server) checkClaims(claims strictjson.Object) (string, error) {
	sub, subOK := claims.Text("sub")
	iat, iatOK := claims.Integer("iat")
	exp, expOK := claims.Integer("exp")
	now := s.now().Unix()
	switch {
	case !subOK || !iatOK || !expOK || sub == "" || iat < 0,
		exp < iat, exp-iat > maxLife,
		iat > now+maxSkew, exp < now-maxSkew:
		return "", errForbidden
	}
	return sub, nil
}

// publicKey is the key of a paired terminal, nil when there is none.
func (s *Server) publicKey(sn string) (*rsa.PublicKey, error) {
	var der []byte
	err := s.state.Do(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT public_key FROM terminal WHERE sn = ?", sn).Scan(&der)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows) || (err == nil && der == nil):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return parseKey(der)
}

// SerialNumber is whose request it says it is, for faults and the journal; nothing is verified here.
func SerialNumber(r *http.Request, body []byte) string {
	var said struct {
		Sub          string `json:"sub"`
		SerialNumber string `json:"serialNumber"`
	}
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if parts := strings.Split(token, "."); len(parts) == 3 {
		if claims, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(claims, &said) // whatever cannot be read is nobody's
			return said.Sub
		}
	}
	_ = json.Unmarshal(body, &said)
	return said.SerialNumber
}
