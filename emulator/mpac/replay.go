package mpac

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"regexp"
	"time"
	"unicode/utf8"
)

// Events of a device are numbered without gaps and kept for 24 hours. Acknowledging does not remove them: a device that lost what
// it had may resume from further back.

// event is one stored event.
type event struct {
	id      string
	seq     int64
	at      time.Time
	name    string
	payload json.RawMessage
}

// ErrEvent is what Push refuses.
var ErrEvent = errors.New("event must be 1 to 64 of a-z, 0-9, dot, dash and underscore, payload JSON in UTF-8, and both fit into a frame of 64 KiB")

var eventName = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

// checkEvent refuses what cannot be sent, and gives the payload as it will be; absent is {}.
func checkEvent(name string, payload json.RawMessage) (json.RawMessage, error) {
	if len(payload) == 0 || string(payload) == "null" {
		payload = json.RawMessage(`{}`)
	}
	var compact bytes.Buffer
	if !eventName.MatchString(name) || !utf8.Valid(payload) || json.Compact(&compact, payload) != nil {
		return nil, ErrEvent
	}
	longest := event{id: "01ARZ3NDEKTSV4RRFFQ69G5FAV", seq: 1<<62 - 1, name: name, payload: compact.Bytes()}
	if text, err := writeEvent(longest); err != nil || len(text) > maxFrame {
		return nil, ErrEvent
	}
	return compact.Bytes(), nil
}

// storeEvent gives an event the device's next number.
func storeEvent(tx *sql.Tx, d device, e event) (int64, error) {
	_, err := tx.Exec("DELETE FROM mpac_event WHERE device_id = ? AND at < ? AND seq < ?", d.id, e.at.Add(-replayLife).UnixMilli(), d.lastSeq)
	if err != nil {
		return 0, err
	}
	seq := d.lastSeq + 1
	if _, err := tx.Exec("UPDATE mpac_device SET last_seq = ? WHERE device_id = ?", seq, d.id); err != nil {
		return 0, err
	}
	_, err = tx.Exec("INSERT INTO mpac_event(device_id, seq, id, at, event, payload) VALUES(?,?,?,?,?,?)", d.id, seq, e.id, e.at.UnixMilli(), e.name, string(e.payload))
	return seq, err
}

// resumeFrom gives the number behind which a device goes on. It names its last event, or goes on behind the last it acknowledged.
// resync is true when something it missed is gone, or the id was never given out: it has to read everything anew, and goes on with
// what is new.
func resumeFrom(tx *sql.Tx, d device, lastEventID string, now time.Time) (seq int64, resync bool, err error) {
	seq = d.lastAck
	if lastEventID != "" {
		err = tx.QueryRow("SELECT seq FROM mpac_event WHERE device_id = ? AND id = ?", d.id, lastEventID).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			return d.lastSeq, true, nil
		}
		if err != nil {
			return 0, false, err
		}
	}
	var kept int64
	err = tx.QueryRow("SELECT count(*) FROM mpac_event WHERE device_id = ? AND seq > ? AND at >= ?", d.id, seq, now.Add(-replayLife).UnixMilli()).Scan(&kept)
	if err == nil && kept < d.lastSeq-seq {
		return d.lastSeq, true, nil
	}
	return seq, false, err
}

// eventsAfter reads what a device gets next.
func eventsAfter(tx *sql.Tx, deviceID string, seq int64) ([]event, error) {
	rows, err := tx.Query("SELECT id, seq, at, event, payload FROM mpac_event WHERE device_id = ? AND seq > ? ORDER BY seq LIMIT 100", deviceID, seq)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []event
	for rows.Next() {
		var e event
		var at int64
		var payload string
		if err := rows.Scan(&e.id, &e.seq, &at, &e.name, &payload); err != nil {
			return nil, err
		}
		e.at, e.payload = time.UnixMilli(at).UTC(), json.RawMessage(payload)
		list = append(list, e)
	}
	return list, rows.Err()
}

// acknowledge notes the furthest event that a device has dealt with; unknown ids change nothing.
func acknowledge(tx *sql.Tx, deviceID, eventID string) error {
	_, err := tx.Exec(`UPDATE mpac_device SET last_ack = max(last_ack, (SELECT seq FROM mpac_event WHERE device_id = ?1 AND id = ?2))
		WHERE device_id = ?1 AND last_ack < (SELECT seq FROM mpac_event WHERE device_id = ?1 AND id = ?2)`, deviceID, eventID)
	return err
}
