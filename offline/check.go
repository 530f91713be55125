package offline

import (
	"crypto/hmac"
	"database/sql"
	"os"
	"strconv"
	"time"
)

// Health is what the check of the journal at Open found.
type Health struct {
	// Damaged rows are not as they were written; they are in quarantine.
	Damaged int
	// Missing rows were written and are gone.
	Missing int
	// Lost: the whole journal was gone when the terminal was opened, at most 30 days ago.
	Lost bool
	// Unverified rows were written under a key that is lost: they upload, and nothing proves them.
	Unverified int
}

// Health of the journal.
func (s *Store) Health() Health {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.health
}

// checkLost notices a journal that was removed or emptied: the list files of its time are still there. It says so for 30 days.
func (s *Store) checkLost(fresh bool) error {
	const op = "offline: check journal"
	now := s.clock.Now()
	if fresh {
		files, err := os.ReadDir(s.options.Dir)
		if err != nil {
			return stored(op, err)
		}
		for _, file := range files {
			if isListFile(file.Name()) {
				s.options.Log.Error("the journal is gone; what waited in it is lost")
				s.health.Lost = true
				return s.write(op, func(c *change) error { return setSetting(c, settingLost, strconv.FormatInt(now.Unix(), 10)) })
			}
		}
	}
	text, err := setting(s.db, settingLost)
	if err != nil || text == "" {
		return err
	}
	at, err := strconv.ParseInt(text, 10, 64)
	s.health.Lost = err == nil && now.Before(time.Unix(at, 0).Add(keepUploaded))
	return nil
}

// checkJournal walks the whole chain once. What is damaged is set aside, row by row; the rest goes on.
func (s *Store) checkJournal() error {
	const op = "offline: check journal"
	unverified, err := s.checkKey()
	if err != nil {
		return err
	}
	anchor, last, anchorGood, err := s.loadEnd(s.db, settingAnchor)
	if err != nil {
		return err
	}
	head, headMAC, headGood, err := s.loadEnd(s.db, settingHead)
	if err != nil {
		return err
	}
	rows, err := s.db.Query("SELECT " + entryColumns + " FROM journal ORDER BY seq")
	if err != nil {
		return stored(op, err)
	}
	defer func() { _ = rows.Close() }()
	var damaged []*entry
	seq, linked := anchor.Seq, anchorGood // linked: last is the MAC of row seq, as it was written
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return stored(op, err)
		}
		s.health.Missing += int(e.seq - seq - 1)
		follows := !linked || e.seq != seq+1 || hmac.Equal(e.prev, last)
		seq, last = e.seq, e.mac
		if e.seq <= unverified && !e.damaged {
			s.health.Unverified++
			linked = false
			continue
		}
		if linked, err = s.intact(e); err != nil {
			return err
		}
		switch {
		case !linked:
			damaged = append(damaged, e)
		case !follows: // both are good, and another one stood before this: a copy of the journal went on and came back
			s.health.Missing++
		}
	}
	if err := rows.Err(); err != nil {
		return stored(op, err)
	}
	s.health.Damaged = len(damaged)
	if !anchorGood {
		s.health.Missing++
	}
	switch {
	case !headGood, head.Seq < seq: // the end is written with its row: one that is behind it was taken away or put back
		s.health.Missing++
	case head.Seq > seq:
		s.health.Missing += int(head.Seq - seq)
	}
	if headGood && head.Seq >= seq { // go on where the chain ended, whatever is missing
		seq, last = head.Seq, headMAC
	}
	if s.head, err = s.newEnd(settingHead, seq, last); err != nil {
		return err
	}
	return s.setAside(damaged)
}

// setAside puts damaged rows into quarantine, where the next check finds them again.
func (s *Store) setAside(damaged []*entry) error {
	fresh := damaged[:0]
	for _, e := range damaged {
		if e.note != noteDamaged {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	s.options.Log.Error("journal rows are damaged and set aside", "rows", len(fresh))
	return s.write("offline: set damaged rows aside", func(c *change) error {
		for _, e := range fresh {
			if err := s.moveEntry(c, e, quarantined, noteDamaged); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkKey finds out up to which row the journal was written under a key that is lost, and signs the ends anew when the key
// changed.
func (s *Store) checkKey() (unverified int64, err error) {
	const op = "offline: check journal key"
	id, err := s.keyID()
	if err != nil {
		return 0, err
	}
	known, err := setting(s.db, settingKeyID)
	if err != nil {
		return 0, err
	}
	if known == id {
		return s.unverifiedThrough()
	}
	if _, _, good, err := s.loadEnd(s.db, settingHead); err != nil {
		return 0, err
	} else if good { // the present key wrote the journal: it is the note about the key that is damaged
		if err := s.write(op, func(c *change) error { return setSetting(c, settingKeyID, id) }); err != nil {
			return 0, err
		}
		return s.unverifiedThrough()
	}
	var last sql.NullInt64
	if err := s.db.QueryRow("SELECT max(seq) FROM journal").Scan(&last); err != nil {
		return 0, stored(op, err)
	}
	err = s.write(op, func(c *change) error {
		if err := setSetting(c, settingKeyID, id); err != nil {
			return err
		}
		if known == "" { // a new journal
			return nil
		}
		s.options.Log.Error("the journal's key is lost; rows so far upload unverified", "rows", last.Int64)
		end, err := s.newEnd(settingUnverified, last.Int64, nil)
		if err != nil {
			return err
		}
		if err := s.saveEnd(c, settingUnverified, end); err != nil {
			return err
		}
		return s.resign(c)
	})
	if err != nil {
		return 0, err
	}
	return s.unverifiedThrough()
}

// resign proves both ends of the chain under the present key.
func (s *Store) resign(c *change) error {
	for _, name := range []string{settingAnchor, settingHead} {
		end, mac, _, err := s.loadEnd(c, name)
		if err != nil {
			return err
		}
		if end.Seq == 0 {
			continue
		}
		if end, err = s.newEnd(name, end.Seq, mac); err != nil {
			return err
		}
		if err := s.saveEnd(c, name, end); err != nil {
			return err
		}
	}
	return nil
}

// unverifiedThrough is the last row that need not prove itself; 0 when nothing under the present key says so.
func (s *Store) unverifiedThrough() (int64, error) {
	end, _, good, err := s.loadEnd(s.db, settingUnverified)
	if err != nil || !good {
		return 0, err
	}
	return end.Seq, nil
}
