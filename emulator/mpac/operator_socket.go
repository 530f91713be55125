package mpac

import (
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

// Errors of the operator's calls about sockets.
var (
	ErrNoSocket  = errors.New("the device has no open socket")
	ErrCloseCode = errors.New("code must be 1000, 1001, 1008, 1011, 1012, 1013 or 3000 to 4999")
)

// Socket is an open socket as the operator sees it. LastSeq is the last event that was sent, LastAck the last acknowledged.
type Socket struct {
	SerialNumber string `json:"serialNumber"`
	Since        string `json:"since"`
	LastSeq      int64  `json:"lastSeq"`
	LastAck      int64  `json:"lastAck"`
}

// Push stores an event for a device, which gets it now or when it connects within 24 hours.
func (s *Server) Push(sn, name string, payload json.RawMessage) (id string, seq int64, err error) {
	payload, err = checkEvent(name, payload)
	if err != nil {
		return "", 0, err
	}
	now := s.clock.Now()
	if id, err = ulid.New(s.state.Rand, now); err != nil {
		return "", 0, err
	}
	d, err := s.inDevice(sn, func(tx *sql.Tx, d device) error {
		if d.status == pending {
			return ErrState
		}
		seq, err = storeEvent(tx, d, event{id: id, at: now, name: name, payload: payload})
		return err
	})
	if err != nil {
		return "", 0, err
	}
	s.channel.wake(d.id)
	return id, seq, nil
}

// Sockets lists the open ones by serial number.
func (s *Server) Sockets() ([]Socket, error) {
	s.channel.mu.Lock()
	list := make([]Socket, 0, len(s.channel.devices))
	for _, open := range s.channel.devices {
		open.mu.Lock()
		if open.welcomed {
			list = append(list, Socket{SerialNumber: open.sn, Since: stamp(open.since), LastSeq: open.lastSeq})
		}
		open.mu.Unlock()
	}
	s.channel.mu.Unlock()
	slices.SortFunc(list, func(a, b Socket) int { return strings.Compare(a.SerialNumber, b.SerialNumber) })
	err := s.state.Do(func(tx *sql.Tx) error {
		for i := range list {
			d, _, err := findDevice(tx, "sn", list[i].SerialNumber)
			if err != nil {
				return err
			}
			list[i].LastAck = d.lastAck
		}
		return nil
	})
	return list, err
}

// CloseSocket ends a device's socket with a close code.
func (s *Server) CloseSocket(sn string, code int) error {
	if !slices.Contains([]int{1000, 1001, 1008, 1011, closeRestart, 1013}, code) && (code < 3000 || code > 4999) {
		return ErrCloseCode
	}
	d, err := s.inDevice(sn, func(*sql.Tx, device) error { return nil })
	if err != nil {
		return err
	}
	open := s.channel.of(d.id)
	if open == nil {
		return ErrNoSocket
	}
	open.end(closing{code, reasons[code]})
	return nil
}
