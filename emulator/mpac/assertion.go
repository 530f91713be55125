package mpac

import (
	"database/sql"
	"slices"
	"time"
)

// assertion is a client assertion that passed every check but the client's own status (protocol section 2.2).
type assertion struct {
	device device
	jti    string
	until  int64 // when its jti may be forgotten
}

// verifyAssertion checks a client assertion in its strict form. Every failure is the same invalid_client: which check failed is
// nothing that a stranger should learn.
func (p *portal) verifyAssertion(tx *sql.Tx, text, clientID string) (assertion, error) {
	token, ok := readJWS(text)
	if !ok || !goodType(token) {
		return assertion{}, errInvalidAgent
	}
	iss, issOK := token.claims.Text("iss")
	sub, subOK := token.claims.Text("sub")
	aud, audOK := token.claims.Text("aud") // one string: a list could name others beside us
	jti, jtiOK := token.claims.Text("jti")
	iat, iatOK := token.claims.Integer("iat")
	exp, expOK := token.claims.Integer("exp")
	if !issOK || !subOK || !audOK || !jtiOK || !iatOK || !expOK || jti == "" || len(jti) > 255 {
		return assertion{}, errInvalidAgent
	}
	skew := int64(assertionSkew / time.Second)
	now := p.clock.Now().Unix()
	switch {
	case iss != sub, clientID != "" && clientID != sub,
		!slices.Contains(p.address.audiences(), aud),
		exp <= iat, exp-iat > int64(assertionMaxLife/time.Second),
		iat > now+skew, exp <= now-skew:
		return assertion{}, errInvalidAgent
	}
	if token.claims.Has("nbf") {
		if nbf, ok := token.claims.Integer("nbf"); !ok || nbf > now+skew {
			return assertion{}, errInvalidAgent
		}
	}
	d, there, err := findDevice(tx, "client_id", sub)
	if err != nil {
		return assertion{}, err
	}
	if !there || !token.verify(parseKey(d.publicKey)) {
		return assertion{}, errInvalidAgent
	}
	return assertion{device: d, jti: jti, until: exp + skew}, nil
}

// goodType takes an assertion without typ, or with either name that one has had.
func goodType(token jws) bool {
	typ, ok := token.header.Optional("typ")
	return ok && (!token.header.Has("typ") || typ == "JWT" || typ == "client-authentication+jwt")
}

// spend remembers a jti for the life of its assertion; a second use is refused.
func (p *portal) spend(tx *sql.Tx, a assertion) error {
	if _, err := tx.Exec("DELETE FROM mpac_jti WHERE until < ?", p.clock.Now().Unix()); err != nil {
		return err
	}
	result, err := tx.Exec("INSERT OR IGNORE INTO mpac_jti(client_id, jti, until) VALUES(?,?,?)", a.device.clientID, a.jti, a.until)
	if err != nil {
		return err
	}
	if fresh, err := result.RowsAffected(); err != nil || fresh == 0 {
		return errInvalidAgent
	}
	return nil
}
