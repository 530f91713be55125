package mpac

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"strings"
)

// device is a row of the portal (protocol section 2.4), as far as rules ask for it.
type device struct {
	id, sn, clientID, name   string
	publicKey                []byte // DER SubjectPublicKeyInfo
	status                   string
	merchantID, storeID      int64
	code                     string
	codeExpires              int64
	lastToken, lastConnected string
	battery                  sql.NullInt64
	paper                    string
	lastSeq, lastAck         int64
}

const deviceColumns = `device_id, sn, client_id, name, public_key, status, merchant_id, store_id, code, code_expires, last_token,
  last_connected, battery, paper, last_seq, last_ack`

// scanner is a row or rows.
type scanner interface{ Scan(into ...any) error }

func scanDevice(row scanner) (d device, err error) {
	err = row.Scan(&d.id, &d.sn, &d.clientID, &d.name, &d.publicKey, &d.status, &d.merchantID, &d.storeID, &d.code, &d.codeExpires, &d.lastToken,
		&d.lastConnected, &d.battery, &d.paper, &d.lastSeq, &d.lastAck)
	return d, err
}

// findDevice reads one device by a unique column; ok is false when there is none.
func findDevice(tx *sql.Tx, column, value string) (d device, ok bool, err error) {
	d, err = scanDevice(tx.QueryRow("SELECT "+deviceColumns+" FROM mpac_device WHERE "+column+" = ?", value)) //nolint:gosec // the column is a constant of the caller.
	if errors.Is(err, sql.ErrNoRows) {
		return device{}, false, nil
	}
	return d, err == nil, err
}

// devicesOf are the devices of a store that are in service, or will be again.
func devicesOf(tx *sql.Tx, merchantID, storeID int64) (list []device, err error) {
	rows, err := tx.Query("SELECT "+deviceColumns+" FROM mpac_device WHERE merchant_id = ? AND store_id = ? AND status IN ('active', 'suspended') ORDER BY sn",
		merchantID, storeID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		d, err := scanDevice(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, rows.Err()
}

// readKey reads a PEM public key; only EC P-256 is a device's (FACT). It gives the DER, nil when it is not one.
func readKey(text string) []byte {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return nil
	}
	if parseKey(block.Bytes) == nil {
		return nil
	}
	return block.Bytes
}

func parseKey(der []byte) *ecdsa.PublicKey {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil
	}
	return key
}
