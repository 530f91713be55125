package macs

import (
	"bytes"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"regexp"
	"time"
)

const (
	codeLife = 2 * time.Hour // FACT
	maxTries = 5             // OPEN: wrong codes until a code is dropped
)

var (
	errPairingCode   = no(http.StatusForbidden, "INVALID_PAIRING_CODE", "the pairing code is not valid for this terminal")
	errAlreadyPaired = no(http.StatusConflict, "ALREADY_PAIRED", "the terminal is paired")
	errPublicKey     = no(http.StatusUnprocessableEntity, "INVALID_PUBLIC_KEY", "an RSA-2048 key with e = 65537 is needed")
)

var codeText = regexp.MustCompile(`^[0-9]{8}$`)

// pair checks in the order shape, paired, code, key (protocol section 1.2).
func (s *Server) pair(w http.ResponseWriter, _ *http.Request, _ string, body []byte) error {
	o, err := readObject(body)
	if err != nil {
		return badRequest("a JSON object is needed")
	}
	sn, snOK := o.text("serialNumber")
	code, codeOK := o.text("pairingCode")
	encoded, keyOK := o.text("publicKey")
	if !snOK || !codeOK || !keyOK {
		return badRequest("serialNumber, pairingCode and publicKey must be strings")
	}
	var refused error
	err = s.state.Do(func(tx *sql.Tx) error {
		refused, err = s.pairIn(tx, sn, code, encoded)
		return err
	})
	if err != nil || refused != nil {
		return errors.Join(err, refused)
	}
	answer(w, http.StatusOK, map[string]string{"status": "paired"})
	return nil
}

// pairIn gives the refusal apart from the error, because a refusal's count of wrong tries must be stored.
func (s *Server) pairIn(tx *sql.Tx, sn, code, encoded string) (refused, err error) {
	var key []byte
	var want string
	var expires int64
	var tries int
	err = tx.QueryRow("SELECT public_key, code, code_expires, code_tries FROM terminal WHERE sn = ?", sn).Scan(&key, &want, &expires, &tries)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return errPairingCode, nil // told apart from a wrong code by nobody
	case err != nil:
		return nil, err
	case key != nil:
		return errAlreadyPaired, nil
	case want == "" || !codeText.MatchString(code): // what cannot be a code is no try
		return errPairingCode, nil
	case s.now().Unix() >= expires: // deleted for good, wherever the clock goes
		_, err = tx.Exec("UPDATE terminal SET code = '' WHERE sn = ?", sn)
		return errPairingCode, err
	case subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1:
		if tries++; tries >= maxTries {
			want = ""
		}
		_, err = tx.Exec("UPDATE terminal SET code = ?, code_tries = ? WHERE sn = ?", want, tries, sn)
		return errPairingCode, err
	}
	der := decodeKey(encoded)
	if der == nil {
		return errPublicKey, nil
	}
	_, err = tx.Exec("UPDATE terminal SET public_key = ?, paired_at = ?, code = '' WHERE sn = ?", der, stamp(s.now()), sn)
	return nil, err
}

// decodeKey reads base64 of DER SubjectPublicKeyInfo or of its PEM text, and gives the DER of a key that is allowed.
func decodeKey(encoded string) []byte {
	der, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil
	}
	if block, rest := pem.Decode(der); block != nil && len(bytes.TrimSpace(rest)) == 0 && block.Type == "PUBLIC KEY" {
		der = block.Bytes
	}
	if _, err := parseKey(der); err != nil {
		return nil
	}
	return der
}

func parseKey(der []byte) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errPublicKey
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok || key.N.BitLen() != 2048 || key.E != 65537 {
		return nil, errPublicKey
	}
	return key, nil
}
