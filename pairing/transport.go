package pairing

import (
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/jwtsign"
)

// tokenLife is how long a request's JWT is good (protocol section 1.3: the POS mints 60 s tokens).
const tokenLife = 60 * time.Second

// skewAllowed is how far trusted time may be from the server's Date before a refused signature is blamed on it.
const skewAllowed = 30 * time.Second

// proving marks the request that proves a pending key.
type proving struct{}

// Transport signs each request with the terminal's key. When the server refuses the signature and its Date shows that the clock
// was wrong, the request is signed in corrected time and sent once more: the refusal came before anything was done.
type Transport struct {
	// Next sends.
	Next http.RoundTripper
	// Pairing gives the key.
	Pairing *Pairing
	// Clock is trusted time: the one that the macs.Client of Next has. Nil signs in the machine's time, right or wrong.
	Clock *clock.Clock
}

// claims are exactly those of protocol section 1.3.
type claims struct {
	jwt.RegisteredClaims
}

// RoundTrip signs and sends. Errors: not_paired, key_lost, and those of Next.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	signedAt := t.now()
	resp, err := t.send(req, signedAt)
	if err != nil || (resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden) {
		return resp, err
	}
	if t.now().Sub(signedAt).Abs() < skewAllowed {
		return resp, nil
	}
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the first answer stands.
		}
	}
	_ = resp.Body.Close()
	return t.send(again, t.now())
}

func (t Transport) now() time.Time {
	if t.Clock == nil {
		return time.Now()
	}
	return t.Clock.Estimate()
}

func (t Transport) send(req *http.Request, now time.Time) (*http.Response, error) {
	signer, err := t.signer(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	token, err := jwtsign.Sign(signer, "", claims{jwt.RegisteredClaims{
		Subject:   t.Pairing.options.SerialNumber,
		IssuedAt:  jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(now.Add(tokenLife)),
	}})
	if err != nil {
		closeBody(req)
		if fault.CodeOf(err) == fault.Internal {
			err = fault.Wrap(fault.KeyLost, "pairing: sign request", err)
		}
		return nil, fmt.Errorf("pairing: sign request: %w", err)
	}
	signed := req.Clone(req.Context())
	signed.Header.Set("Authorization", "Bearer "+token)
	return t.Next.RoundTrip(signed) //nolint:wrapcheck // classified by the client.
}

func (t Transport) signer(req *http.Request) (signer crypto.Signer, err error) {
	if req.Context().Value(proving{}) != nil {
		signer, err = t.Pairing.anySigner()
	} else {
		signer, err = t.Pairing.Signer()
	}
	var known *fault.Fault
	if err != nil && !errors.As(err, &known) {
		return nil, fault.Wrap(fault.KeyLost, "pairing: sign request", err)
	}
	return signer, err
}

// closeBody does what http.RoundTripper owes when it fails.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
