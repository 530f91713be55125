package macs

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"
)

// maxRows is the most entries of one report (OPEN; the library sends 100).
const maxRows = 1000

var hashText = regexp.MustCompile(`^[0-9a-f]{64}$`)

type rejected struct {
	EntryID   string `json:"entryId"`
	ErrorCode string `json:"errorCode"`
	Message   string `json:"message"`
}

// offlineReports takes each row on its own: a bad one is rejected by its entryId, one that is there is a duplicate.
func (s *Server) offlineReports(w http.ResponseWriter, _ *http.Request, sn string, body []byte) error {
	o, err := readObject(body)
	if err != nil {
		return badRequest("a JSON object is needed")
	}
	var rows []json.RawMessage
	if raw := o["entries"]; len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &rows) != nil || len(rows) > maxRows {
		return badRequest("entries must be a list of at most 1000")
	}
	objects := make([]object, len(rows))
	for i, raw := range rows {
		if objects[i], err = readObject(raw); err != nil {
			return badRequest("an entry must be an object")
		}
	}
	var accepted, duplicates int
	bad := []rejected{}
	err = s.state.Do(func(tx *sql.Tx) error {
		for _, row := range objects {
			e, problem := s.readReport(sn, row)
			if problem != "" {
				bad = append(bad, rejected{EntryID: e.EntryID, ErrorCode: "INVALID_ENTRY", Message: problem})
				continue
			}
			fresh, err := s.takeReport(tx, e, row)
			if err != nil {
				return err
			}
			if fresh {
				accepted++
			} else {
				duplicates++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, map[string]any{"accepted": accepted, "duplicates": duplicates, "rejected": bad})
	return nil
}

// readReport says what is wrong with a row, "" when nothing is.
func (s *Server) readReport(sn string, o object) (Entry, string) {
	id, idOK := o.text("entryId")
	hash, hashOK := o.text("panHash")
	guests, guestsOK := o.integer("guests")
	reason, reasonOK := o.text("reason")
	occurred, occurredOK := o.text("occurredAt")
	requestID, requestOK := o.optional("requestId")
	e := Entry{EntryID: id, AccessID: id, SerialNumber: sn, Mode: "offline", Guests: guests, Reason: reason, OccurredAt: occurred, ReceivedAt: stamp(s.now())}
	at, timeErr := time.Parse(time.RFC3339, occurred)
	parsed, idErr := uuid.Parse(id)
	switch {
	case !idOK || idErr != nil || len(id) != len(uuid.Nil.String()):
		return e, "entryId must be a UUID"
	case !hashOK || !hashText.MatchString(hash):
		return e, "panHash must be 64 lower-case hex digits"
	case !guestsOK || guests < 0 || guests > 100:
		return e, "guests must be 0 to 100"
	case !reasonOK || !among(reason, "WHITELIST", "BIN_RANGE"):
		return e, "reason must be WHITELIST or BIN_RANGE"
	case !occurredOK || timeErr != nil:
		return e, "occurredAt must be an RFC 3339 time"
	case !requestOK || (requestID != "" && uuid.Validate(requestID) != nil):
		return e, "requestId must be a UUID"
	}
	e.EntryID, e.AccessID, e.OccurredAt = parsed.String(), parsed.String(), stamp(at) // one spelling
	return e, ""
}

// takeReport stores a row, once for each entryId. An access that was held for the same check is let go: the card
// entered offline.
func (s *Server) takeReport(tx *sql.Tx, e Entry, o object) (fresh bool, err error) {
	var seq int64
	err = tx.QueryRow("SELECT seq FROM entry WHERE entry_id = ?", e.EntryID).Scan(&seq)
	if !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	if requestID, _ := o.optional("requestId"); requestID != "" {
		_, err := tx.Exec("UPDATE access SET held_until = 0 WHERE sn = ? AND request_id = ? AND guests IS NULL", e.SerialNumber, requestID)
		if err != nil {
			return false, err
		}
	}
	return true, insertEntry(tx, e)
}
