package offline

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// entryState is where a journal row stands.
type entryState string

const (
	waiting     entryState = "waiting"     // to be uploaded
	sending     entryState = "sending"     // was sent and not answered: it may be at the server
	uploaded    entryState = "uploaded"    // the server has it
	voided      entryState = "voided"      // taken back before it was sent
	quarantined entryState = "quarantined" // the server refused it, or it is damaged; the note says why
)

// noteDamaged is why a row whose MAC does not fit is set aside.
const noteDamaged = "damaged: the stored row is not as it was written"

// entry is a journal row.
type entry struct {
	seq        int64
	id         string
	hash       PANHash
	guests     int
	reason     string
	occurredAt int64
	requestID  string
	prev, mac  []byte
	state      entryState
	stateAt    int64
	note       string
	stateMAC   []byte
	// damaged: a column holds no value of its type.
	damaged bool
	// fresh: it was waiting until the running upload took it, so no request before this one carried it.
	fresh bool
}

const entryColumns = "seq, entry_id, pan_hash, guests, reason, occurred_at, request_id, prev, mac, state, state_at, note, state_mac"

func scanEntry(row interface{ Scan(...any) error }) (*entry, error) {
	var seq, guests, occurredAt, stateAt intColumn
	var id, reason, requestID, state, note textColumn
	var hash, prev, mac, stateMAC blobColumn
	err := row.Scan(&seq, &id, &hash, &guests, &reason, &occurredAt, &requestID, &prev, &mac, &state, &stateAt, &note, &stateMAC)
	e := &entry{
		seq: seq.value, id: id.value, guests: int(guests.value), reason: reason.value, occurredAt: occurredAt.value, requestID: requestID.value,
		prev: prev.value, mac: mac.value, state: entryState(state.value), stateAt: stateAt.value, note: note.value, stateMAC: stateMAC.value,
		damaged: guests.bad || occurredAt.bad || stateAt.bad || id.bad || reason.bad || requestID.bad || state.bad || note.bad ||
			hash.bad || prev.bad || mac.bad || stateMAC.bad,
	}
	copy(e.hash[:], hash.value)
	return e, err //nolint:wrapcheck // mapped by the caller.
}

// chainEnd is an end of the chain: the newest row, or the last one that was pruned.
type chainEnd struct {
	Seq int64  `json:"seq"`
	MAC string `json:"mac"` // of that row, base64
	Sum string `json:"sum"` // proves the two
}

func (s *Store) newEnd(name string, seq int64, mac []byte) (chainEnd, error) {
	sum, err := s.headMAC(name, seq, mac)
	return chainEnd{Seq: seq, MAC: base64.StdEncoding.EncodeToString(mac), Sum: base64.StdEncoding.EncodeToString(sum)}, err
}

func (s *Store) saveEnd(db execer, name string, end chainEnd) error {
	text, err := json.Marshal(end)
	if err != nil {
		return err //nolint:wrapcheck // mapped by write.
	}
	return setSetting(db, name, string(text))
}

// loadEnd reads an end of the chain; good is false when it is not as it was written.
func (s *Store) loadEnd(db execer, name string) (end chainEnd, mac []byte, good bool, err error) {
	text, err := setting(db, name)
	if err != nil || text == "" {
		return chainEnd{}, nil, err == nil, err
	}
	if json.Unmarshal([]byte(text), &end) != nil {
		return chainEnd{}, nil, false, nil
	}
	mac, decodeErr := base64.StdEncoding.DecodeString(end.MAC)
	want, err := s.newEnd(name, end.Seq, mac)
	return end, mac, decodeErr == nil && want.Sum == end.Sum, err
}

// appendEntry writes a row behind the last one, within a transaction.
func (s *Store) appendEntry(c *change, e entry) error {
	prev, err := base64.StdEncoding.DecodeString(s.head.MAC)
	if err != nil {
		return fault.New(fault.StorageDamaged, "offline: append entry", "the end of the journal is unreadable")
	}
	e.seq, e.prev, e.state, e.stateAt = s.head.Seq+1, prev, waiting, e.occurredAt
	if e.prev == nil {
		e.prev = []byte{}
	}
	if e.mac, err = s.rowMAC(&e); err != nil {
		return err
	}
	if e.stateMAC, err = s.stateMAC(&e); err != nil {
		return err
	}
	end, err := s.newEnd(settingHead, e.seq, e.mac)
	if err != nil {
		return err
	}
	_, err = c.Exec("INSERT INTO journal("+entryColumns+") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
		e.seq, e.id, e.hash[:], e.guests, e.reason, e.occurredAt, e.requestID, e.prev, e.mac, e.state, e.stateAt, e.note, e.stateMAC)
	if err != nil {
		return err //nolint:wrapcheck // mapped by write.
	}
	if err := s.saveEnd(c, settingHead, end); err != nil {
		return err
	}
	c.after(func() {
		s.head = end
		s.pending++
		if e.occurredAt/86_400 == s.day {
			s.perCard[e.hash]++
		}
	})
	return nil
}

// moveEntry takes a row from one state to another, within a transaction. It fails when the row is not where it was.
func (s *Store) moveEntry(c *change, e *entry, to entryState, note string) error {
	from := e.state
	moved := *e
	moved.state, moved.stateAt, moved.note = to, s.clock.Now().Unix(), note
	var err error
	if moved.stateMAC, err = s.stateMAC(&moved); err != nil {
		return err
	}
	result, err := c.Exec("UPDATE journal SET state = ?, state_at = ?, note = ?, state_mac = ? WHERE seq = ? AND (state = ? OR typeof(state) <> 'text')",
		moved.state, moved.stateAt, moved.note, moved.stateMAC, e.seq, from)
	if err != nil {
		return err //nolint:wrapcheck // mapped by write.
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("offline: entry %s is no longer %s: %w", e.id, from, errors.Join(err, errMoved))
	}
	c.after(func() {
		s.pending += open(to) - open(from)
		if to == voided && e.occurredAt/86_400 == s.day {
			s.perCard[e.hash]--
		}
	})
	*e = moved
	return nil
}

// errMoved: someone else was first.
var errMoved = errors.New("offline: the row was changed meanwhile")

// open is 1 for a row that waits for upload.
func open(state entryState) int {
	if state == waiting || state == sending {
		return 1
	}
	return 0
}

func (s *Store) entryByID(db execer, id string) (*entry, error) {
	e, err := scanEntry(db.QueryRow("SELECT "+entryColumns+" FROM journal WHERE entry_id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // absent is no error here.
	}
	return e, stored("offline: read entry", err)
}

// entriesIn reads rows of some states in the order they were made.
func (s *Store) entriesIn(limit int, states ...entryState) ([]*entry, error) {
	args := make([]any, 0, len(states)+1)
	for _, state := range states {
		args = append(args, state)
	}
	query := "SELECT " + entryColumns + " FROM journal WHERE state IN (?" + strings.Repeat(",?", len(states)-1) + ") ORDER BY seq LIMIT ?" //nolint:gosec // only question marks are joined.
	rows, err := s.db.Query(query, append(args, limit)...)
	if err != nil {
		return nil, stored("offline: read entries", err)
	}
	defer func() { _ = rows.Close() }()
	var entries []*entry
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, stored("offline: read entries", err)
		}
		entries = append(entries, e)
	}
	return entries, stored("offline: read entries", rows.Err())
}

func (e *entry) occurred() time.Time { return time.Unix(e.occurredAt, 0).UTC() }
