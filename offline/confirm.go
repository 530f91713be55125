package offline

import (
	"context"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
)

// Confirm makes an access an entry. Offline it is one durable journal row. Online the intent is on disk before the server is
// asked; known is false when the server gave no answer: the entry is then asked for again by the next Confirm with the same
// guests, by Upload and by RunDue. Confirming again with the same guests is the same entry.
//
// Errors: access_not_found, access_expired, invalid_guests, already_confirmed, not_authorized, protocol_error and storage
// faults; nothing is half done.
func (s *Store) Confirm(ctx context.Context, client *macs.Client, id string, guests int, timeout time.Duration) (a Access, known bool, err error) {
	const op = "offline: confirm"
	var again bool
	err = s.write(op, func(c *change) error {
		row, err := access(c, id)
		if err != nil {
			return err
		}
		a = *row
		if err := s.confirmable(row, guests); err != nil || row.State == Confirmed {
			return err
		}
		again = row.State == Asking
		a.Guests = guests
		if a.Mode == Offline {
			err := s.appendEntry(c, entry{id: a.ID, hash: a.Hash, guests: guests, reason: reportReason(a.Reason), occurredAt: s.clock.Now().Unix(), requestID: a.RequestID})
			if err != nil {
				return err
			}
			return s.moveAccess(c, &a, settle, false)
		}
		return s.moveAccess(c, &a, ask, again)
	})
	if err != nil || a.State != Asking {
		return a, err == nil, err
	}
	a, unanswered, err := s.ask(ctx, client, a, again, timeout)
	return a, err == nil && unanswered == nil, err
}

// confirmable says why an access cannot be confirmed with these guests.
func (s *Store) confirmable(a *Access, guests int) error {
	const op = "offline: confirm"
	now, begun := s.clock.Now(), time.Time{}
	if a.Mode == Offline { // given out by a clock that proved to be fast, it must not live on until that time comes
		begun = a.ExpiresAt.Add(-AccessLife - time.Second)
	}
	switch {
	case a.State == Ended && a.Note == string(fault.AlreadyConfirmed):
		return fault.New(fault.AlreadyConfirmed, op, "the server has it with another number of guests")
	case a.State == Voided || a.State == Quarantined || a.State == Ended:
		return fault.New(fault.AccessNotFound, op, "the access is "+string(a.State))
	case (a.State == Confirmed || a.State == Asking) && a.Guests != guests:
		return fault.New(fault.AlreadyConfirmed, op, fmt.Sprintf("it was confirmed with %d guests", a.Guests))
	case guests < 0 || guests > a.MaxGuests:
		return fault.New(fault.InvalidGuests, op, fmt.Sprintf("0 to %d guests are possible", a.MaxGuests))
	case a.State == Issued && (!now.Before(a.ExpiresAt) || now.Before(begun)):
		return fault.New(fault.AccessExpired, op, "check the card again")
	}
	return nil
}

// ask asks the server about an access whose intent is on disk, and writes down what it said. unanswered is why it said nothing.
func (s *Store) ask(ctx context.Context, client *macs.Client, a Access, again bool, timeout time.Duration) (_ Access, unanswered, err error) {
	answer := client.ConfirmEntry(ctx, a.ID, a.Guests, timeout)
	code, event := fault.CodeOf(answer), settle
	givenUp := again && s.clock.Now().After(a.ExpiresAt.Add(askFor))
	switch {
	case code == "":
	case code == fault.AccessNotFound, code == fault.AlreadyConfirmed, code == fault.InvalidGuests && again, code == fault.ProtocolError && givenUp:
		event = refuse
		a.Note = string(code)
	case code == fault.NotAuthorized, code == fault.ProtocolError, code == fault.InvalidGuests, code == fault.NotPaired, code == fault.KeyLost:
		event = revert
	default: // no answer
		s.options.Log.Info("confirm without an answer, will ask again", "fault", string(fault.CodeOf(answer)))
		return a, answer, nil
	}
	err = s.write("offline: confirm", func(c *change) error { return s.moveAccess(c, &a, event, again) })
	if answer != nil {
		return a, nil, answer
	}
	if err != nil { // the server has the entry and this terminal could not write that down: it will ask again
		s.options.Log.Error("confirmed by the server and not written down", "fault", string(fault.CodeOf(err)))
		return a, err, nil
	}
	return a, nil, nil
}

