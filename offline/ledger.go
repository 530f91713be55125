package offline

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
)

// Modes of an access.
const (
	Online  = "online"
	Offline = "offline"
)

// AccessLife is how long an offline access can be confirmed (contract: as an online one).
const AccessLife = 120 * time.Second

// askFor is how long after its end an access is asked about that the server answers with nonsense; then a person has to look at it.
const askFor = 24 * time.Hour

// refusalLife is how long a card that the server turned away stays turned away offline.
const refusalLife = 24 * time.Hour

// AccessState is where an access stands.
type AccessState string

// States of an access.
const (
	Issued      AccessState = "issued"      // given out, not confirmed
	Asking      AccessState = "asking"      // confirmed by the operator, the server's answer is not known
	Confirmed   AccessState = "confirmed"   // an entry
	Voided      AccessState = "voided"      // taken back
	Ended       AccessState = "ended"       // the server does not hold it any more; it is no entry
	Quarantined AccessState = "quarantined" // asked without an answer, and then refused: the note says why
)

// accessEvent is what happens to an access.
type accessEvent string

const (
	ask    accessEvent = "ask"    // the operator confirms an online access
	settle accessEvent = "settle" // it is an entry
	revert accessEvent = "revert" // the server took no notice of the ask
	refuse accessEvent = "refuse" // the server does not have it
	void   accessEvent = "void"
)

// nextAccess is the state after an event. again is true when the access had been asked about before without an answer.
func nextAccess(state AccessState, event accessEvent, again bool) (AccessState, error) {
	switch {
	case event == ask && (state == Issued || state == Asking):
		return Asking, nil
	case event == settle && (state == Issued || state == Asking || state == Confirmed):
		return Confirmed, nil
	case event == revert && state == Asking && again:
		return Asking, nil
	case event == revert && state == Asking:
		return Issued, nil
	case event == refuse && state == Asking && again:
		return Quarantined, nil
	case event == refuse && state == Asking:
		return Ended, nil
	case event == void && (state == Issued || state == Voided || state == Quarantined):
		return Voided, nil
	}
	return state, fmt.Errorf("offline: %s cannot happen to an access that is %s", event, state)
}

// Access is a leave to enter that was given out.
type Access struct {
	ID        string
	Mode      string // Online or Offline
	Hash      PANHash
	MaxGuests int
	ExpiresAt time.Time
	Reason    string
	RequestID string
	State     AccessState
	Guests    int
	Note      string
}

const accessColumns = "id, mode, pan_hash, max_guests, expires_at, reason, request_id, state, guests, note"

// readAccess gives nil for a row that is damaged: nothing can be made of it.
func readAccess(row interface{ Scan(...any) error }) (*Access, error) {
	var id, mode, reason, requestID, state, note textColumn
	var hash blobColumn
	var maxGuests, expires, guests intColumn
	err := row.Scan(&id, &mode, &hash, &maxGuests, &expires, &reason, &requestID, &state, &guests, &note)
	if err != nil || id.bad || mode.bad || reason.bad || requestID.bad || state.bad || note.bad || hash.bad || maxGuests.bad || expires.bad || guests.bad {
		return nil, err //nolint:wrapcheck // mapped by the caller.
	}
	a := &Access{
		ID: id.value, Mode: mode.value, MaxGuests: int(maxGuests.value), ExpiresAt: time.Unix(expires.value, 0).UTC(), Reason: reason.value,
		RequestID: requestID.value, State: AccessState(state.value), Guests: int(guests.value), Note: note.value,
	}
	copy(a.Hash[:], hash.value)
	return a, nil
}

