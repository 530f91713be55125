package pgw

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// strictLife is how long a strict token works (protocol section 4.6, the form of CP).
const strictLife = 5 * time.Minute

var (
	errToken         = no(http.StatusUnauthorized, "invalid_payment_token", "the payment token is missing, wrong or used up")
	errTokenExpired  = no(http.StatusUnauthorized, "payment_token_expired", "the payment token has run out with its PaymentIntent")
	errTokenMismatch = no(http.StatusForbidden, "payment_token_mismatch", "the payment token belongs to another PaymentIntent")
)

// newToken makes {id}_secret_{32 hex digits}; only its hash is kept.
func (s *Server) newToken(id string) (token string, hash []byte, err error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.state.Rand, raw); err != nil {
		return "", nil, fmt.Errorf("emulator: payment token: %w", err)
	}
	token = id + "_secret_" + hex.EncodeToString(raw)
	return token, hashToken(token), nil
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// byToken finds the PaymentIntent of a call and checks its token. Under strict tokens a signed request may read it too: the token
// is used up by confirm, and the merchant's server asks on.
func (s *Server) byToken(route route, c *call) error {
	strict := s.current().StrictToken
	if strict && route.method == http.MethodGet && strings.HasPrefix(c.r.Header.Get("Authorization"), "HMAC-SHA256 ") {
		return s.bySignature(c)
	}
	found, there, err := s.loadIntent(c.tx, "id", c.id)
	if err != nil {
		return err
	}
	if !there {
		return errNotFound
	}
	token, err := tokenOf(c, strict)
	if err != nil {
		return err
	}
	given := hashToken(token)
	if subtle.ConstantTimeCompare(given, found.tokenHash) != 1 {
		_, foreign, err := s.loadIntent(c.tx, "token_hash", given)
		switch {
		case err != nil:
			return err
		case foreign:
			return errTokenMismatch
		}
		return errToken
	}
	if strict && (found.tokenVoid || s.now().Sub(found.created) >= strictLife) {
		return errToken
	}
	c.intent = found
	return nil
}

func (s *Server) bySignature(c *call) error {
	signer, err := s.authenticate(c)
	if err != nil {
		return err
	}
	found, err := s.ownIntent(c.tx, signer, c.id)
	c.intent = found
	return err
}

// tokenOf reads the token from the query of a GET, the body of a POST or the Authorization header. All that are there must
// be the same one.
func tokenOf(c *call, strict bool) (string, error) {
	bearer, is := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if c.r.Header.Get("Authorization") != "" && !is {
		return "", errToken
	}
	inner := c.r.URL.Query()["payment_token"]
	if c.r.Method != http.MethodGet {
		inner = nil
		if o, err := bodyObject(c); err != nil {
			return "", err
		} else if o.Has("payment_token") {
			text, ok := o.Text("payment_token")
			if !ok {
				return "", errToken
			}
			inner = []string{text}
		}
	}
	switch {
	case len(inner) > 1, len(inner) == 1 && bearer != "" && subtle.ConstantTimeCompare([]byte(inner[0]), []byte(bearer)) != 1:
		return "", errToken
	case bearer != "":
		return bearer, nil
	case len(inner) == 1 && inner[0] != "" && !strict:
		return inner[0], nil
	}
	return "", errToken
}

// bodyObject reads the body of a call that may have none.
func bodyObject(c *call) (strictjson.Object, error) {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return strictjson.Object{}, nil
	}
	o, err := strictjson.Read(c.body)
	if err != nil {
		return nil, errJSON
	}
	return o, nil
}

// ownIntent is a PaymentIntent of the organisation of a key.
func (s *Server) ownIntent(tx *sql.Tx, signer client, id string) (intent, error) {
	found, there, err := s.loadIntent(tx, "id", id)
	if err != nil {
		return intent{}, err
	}
	if !there || found.organisation != signer.organisation {
		return intent{}, errNotFound
	}
	return found, nil
}
