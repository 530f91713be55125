package deviceauth

import (
	"crypto"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/jwtsign"
)

// The strictest form of protocol section 2.2 (rfc7523bis): a type of its own, one audience as text, 60 s.
const (
	assertionType = "client-authentication+jwt"
	assertionLife = 60 * time.Second
)

// assertion signs a fresh one in the best guess of the server's time: each is good once. Errors: not_activated,
// activation_expired, key_lost.
func (d *Device) assertion() (string, error) {
	identity, err := d.Identity()
	if err != nil {
		return "", err
	}
	signer, err := d.Key()
	if err != nil {
		return "", coded(err)
	}
	return sign(signer, identity.ClientID, d.options.Audience, d.options.Clock.Estimate())
}

func sign(signer crypto.Signer, clientID, audience string, now time.Time) (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fault.Wrap(fault.Internal, "deviceauth: assertion", err)
	}
	signed, err := jwtsign.Sign(signer, assertionType, jwt.MapClaims{
		"iss": clientID, "sub": clientID, "aud": audience, "jti": id.String(), "iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", coded(err)
	}
	return signed, nil
}

// coded gives an error of the key that has no code the one that says what to do.
func coded(err error) error {
	var known *fault.Fault
	if errors.As(err, &known) {
		return err
	}
	return fault.Wrap(fault.KeyLost, "deviceauth: assertion", err)
}
