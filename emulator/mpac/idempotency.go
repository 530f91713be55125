package mpac

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// write is one call that changes something, run within a transaction: a status and the resource, or a refusal that undoes it.
type write func(tx *sql.Tx, c caller, r request, body strictjson.Object) (status int, resource any, err error)

var keyText = regexp.MustCompile(`^[\x21-\x7e]{1,100}$`)

// writing runs a write once for each Idempotency-Key of a caller: the same request again gets the answer of the first, another
// request with the same key is 409. A refused write leaves no trace, so its key is free. Without a key, where none is required,
// every request counts.
func (t *smarttab) writing(keyRequired bool, do write) func(w http.ResponseWriter, r request) error {
	return func(w http.ResponseWriter, r request) error {
		status, text, err := t.written(keyRequired, do, r)
		if err != nil {
			return err
		}
		answerText(w, status, text)
		return nil
	}
}

func (t *smarttab) written(keyRequired bool, do write, r request) (status int, text []byte, err error) {
	key := r.Header.Get("Idempotency-Key")
	if (key != "" || keyRequired) && !keyText.MatchString(key) {
		return 0, nil, errKeyMissing
	}
	body := strictjson.Object{}
	if len(bytes.TrimSpace(r.body)) > 0 {
		if body, err = strictjson.Read(r.body); err != nil {
			return 0, nil, errJSON
		}
	}
	c := callerOf(r.Header)
	err = t.state.Do(func(tx *sql.Tx) (err error) {
		status, text, err = once(tx, c, key, r, func() (int, any, error) { return do(tx, c, r, body) })
		return err
	})
	return status, text, err
}

// once finds the answer that a key has already, or makes it and keeps it.
func once(tx *sql.Tx, c caller, key string, r request, do func() (int, any, error)) (status int, text []byte, err error) {
	print := fingerprint(r)
	if key != "" {
		var had []byte
		var kept string
		err = tx.QueryRow("SELECT request, status, body FROM mpac_idempotency WHERE merchant_id = ? AND store_id = ? AND caller = ? AND key = ?",
			c.merchantID, c.storeID, c.id, key).Scan(&had, &status, &kept)
		switch {
		case err == nil && !bytes.Equal(had, print):
			return 0, nil, errKeyConflict
		case err == nil:
			return status, []byte(kept), nil
		case !errors.Is(err, sql.ErrNoRows):
			return 0, nil, err
		}
	}
	status, resource, err := do()
	if err != nil {
		return 0, nil, err
	}
	if text, err = json.Marshal(resource); err != nil || key == "" {
		return status, text, err
	}
	_, err = tx.Exec("INSERT INTO mpac_idempotency(merchant_id, store_id, caller, key, request, status, body) VALUES(?,?,?,?,?,?,?)",
		c.merchantID, c.storeID, c.id, key, print, status, string(text))
	return status, text, err
}

// fingerprint tells requests apart: what is asked of which resource, with which body. The short path is the same call.
func fingerprint(r request) []byte {
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(r.Method), []byte(publicPath(r.URL.Path)), r.body} {
		one := sha256.Sum256(part)
		_, _ = sum.Write(one[:]) // a hash takes everything
	}
	return sum.Sum(nil)
}
