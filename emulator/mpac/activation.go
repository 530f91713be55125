package mpac

import (
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// errCode is what activate answers to a code that is unknown, used or expired, told apart by nobody.
var errCode = no(http.StatusNotFound, "unknown_code", "no device waits with this activation code; codes live 15 minutes and work once")

// generate answers generateActivationCode: the device names itself and its key, and gets a code to show.
func (p *portal) generate(w http.ResponseWriter, r request) error {
	o, err := strictjson.Read(r.body)
	if err != nil {
		return errJSON
	}
	sn, snOK := o.Text("serial_number")
	text, keyOK := o.Text("public_key_pem")
	name, nameOK := o.Optional("device_name")
	if !snOK || strings.TrimSpace(sn) == "" || len(sn) > maxSerial || !nameOK || len(name) > maxName {
		return unfit("serial_number must have 1 to 64 characters, device_name at most 255")
	}
	der := readKey(text)
	if !keyOK || der == nil {
		return unfit("public_key_pem must be the PEM text of an EC P-256 public key")
	}
	var made device
	if err := p.state.Do(func(tx *sql.Tx) error {
		made, err = p.offer(tx, device{sn: sn, name: name, publicKey: der})
		return err
	}); err != nil {
		return err
	}
	answer(w, http.StatusCreated, codeAnswer{
		DeviceID: made.id, ClientID: made.clientID, ActivationCode: made.code, ExpiresAt: stamp(time.Unix(made.codeExpires, 0)), PollInterval: pollInterval,
	})
	return nil
}

// offer stores a device that waits for activation. The same serial number gets a new code as long as it is not bound.
func (p *portal) offer(tx *sql.Tx, want device) (device, error) {
	old, there, err := findDevice(tx, "sn", want.sn)
	switch {
	case err != nil:
		return device{}, err
	case there && old.status != pending:
		return device{}, errBound
	case there:
		want.id, want.clientID = old.id, old.clientID
	default:
		want.id, want.clientID = uuid.NewString(), "dev-"+uuid.NewString()
	}
	now := p.clock.Now()
	want.codeExpires = now.Add(activationLife).Unix()
	if want.code, err = p.freeCode(tx, now.Unix(), old.code); err != nil {
		return device{}, err
	}
	_, err = tx.Exec(`INSERT INTO mpac_device(device_id, sn, client_id, name, public_key, status, code, code_expires) VALUES(?,?,?,?,?,?,?,?)
		ON CONFLICT(device_id) DO UPDATE SET name = excluded.name, public_key = excluded.public_key, code = excluded.code, code_expires = excluded.code_expires`,
		want.id, want.sn, want.clientID, want.name, want.publicKey, pending, want.code, want.codeExpires)
	return want, err
}

// freeCode makes 8 digits that no other waiting device shows, and that are not the device's old ones.
func (p *portal) freeCode(tx *sql.Tx, now int64, old string) (string, error) {
	for {
		n, err := rand.Int(p.state.Rand, big.NewInt(100_000_000))
		if err != nil {
			return "", fmt.Errorf("emulator: activation code: %w", err)
		}
		code, taken := fmt.Sprintf("%08d", n), 0
		err = tx.QueryRow("SELECT count(*) FROM mpac_device WHERE code = ? AND status = 'pending' AND code_expires > ?", code, now).Scan(&taken)
		if err != nil {
			return "", err
		}
		if taken == 0 && code != old {
			return code, nil
		}
	}
}

// activation answers activationStatus, which the device polls.
func (p *portal) activation(w http.ResponseWriter, r request) error {
	id, code := r.URL.Query().Get("device_id"), r.URL.Query().Get("activation_code")
	if id == "" || code == "" {
		return no(http.StatusBadRequest, "invalid_request", "the query needs device_id and activation_code")
	}
	var d device
	var there bool
	err := p.state.Do(func(tx *sql.Tx) (err error) {
		d, there, err = findDevice(tx, "device_id", id)
		return err
	})
	switch {
	case err != nil:
		return err
	case !there || subtle.ConstantTimeCompare([]byte(d.code), []byte(code)) != 1:
		return errNotFound
	case d.status != pending:
		answer(w, http.StatusOK, statusAnswer{Status: active, ClientID: d.clientID, MerchantID: d.merchantID, StoreID: d.storeID})
	case p.clock.Now().Unix() >= d.codeExpires:
		answer(w, http.StatusOK, statusAnswer{Status: "expired"})
	default:
		answer(w, http.StatusOK, statusAnswer{Status: pending})
	}
	return nil
}

// binding is what a person does with a code.
type binding struct {
	code                string
	merchantID, storeID int64
	name                string // "" leaves the device's own
	by                  string
}

// activate answers the call of a person who entered the code that the device shows.
func (p *portal) activate(w http.ResponseWriter, r request) error {
	who := callerOf(r.Header)
	if who.kind != callerUser || !mayActivate(who.role) {
		return errForbidden
	}
	o, err := strictjson.Read(r.body)
	if err != nil {
		return errJSON
	}
	code, codeOK := o.Text("activation_code")
	merchant, merchantOK := o.Integer("merchant_id")
	store, storeOK := o.Integer("store_id")
	name, nameOK := o.Optional("device_name")
	if !codeOK || !merchantOK || !storeOK || merchant < 1 || store < 1 || !nameOK || len(name) > maxName {
		return unfit("activation_code must be text, merchant_id and store_id whole numbers above 0")
	}
	if !who.reaches(merchant, store) {
		return errForbidden
	}
	d, err := p.bind(binding{code: code, merchantID: merchant, storeID: store, name: name, by: who.id})
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]string{"device_id": d.id, "status": active})
	return nil
}

// mayActivate: Store Manager and above (protocol section 2.4).
func mayActivate(role string) bool {
	return role == roleSystem || role == rolePSP || role == roleMerchant || role == roleManager
}

// bind makes the device of a code active.
func (p *portal) bind(b binding) (d device, err error) {
	err = p.state.Do(func(tx *sql.Tx) error {
		d, err = scanDevice(tx.QueryRow("SELECT "+deviceColumns+" FROM mpac_device WHERE code = ? AND status = 'pending' AND code_expires > ?", b.code, p.clock.Now().Unix()))
		if errors.Is(err, sql.ErrNoRows) {
			return errCode
		}
		if err != nil {
			return err
		}
		if d.status, err = deviceStates.next(d.status, activate); err != nil {
			return err
		}
		if b.name != "" {
			d.name = b.name
		}
		_, err = tx.Exec("UPDATE mpac_device SET status = ?, merchant_id = ?, store_id = ?, name = ?, activated_by = ? WHERE device_id = ?",
			d.status, b.merchantID, b.storeID, d.name, b.by, d.id)
		return err
	})
	return d, err
}
