package offline

import (
	"context"
	"errors"
	"time"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
)

// keepUploaded is how long an uploaded or voided row stays for questions.
const keepUploaded = 30 * 24 * time.Hour

// Counts are what waits for something.
type Counts struct {
	// Pending entries wait for upload, Unknown confirms for an answer, Quarantined rows for a person.
	Pending, Unknown, Quarantined int
}

// SafeToWipe: nothing on this device is needed any more.
func (c Counts) SafeToWipe() bool { return c == Counts{} }

// Counts what waits.
func (s *Store) Counts() (Counts, error) {
	var c Counts
	err := s.db.QueryRow(`SELECT
		(SELECT count(*) FROM journal WHERE state IN ('waiting', 'sending')),
		(SELECT count(*) FROM access WHERE state = 'asking'),
		(SELECT count(*) FROM journal WHERE state = 'quarantined') + (SELECT count(*) FROM access WHERE state = 'quarantined')`).
		Scan(&c.Pending, &c.Unknown, &c.Quarantined)
	return c, stored("offline: counts", err)
}

// DueResult is what RunDue did; a nil part was not due.
type DueResult struct {
	Sync   *SyncResult
	Upload *UploadResult
}

// RunDue does what a daily job must: it syncs when 24 h have passed, and uploads when an entry or an unanswered confirm waits. A
// sync that fails does not keep the upload from being tried; both errors are given.
func (s *Store) RunDue(ctx context.Context, client *macs.Client, timeout time.Duration, progress Progress) (DueResult, error) {
	var due DueResult
	var syncErr, uploadErr error
	if next := s.Lists().NextSyncDue; !s.clock.Now().Before(next) {
		var result SyncResult
		if result, syncErr = s.Sync(ctx, client, progress); syncErr == nil {
			due.Sync = &result
		}
	}
	counts, err := s.Counts()
	if err != nil {
		return due, errors.Join(syncErr, err)
	}
	if counts.Pending+counts.Unknown > 0 {
		var result UploadResult
		if result, uploadErr = s.Upload(ctx, client, timeout, progress); uploadErr == nil {
			due.Upload = &result
		}
	}
	return due, errors.Join(syncErr, uploadErr)
}

// tidy prunes once a server's Date was seen in this run: by a clock that is wrong a refusal or an access would go too early, and
// for good. What it cannot do is done the next time.
func (s *Store) tidy() {
	if !s.clock.Status().Observed {
		return
	}
	if err := s.prune(); err != nil {
		s.options.Log.Warn("what has run out stays for now", "fault", string(fault.CodeOf(err)))
	}
}

// prune removes rows that were done with 30 days ago, oldest first and without a gap, and moves the start of the chain behind
// them; and what else has run out.
func (s *Store) prune() error {
	now := s.clock.Now()
	old := now.Add(-keepUploaded).Unix()
	return s.write("offline: prune", func(c *change) error {
		last, err := scanEntry(c.QueryRow("SELECT "+entryColumns+` FROM journal WHERE seq <
			(SELECT coalesce(min(seq), (SELECT coalesce(max(seq), 0) + 1 FROM journal)) FROM journal
			 WHERE state NOT IN ('uploaded', 'voided') OR state_at >= ?) ORDER BY seq DESC LIMIT 1`, old))
		if err == nil {
			err = s.pruneThrough(c, last)
		}
		if err != nil && !isNoRows(err) {
			return err
		}
		for _, statement := range []struct {
			query string
			time  int64
		}{
			{"DELETE FROM refusal WHERE until <= ?", now.Unix()}, // s.refusals forgets them at the next open
			{"DELETE FROM open_check WHERE started_at <= ?", now.Add(-AccessLife).Unix()},
			{"DELETE FROM access WHERE state IN ('issued', 'voided', 'ended') AND expires_at <= ?", now.Add(-syncEvery).Unix()},
			{"DELETE FROM access WHERE state = 'confirmed' AND expires_at <= ?", old},
		} {
			if _, err := c.Exec(statement.query, statement.time); err != nil {
				return err //nolint:wrapcheck // mapped by write.
			}
		}
		return nil
	})
}

func (s *Store) pruneThrough(c *change, last *entry) error {
	anchor, err := s.newEnd(settingAnchor, last.seq, last.mac)
	if err != nil {
		return err
	}
	if err := s.saveEnd(c, settingAnchor, anchor); err != nil {
		return err
	}
	_, err = c.Exec("DELETE FROM journal WHERE seq <= ?", last.seq)
	return err //nolint:wrapcheck // mapped by write.
}
