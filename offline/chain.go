package offline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Labels keep MACs of different things apart under one key.
const (
	labelRow   = "journal row 1"
	labelState = "journal state 1"
	labelHead  = "journal head 1"
	labelKey   = "journal key 1"
)

// message builds unambiguous bytes: every part with its length before it.
type message []byte

func (m message) add(part []byte) message {
	m = binary.BigEndian.AppendUint32(m, uint32(len(part))) //nolint:gosec // parts are short.
	return append(m, part...)
}

func (m message) text(part string) message { return m.add([]byte(part)) }

func (m message) number(n int64) message {
	return m.add(binary.BigEndian.AppendUint64(nil, uint64(n))) //nolint:gosec // the bit pattern is what is signed.
}

// rowMAC proves what of a row never changes, and the row before it.
func (s *Store) rowMAC(e *entry) ([]byte, error) {
	return s.prove(message(nil).text(labelRow).add(e.prev).number(e.seq).text(e.id).add(e.hash[:]).number(int64(e.guests)).
		text(e.reason).number(e.occurredAt).text(e.requestID))
}

// stateMAC proves where a row stands.
func (s *Store) stateMAC(e *entry) ([]byte, error) {
	return s.prove(message(nil).text(labelState).add(e.mac).text(string(e.state)).number(e.stateAt).text(e.note))
}

// headMAC proves an end of the chain, so that rows cut off behind the last or before the first one are missed.
func (s *Store) headMAC(name string, seq int64, mac []byte) ([]byte, error) {
	return s.prove(message(nil).text(labelHead).text(name).number(seq).add(mac))
}

func (s *Store) prove(m message) ([]byte, error) {
	sum, err := s.options.Chain(m)
	if err != nil {
		return nil, fmt.Errorf("offline: journal MAC: %w", err)
	}
	return sum[:], nil
}

// intact reports whether a row is as it was written.
func (s *Store) intact(e *entry) (bool, error) {
	if e.damaged {
		return false, nil
	}
	row, err := s.rowMAC(e)
	if err != nil {
		return false, err
	}
	state, err := s.stateMAC(e)
	if err != nil {
		return false, err
	}
	return hmac.Equal(row, e.mac) && hmac.Equal(state, e.stateMAC), nil
}

// keyID tells whether the chain's key is the one that wrote the journal, without telling the key.
func (s *Store) keyID() (string, error) {
	id, err := s.prove(message(nil).text(labelKey))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(id)
	return hex.EncodeToString(sum[:16]), nil
}
