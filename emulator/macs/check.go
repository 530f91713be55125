package macs

import (
	"database/sql"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// hold is how long an allowed check keeps the card and can be confirmed (OPEN).
const hold = 120 * time.Second

var (
	panText  = regexp.MustCompile(`^[0-9]{12,19}$`)
	yymmText = regexp.MustCompile(`^[0-9]{2}(0[1-9]|1[0-2])$`)
)

// check is a check_entry request.
type check struct {
	sn, pan, card, requestID string
}

func (s *Server) readCheck(sn string, body []byte) (check, error) {
	o, err := strictjson.Read(body)
	if err != nil {
		return check{}, badRequest("a JSON object is needed")
	}
	pan, ok := o.Text("pan")
	if !ok || !panText.MatchString(pan) {
		return check{}, badRequest("pan must be 12 to 19 digits")
	}
	if expiry, ok := o.Optional("expiryDate"); !ok || (expiry != "" && !yymmText.MatchString(expiry)) {
		return check{}, badRequest("expiryDate must be YYMM")
	}
	if service, ok := o.Optional("service"); !ok || !among(service, "", "FAST_LINE", "LOUNGE") {
		return check{}, badRequest("service must be FAST_LINE or LOUNGE")
	}
	if mode, ok := o.Optional("entryMode"); !ok || !among(mode, "", "CHIP", "CONTACTLESS", "SWIPE", "MANUAL") {
		return check{}, badRequest("entryMode is not known")
	}
	requestID, ok := o.Optional("requestId")
	if !ok || (requestID != "" && uuid.Validate(requestID) != nil) {
		return check{}, badRequest("requestId must be a UUID")
	}
	return check{sn: sn, pan: pan, card: s.hashPAN(pan), requestID: requestID}, nil
}

func among(value string, allowed ...string) bool {
	for _, a := range allowed {
		if value == a {
			return true
		}
	}
	return false
}

func (s *Server) checkEntry(w http.ResponseWriter, r *http.Request, sn string, body []byte) error {
	c, err := s.readCheck(sn, body)
	if err != nil {
		return err
	}
	rule := ruleOf(c.pan)
	if rule.wait > 0 { // nothing is locked meanwhile
		timer := time.NewTimer(rule.wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return no(http.StatusServiceUnavailable, "UNAVAILABLE", "the emulator stops")
		}
	}
	var id string
	var refused error
	err = s.state.Do(func(tx *sql.Tx) error {
		id, refused, err = s.decide(tx, c, rule)
		return err
	})
	if err != nil || refused != nil {
		return errors.Join(err, refused)
	}
	answer(w, http.StatusOK, map[string]any{"accessId": id, "maxGuests": rule.maxGuests, "expiresIn": int(hold.Seconds())})
	return nil
}

// decide applies the rule of the card. The refusal comes apart from the error, so that what was noted stays.
func (s *Server) decide(tx *sql.Tx, c check, rule rule) (id string, refused, err error) {
	var location string
	if err := tx.QueryRow("SELECT location FROM terminal WHERE sn = ?", c.sn).Scan(&location); err != nil {
		return "", nil, err
	}
	if location == "" {
		return "", errUnknownDevice, nil
	}
	now := s.now().Unix()
	if c.requestID != "" { // the same check again
		err := tx.QueryRow("SELECT id FROM access WHERE sn = ? AND request_id = ? AND card = ? AND (guests IS NOT NULL OR held_until > ?)",
			c.sn, c.requestID, c.card, now).Scan(&id)
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return id, nil, err
		}
	}
	var held int
	if err := tx.QueryRow("SELECT count(*) FROM access WHERE card = ? AND guests IS NULL AND held_until > ?", c.card, now).Scan(&held); err != nil {
		return "", nil, err
	}
	if held > 0 {
		return "", errBlocked, nil
	}
	if rule.refuse != nil {
		second, err := s.secondTry(tx, c, rule, now)
		if err != nil || !second {
			return "", rule.refuse, err
		}
	}
	id = uuid.NewString()
	_, err = tx.Exec("INSERT INTO access(id, sn, card, max_guests, request_id, held_until) VALUES(?,?,?,?,?,?)",
		id, c.sn, c.card, rule.maxGuests, c.requestID, now+int64(hold.Seconds()))
	return id, nil, err
}

// secondTry reports whether a card that is refused at first was presented to this POS before, in another check; if not this is
// the first time.
func (s *Server) secondTry(tx *sql.Tx, c check, rule rule, now int64) (bool, error) {
	if !rule.secondTry {
		return false, nil
	}
	var at int64
	var requestID string
	err := tx.QueryRow("SELECT at, request_id FROM first_try WHERE sn = ? AND card = ?", c.sn, c.card).Scan(&at, &requestID)
	switch {
	case err == nil && requestID != "" && requestID == c.requestID:
		return false, nil
	case err == nil && now >= at && now-at <= int64(secondTryWithin.Seconds()):
		_, err = tx.Exec("DELETE FROM first_try WHERE sn = ? AND card = ?", c.sn, c.card)
		return true, err
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	_, err = tx.Exec("INSERT OR REPLACE INTO first_try(sn, card, request_id, at) VALUES(?,?,?,?)", c.sn, c.card, c.requestID, now)
	return false, err
}

func (s *Server) confirmEntry(w http.ResponseWriter, _ *http.Request, sn string, body []byte) error {
	o, err := strictjson.Read(body)
	if err != nil {
		return badRequest("a JSON object is needed")
	}
	id, idOK := o.Text("accessId")
	guests, guestsOK := o.Integer("guests")
	if !idOK || !guestsOK {
		return badRequest("accessId must be a string and guests a whole number")
	}
	if err := s.state.Do(func(tx *sql.Tx) error { return s.confirmIn(tx, sn, id, guests) }); err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]string{"status": "confirmed"})
	return nil
}

func (s *Server) confirmIn(tx *sql.Tx, sn, id string, guests int64) error {
	var most, until int64
	var confirmed sql.NullInt64
	err := tx.QueryRow("SELECT max_guests, held_until, guests FROM access WHERE id = ? AND sn = ?", id, sn).Scan(&most, &until, &confirmed)
	now := s.now()
	switch {
	case errors.Is(err, sql.ErrNoRows) || (err == nil && !confirmed.Valid && now.Unix() >= until):
		return no(http.StatusNotFound, "ACCESS_NOT_FOUND", "no such access, or it ran out")
	case err != nil:
		return err
	case confirmed.Valid && confirmed.Int64 == guests:
		return nil
	case confirmed.Valid:
		return no(http.StatusConflict, "ALREADY_CONFIRMED", "it was confirmed with another number of guests")
	case guests < 0 || guests > most:
		return no(http.StatusUnprocessableEntity, "INVALID_GUESTS", "too many guests")
	}
	if _, err := tx.Exec("UPDATE access SET guests = ? WHERE id = ?", guests, id); err != nil {
		return err
	}
	return insertEntry(tx, Entry{EntryID: id, AccessID: id, SerialNumber: sn, Mode: "online", Guests: guests, Reason: "SERVER", OccurredAt: stamp(now), ReceivedAt: stamp(now)})
}

func insertEntry(tx *sql.Tx, e Entry) error {
	_, err := tx.Exec("INSERT INTO entry(entry_id, sn, access_id, mode, guests, reason, occurred_at, received_at) VALUES(?,?,?,?,?,?,?,?)",
		e.EntryID, e.SerialNumber, e.AccessID, e.Mode, e.Guests, e.Reason, e.OccurredAt, e.ReceivedAt)
	return err
}