func access(db execer, id string) (*Access, error) {
	a, err := readAccess(db.QueryRow("SELECT "+accessColumns+" FROM access WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) || (err == nil && a == nil) {
		return nil, fault.New(fault.AccessNotFound, "offline: access", "no access with this id was given out here")
	}
	return a, stored("offline: access", err)
}

func (s *Store) insertAccess(c *change, a Access) error {
	_, err := c.Exec("INSERT INTO access("+accessColumns+") VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING",
		a.ID, a.Mode, a.Hash[:], a.MaxGuests, a.ExpiresAt.Unix(), a.Reason, a.RequestID, a.State, a.Guests, a.Note)
	return err //nolint:wrapcheck // mapped by write.
}

// BeginCheck writes down that a card is about to be checked online and gives the id of the check. A check of the same card that
// got no answer in the last 120 s goes on under its id, also after a kill, so that the server sees one check.
func (s *Store) BeginCheck(hash PANHash) (requestID string, err error) {
	now := s.clock.Now()
	err = s.write("offline: begin check", func(c *change) error {
		err := c.QueryRow("SELECT request_id FROM open_check WHERE pan_hash = ? AND started_at > ? AND started_at <= ?",
			hash[:], now.Add(-AccessLife).Unix(), now.Unix()).Scan(&requestID)
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return err //nolint:wrapcheck // mapped by write.
		}
		id, err := uuid.NewRandom()
		if err != nil {
			return err //nolint:wrapcheck // mapped by write.
		}
		requestID = id.String()
		_, err = c.Exec("INSERT INTO open_check(pan_hash, request_id, started_at) VALUES(?,?,?) ON CONFLICT(pan_hash) DO UPDATE SET request_id = excluded.request_id, started_at = excluded.started_at",
			hash[:], requestID, now.Unix())
		return err //nolint:wrapcheck // mapped by write.
	})
	return requestID, err
}

// GrantOnline writes down an access that the server gave, ends the check and lifts an earlier refusal of the card.
func (s *Store) GrantOnline(hash PANHash, requestID string, given macs.Access) (Access, error) {
	a := Access{
		ID: given.AccessID, Mode: Online, Hash: hash, MaxGuests: given.MaxGuests, ExpiresAt: s.clock.Now().Add(given.Life),
		Reason: "server", RequestID: requestID, State: Issued,
	}
	err := s.write("offline: grant", func(c *change) error {
		if err := endCheck(c, hash); err != nil {
			return err
		}
		if _, err := c.Exec("DELETE FROM refusal WHERE pan_hash = ?", hash[:]); err != nil {
			return err //nolint:wrapcheck // mapped by write.
		}
		c.after(func() { delete(s.refusals, hash) })
		return s.insertAccess(c, a)
	})
	return a, err
}

// GrantOffline writes down an access that Decide allowed. requestID is that of the online check without an answer, or "".
func (s *Store) GrantOffline(hash PANHash, requestID string, d Decision) (Access, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return Access{}, fault.Wrap(fault.Internal, "offline: grant", err)
	}
	a := Access{
		ID: id.String(), Mode: Offline, Hash: hash, MaxGuests: d.MaxGuests, ExpiresAt: s.clock.Now().Add(AccessLife),
		Reason: string(d.Reason), RequestID: requestID, State: Issued,
	}
	err = s.write("offline: grant", func(c *change) error {
		if err := endCheck(c, hash); err != nil {
			return err
		}
		return s.insertAccess(c, a)
	})
	return a, err
}

// Refuse writes down that the server turned a card away; remembered, it stays turned away offline for 24 h.
func (s *Store) Refuse(hash PANHash, code fault.Code, remember bool) error {
	until := s.clock.Now().Add(refusalLife).Unix()
	return s.write("offline: refuse", func(c *change) error {
		if err := endCheck(c, hash); err != nil || !remember {
			return err
		}
		_, err := c.Exec("INSERT INTO refusal(pan_hash, code, until) VALUES(?,?,?) ON CONFLICT(pan_hash) DO UPDATE SET code = excluded.code, until = excluded.until",
			hash[:], string(code), until)
		c.after(func() { s.refusals[hash] = refusal{code: code, until: until} })
		return err //nolint:wrapcheck // mapped by write.
	})
}

func endCheck(c *change, hash PANHash) error {
	_, err := c.Exec("DELETE FROM open_check WHERE pan_hash = ?", hash[:])
	return err //nolint:wrapcheck // mapped by write.
}
