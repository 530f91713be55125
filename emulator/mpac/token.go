package mpac

import (
	"database/sql"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func invalidRequest(description string) error {
	return &oauthError{http.StatusBadRequest, "invalid_request", description}
}

// tokenFields are those of a token request; absent ones are "".
type tokenFields struct {
	grantType, assertionType, assertion, clientID, scope string
}

// readTokenRequest takes JSON and form encoding (conflict C4); no parameter may come twice (RFC 6749 section 3.2).
func readTokenRequest(contentType string, body []byte) (f tokenFields, err error) {
	kind, _, _ := mime.ParseMediaType(contentType) // what cannot be parsed is no kind that we take
	var get func(name string) (string, bool)
	switch kind {
	case "application/json":
		o, err := strictjson.Read(body)
		if err != nil {
			return f, invalidRequest("the body must be one JSON object")
		}
		get = o.Optional
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return f, invalidRequest("the form cannot be read")
		}
		get = func(name string) (string, bool) { return form.Get(name), len(form[name]) < 2 }
	default:
		return f, invalidRequest("the body must be application/json or application/x-www-form-urlencoded")
	}
	for name, into := range map[string]*string{
		"grant_type": &f.grantType, "client_assertion_type": &f.assertionType, "client_assertion": &f.assertion, "client_id": &f.clientID, "scope": &f.scope,
	} {
		var ok bool
		if *into, ok = get(name); !ok {
			return tokenFields{}, invalidRequest(name + " must be one text")
		}
	}
	return f, nil
}

// check refuses what is wrong whoever asks.
func (f tokenFields) check() error {
	switch {
	case f.grantType != "" && f.grantType != "client_credentials":
		return &oauthError{http.StatusBadRequest, "unsupported_grant_type", "grant_type must be client_credentials"}
	case f.assertionType != "" && f.assertionType != assertionType:
		return invalidRequest("client_assertion_type must be " + assertionType)
	case f.assertion == "":
		return invalidRequest("client_assertion is missing")
	}
	return nil
}

// grantScope narrows the usual scopes to what was asked for; a refund's is given only then.
func grantScope(asked string) ([]string, error) {
	wanted := strings.Fields(asked)
	if len(wanted) == 0 {
		return usualScopes, nil
	}
	for _, scope := range wanted {
		if !slices.Contains(allScopes, scope) {
			return nil, &oauthError{http.StatusBadRequest, "invalid_scope", "a scope is not known; there are " + strings.Join(allScopes, ", ")}
		}
	}
	var granted []string
	for _, scope := range allScopes {
		if slices.Contains(wanted, scope) {
			granted = append(granted, scope)
		}
	}
	return granted, nil
}

// token answers the token endpoint.
func (p *portal) token(w http.ResponseWriter, r request) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	fields, err := readTokenRequest(r.Header.Get("Content-Type"), r.body)
	if err != nil {
		return err
	}
	if err := fields.check(); err != nil {
		return err
	}
	scope, err := grantScope(fields.scope)
	if err != nil {
		return err
	}
	d, err := p.authenticate(fields)
	if err != nil {
		return err
	}
	life := p.settings.get().TokenSeconds
	key, err := p.keys.current(setDevice)
	if err != nil {
		return err
	}
	now := p.clock.Now().Unix()
	text, err := signJWS(key.kid, key.signer, deviceClaims{
		Issuer: issuerDevices, Subject: d.id, DeviceSN: d.sn, MerchantID: d.merchantID, StoreID: d.storeID, Scope: scope,
		IssuedAt: now, Expires: now + int64(life), ID: uuid.NewString(),
	})
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, tokenAnswer{AccessToken: text, TokenType: "Bearer", ExpiresIn: life, Scope: strings.Join(scope, " ")})
	return nil
}

// authenticate gives the active device of an assertion. A refusal comes apart from the error of the transaction, so that the jti
// of a suspended device is spent too.
func (p *portal) authenticate(fields tokenFields) (d device, err error) {
	var refused error
	err = p.state.Do(func(tx *sql.Tx) error {
		a, err := p.verifyAssertion(tx, fields.assertion, fields.clientID)
		if err != nil {
			return err
		}
		if err := p.spend(tx, a); err != nil {
			return err
		}
		d = a.device
		if refused = refuseStatus(d.status); refused != nil {
			return nil
		}
		_, err = tx.Exec("UPDATE mpac_device SET last_token = ? WHERE device_id = ?", stamp(p.clock.Now()), d.id)
		return err
	})
	return d, errors.Join(err, refused)
}

// refuseStatus: only an active device gets tokens; one that waits for activation is no client yet.
func refuseStatus(status string) error {
	switch status {
	case active:
		return nil
	case suspended, decommissioned:
		return &oauthError{http.StatusForbidden, "access_denied", status}
	}
	return errInvalidAgent
}