// Void takes an access back. An online one that was not confirmed is forgotten, its hold at the server lapses. An offline entry
// that was not sent is marked, kept and not uploaded. What is in quarantine is settled: a person looked at it, and it is not
// needed any more. Errors: access_not_found; already_reported when the server has the entry or may have it.
func (s *Store) Void(id string) (Access, error) {
	const op = "offline: void"
	var a Access
	err := s.write(op, func(c *change) error {
		row, err := access(c, id)
		if err != nil {
			return err
		}
		a = *row
		reported := fault.New(fault.AlreadyReported, op, "the server has this entry, or may have it")
		switch {
		case a.State == Issued || a.State == Voided || a.State == Quarantined:
			return s.moveAccess(c, &a, void, false)
		case a.State == Ended:
			return fault.New(fault.AccessNotFound, op, "the server does not have this access")
		case a.Mode == Online:
			return reported
		}
		e, err := s.entryByID(c, id)
		switch {
		case err != nil:
			return err
		case e == nil || (e.state != waiting && e.state != quarantined):
			return reported
		}
		if err := s.moveEntry(c, e, voided, e.note); err != nil { // the note says why it was in quarantine
			return err
		}
		a.State = Voided
		return s.saveAccess(c, a, Confirmed)
	})
	return a, err
}

func (s *Store) moveAccess(c *change, a *Access, event accessEvent, again bool) error {
	state, err := nextAccess(a.State, event, again)
	if err != nil {
		return fault.Wrap(fault.Internal, "offline: access", err)
	}
	from := a.State
	a.State = state
	return s.saveAccess(c, *a, from)
}

// saveAccess writes an access that was in state from. When it no longer is, another answer about it was first, and stands.
func (s *Store) saveAccess(c *change, a Access, from AccessState) error {
	_, err := c.Exec("UPDATE access SET state = ?, guests = ?, note = ? WHERE id = ? AND state = ?", a.State, a.Guests, a.Note, a.ID, from)
	return err //nolint:wrapcheck // mapped by write.
}

// accessesIn reads the accesses in a state.
func (s *Store) accessesIn(state AccessState) ([]Access, error) {
	const op = "offline: read accesses"
	rows, err := s.db.Query("SELECT "+accessColumns+" FROM access WHERE state = ? ORDER BY expires_at, id", state)
	if err != nil {
		return nil, stored(op, err)
	}
	defer func() { _ = rows.Close() }()
	var all []Access
	for rows.Next() {
		a, err := readAccess(rows)
		if err != nil {
			return nil, stored(op, err)
		}
		if a == nil {
			s.options.Log.Error("an access is damaged and left out", "state", string(state))
			continue
		}
		all = append(all, *a)
	}
	return all, stored(op, rows.Err())
}

// resolve asks again about every confirm without an answer. One that gets none again does not keep the others from being asked,
// unless nobody would answer them either. It gives the first error that leaves a confirm open.
func (s *Store) resolve(ctx context.Context, client *macs.Client, timeout time.Duration) error {
	unknown, err := s.accessesIn(Asking)
	if err != nil {
		return err
	}
	var first error
	for _, a := range unknown {
		a, unanswered, err := s.ask(ctx, client, a, true, timeout)
		if a.State == Quarantined { // it is answered: a person has to look at it
			continue
		}
		if err == nil {
			err = unanswered
		}
		if first == nil {
			first = err
		}
		switch fault.CodeOf(err) { //nolint:exhaustive // these are about this confirm alone.
		case "", fault.ProtocolError, fault.ServerError, fault.RateLimited, fault.BadResponse:
		default:
			return first
		}
	}
	return first
}
