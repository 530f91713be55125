package mpac

import (
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
)

// What a portal user, and a tester, can do through the admin API.

// Errors of the operator's calls.
var (
	ErrUnknown = errors.New("no such device")
	ErrCode    = errors.New("no device waits with this activation code; codes live 15 minutes and work once")
	ErrStatus  = errors.New("status must be active, suspended or decommissioned")
	ErrState   = errors.New("the device is not in a state that allows this: one that waits for activation is activated by its code, a decommissioned one stays so")
	ErrKeySet  = errors.New("set must be device or human")
	ErrPerson  = errors.New("role must be SYSTEM_OP, PSP_ADMIN, MERCHANT_ADMIN, STORE_MANAGER or STAFF, merchantId and storeId whole numbers above 0")
)

// Device is a device as the operator sees it; times are RFC 3339, "" when it never happened.
type Device struct {
	SerialNumber    string `json:"serialNumber"`
	DeviceID        string `json:"deviceId"`
	ClientID        string `json:"clientId"`
	Name            string `json:"name,omitempty"`
	Status          string `json:"status"`
	MerchantID      int64  `json:"merchantId,omitempty"`
	StoreID         int64  `json:"storeId,omitempty"`
	LastTokenAt     string `json:"lastTokenAt,omitempty"`
	LastConnectedAt string `json:"lastConnectedAt,omitempty"`
	Battery         *int64 `json:"battery,omitempty"`
	Paper           string `json:"paper,omitempty"`
}

// Activate binds the device that shows this code to a store.
func (s *Server) Activate(code string, merchantID, storeID int64) (Device, error) {
	d, err := s.portal.bind(binding{code: code, merchantID: merchantID, storeID: storeID, by: "admin"})
	if errors.Is(err, errCode) {
		return Device{}, ErrCode
	}
	return d.public(), err
}

func (d device) public() Device {
	out := Device{
		SerialNumber: d.sn, DeviceID: d.id, ClientID: d.clientID, Name: d.name, Status: d.status, MerchantID: d.merchantID, StoreID: d.storeID,
		LastTokenAt: d.lastToken, LastConnectedAt: d.lastConnected, Paper: d.paper,
	}
	if d.battery.Valid {
		out.Battery = &d.battery.Int64
	}
	return out
}

// Devices lists all of them by serial number.
func (s *Server) Devices() ([]Device, error) {
	list := []Device{}
	err := s.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT " + deviceColumns + " FROM mpac_device ORDER BY sn")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			d, err := scanDevice(rows)
			if err != nil {
				return err
			}
			list = append(list, d.public())
		}
		return rows.Err()
	})
	return list, err
}

// statusEvents are what an operator may ask for.
var statusEvents = map[string]string{active: resume, suspended: suspend, decommissioned: decommission}

// SetStatus suspends, resumes or decommissions a device.
func (s *Server) SetStatus(sn, status string) error {
	event, known := statusEvents[status]
	if !known {
		return ErrStatus
	}
	d, err := s.inDevice(sn, func(tx *sql.Tx, d device) error {
		next, err := deviceStates.next(d.status, event)
		if err != nil {
			return ErrState
		}
		_, err = tx.Exec("UPDATE mpac_device SET status = ? WHERE device_id = ?", next, d.id)
		return err
	})
	if err != nil || status == active {
		return err
	}
	if open := s.channel.of(d.id); open != nil {
		open.end(closing{closeForbidden, status})
	}
	return nil
}

// Release lets a device that was activated be activated anew, with another key: one that lost its key or changes its store. It keeps
// its ids; nothing of its old store reaches it any more.
func (s *Server) Release(sn string) error {
	d, err := s.inDevice(sn, func(tx *sql.Tx, d device) error {
		next, err := deviceStates.next(d.status, release)
		if err != nil {
			return ErrState
		}
		if _, err := tx.Exec("DELETE FROM mpac_event WHERE device_id = ?", d.id); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE mpac_device SET status = ?, merchant_id = 0, store_id = 0, activated_by = '', code_expires = 0 WHERE device_id = ?", next, d.id)
		return err
	})
	if err != nil {
		return err
	}
	if open := s.channel.of(d.id); open != nil {
		open.end(closing{closeAuth, "released"})
	}
	return nil
}

// inDevice runs fn in a transaction with a device that must be there.
func (s *Server) inDevice(sn string, fn func(tx *sql.Tx, d device) error) (d device, err error) {
	err = s.state.Do(func(tx *sql.Tx) error {
		found, there, err := findDevice(tx, "sn", sn)
		if err != nil {
			return err
		}
		if !there {
			return ErrUnknown
		}
		d = found
		return fn(tx, found)
	})
	return d, err
}

// Rotate replaces the key of a set, device or human, and gives the new one's kid.
func (s *Server) Rotate(set string) (string, error) {
	if set != setDevice && set != setHuman {
		return "", ErrKeySet
	}
	return s.portal.keys.rotate(set)
}

// HumanToken mints the token of a person who signed in elsewhere.
func (s *Server) HumanToken(role string, merchantID, storeID int64) (token string, life time.Duration, err error) {
	if !slices.Contains([]string{roleSystem, rolePSP, roleMerchant, roleManager, roleStaff}, role) || merchantID < 1 || storeID < 1 {
		return "", 0, ErrPerson
	}
	key, err := s.portal.keys.current(setHuman)
	if err != nil {
		return "", 0, err
	}
	now := s.clock.Now()
	token, err = signJWS(key.kid, key.signer, humanClaims{
		Issuer: issuerUsers, Subject: uuid.NewString(), Role: role, MerchantID: merchantID, StoreID: storeID, PSPID: 1,
		IssuedAt: now.Unix(), Expires: now.Add(humanLife).Unix(), ID: uuid.NewString(),
	})
	return token, humanLife, err
}

// Configure puts settings in force; windows of the rate limit begin anew.
func (s *Server) Configure(settings Settings) error {
	if err := s.settings.set(settings); err != nil {
		return err
	}
	s.gateway.limiter.reset()
	return nil
}
