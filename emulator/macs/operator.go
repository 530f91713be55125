package macs

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// What an operator can do in the admin panel of MACS.

// Errors of the operator's calls.
var (
	ErrUnknown = errors.New("no such terminal")
	ErrExists  = errors.New("a terminal with this serial number exists")
	ErrPaired  = errors.New("the terminal is paired; unpair it first")
)

// Terminal is a POS as the operator sees it.
type Terminal struct {
	SerialNumber   string `json:"serialNumber"`
	Location       string `json:"location"` // "": not assigned
	Status         string `json:"status"`   // unpaired or paired
	KeyFingerprint string `json:"keyFingerprint,omitempty"`
	PairedAt       string `json:"pairedAt,omitempty"`
}

// Entry is a confirmed online or a reported offline entry.
type Entry struct {
	EntryID      string `json:"entryId"`
	AccessID     string `json:"accessId"`
	SerialNumber string `json:"serialNumber"`
	Mode         string `json:"mode"`
	Guests       int64  `json:"guests"`
	Reason       string `json:"reason"`
	OccurredAt   string `json:"occurredAt"`
	ReceivedAt   string `json:"receivedAt"`
}

// Register adds a terminal under a location.
func (s *Server) Register(sn, location string) (Terminal, error) {
	err := s.state.Do(func(tx *sql.Tx) error {
		var there int
		if err := tx.QueryRow("SELECT count(*) FROM terminal WHERE sn = ?", sn).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			return ErrExists
		}
		_, err := tx.Exec("INSERT INTO terminal(sn, location, ranges_at) VALUES(?, ?, ?)", sn, location, stamp(s.now()))
		return err
	})
	return Terminal{SerialNumber: sn, Location: location, Status: "unpaired"}, err
}

// Registered reports whether there is such a terminal.
func (s *Server) Registered(sn string) bool {
	there := 0
	err := s.state.Do(func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM terminal WHERE sn = ?", sn).Scan(&there)
	})
	return err == nil && there > 0
}

// Terminals lists all of them by serial number.
func (s *Server) Terminals() ([]Terminal, error) {
	list := []Terminal{}
	err := s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT sn, location, public_key, paired_at FROM terminal ORDER BY sn")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			t := Terminal{Status: "unpaired"}
			var key []byte
			var at string
			if err := rows.Scan(&t.SerialNumber, &t.Location, &key, &at); err != nil {
				return err
			}
			if key != nil {
				sum := sha256.Sum256(key)
				t.Status, t.PairedAt = "paired", at
				t.KeyFingerprint = "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
			}
			list = append(list, t)
		}
		return rows.Err()
	})
	return list, err
}

// PairingCode makes a code for an unpaired terminal; it replaces the one before.
func (s *Server) PairingCode(sn string) (code string, expires time.Time, err error) {
	n, err := rand.Int(s.state.Rand, big.NewInt(100_000_000))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("emulator: pairing code: %w", err)
	}
	code, expires = fmt.Sprintf("%08d", n), s.now().Add(codeLife)
	err = s.state.Do(func(tx *sql.Tx) error {
		var key []byte
		err := tx.QueryRow("SELECT public_key FROM terminal WHERE sn = ?", sn).Scan(&key)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrUnknown
		case err != nil:
			return err
		case key != nil:
			return ErrPaired
		}
		_, err = tx.Exec("UPDATE terminal SET code = ?, code_expires = ?, code_tries = 0 WHERE sn = ?", code, expires.Unix(), sn)
		return err
	})
	return code, expires, err
}

// Unpair clears the key of a terminal.
func (s *Server) Unpair(sn string) error {
	return s.state.Do(func(tx *sql.Tx) error {
		return one(tx.Exec("UPDATE terminal SET public_key = NULL, paired_at = '', code = '' WHERE sn = ?", sn))
	})
}

// Entries lists all entries in the order they came in.
func (s *Server) Entries() ([]Entry, error) {
	list := []Entry{}
	err := s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT entry_id, access_id, sn, mode, guests, reason, occurred_at, received_at FROM entry ORDER BY seq")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var e Entry
			if err := rows.Scan(&e.EntryID, &e.AccessID, &e.SerialNumber, &e.Mode, &e.Guests, &e.Reason, &e.OccurredAt, &e.ReceivedAt); err != nil {
				return err
			}
			list = append(list, e)
		}
		return rows.Err()
	})
	return list, err
}
