package offline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/backend/macs"
)

// batchSize is the most rows in one report.
const batchSize = 100

// UploadResult counts what an upload did.
type UploadResult struct {
	// Uploaded rows are at the server now; Quarantined ones were refused by it in this upload, or found damaged.
	Uploaded, Quarantined int
	// Pending rows still wait.
	Pending int
}

// Upload asks again about confirms without an answer, then reports waiting entries in batches of 100. Rows are told apart by
// entryId, so a cut upload is sent again without harm. A row that the server refuses goes into quarantine with the reason and
// the rest goes on; a confirm that still gets no answer holds no report up. On an error the result counts what was done.
func (s *Store) Upload(ctx context.Context, client *macs.Client, timeout time.Duration, progress Progress) (UploadResult, error) {
	s.uploading.Lock()
	defer s.uploading.Unlock()
	var result UploadResult
	unresolved := s.resolve(ctx, client, timeout)
	err := ctx.Err()
	for err == nil {
		var batch []*entry
		batch, err = s.takeBatch(&result)
		if err != nil || len(batch) == 0 {
			break
		}
		if err = s.report(ctx, client, batch, &result); err == nil && progress != nil {
			progress("upload", int64(result.Uploaded))
		}
	}
	s.tidy()
	s.mu.RLock()
	result.Pending = s.pending
	s.mu.RUnlock()
	return result, errors.Join(unresolved, err)
}

// takeBatch marks the next rows as being sent, on disk, before the first of them goes out: from then on they may be at the
// server. Damaged rows are set aside.
func (s *Store) takeBatch(result *UploadResult) ([]*entry, error) {
	rows, err := s.entriesIn(batchSize, waiting, sending)
	if err != nil {
		return nil, err
	}
	unverified, err := s.unverifiedThrough()
	if err != nil {
		return nil, err
	}
	batch := make([]*entry, 0, len(rows))
	err = s.write("offline: upload", func(c *change) error {
		for _, e := range rows {
			good, err := s.intact(e)
			if err != nil {
				return err
			}
			if !good && (e.damaged || e.seq > unverified) {
				if err := s.moveEntry(c, e, quarantined, noteDamaged); err != nil {
					return err
				}
				c.after(func() { result.Quarantined++; s.health.Damaged++ })
				continue
			}
			if e.state == waiting {
				if err := s.moveEntry(c, e, sending, ""); err != nil {
					return err
				}
				e.fresh = true
			}
			batch = append(batch, e)
		}
		return nil
	})
	if errors.Is(err, errMoved) { // a void came between reading and marking
		return s.takeBatch(result)
	}
	if err == nil && len(batch) == 0 && len(rows) > 0 { // all of it was damaged
		return s.takeBatch(result)
	}
	return batch, err
}

// report sends a batch. A batch refused whole is halved until the row is found.
func (s *Store) report(ctx context.Context, client *macs.Client, batch []*entry, result *UploadResult) error {
	reports := make([]macs.Report, len(batch))
	again := false
	for i, e := range batch {
		again = again || !e.fresh
		reports[i] = macs.Report{EntryID: e.id, PANHash: e.hash, Guests: e.guests, Reason: e.reason, OccurredAt: e.occurred(), RequestID: e.requestID}
	}
	rejected, err := client.OfflineReports(ctx, reports, again)
	var refused *macs.Refused
	switch {
	case errors.As(err, &refused) && len(batch) > 1:
		half := len(batch) / 2
		if err := s.report(ctx, client, batch[:half], result); err != nil {
			return errors.Join(err, s.unsent(batch[half:], nil))
		}
		return s.report(ctx, client, batch[half:], result)
	case errors.As(err, &refused):
		rejected = []macs.Rejected{{EntryID: batch[0].id, ErrorCode: string(refused.Code), Message: refused.Message}}
	case err != nil:
		return errors.Join(err, s.unsent(batch, err))
	}
	return s.settle(batch, rejected, result)
}

// settle writes down what the server said about a batch.
func (s *Store) settle(batch []*entry, rejected []macs.Rejected, result *UploadResult) error {
	notes := make(map[string]string, len(rejected))
	for _, r := range rejected {
		notes[r.EntryID] = fmt.Sprintf("%s: %s", r.ErrorCode, r.Message)
	}
	return s.write("offline: upload", func(c *change) error {
		for _, e := range batch {
			note, bad := notes[e.id]
			to := uploaded
			if bad {
				to = quarantined
			}
			if err := s.moveEntry(c, e, to, note); err != nil {
				return err
			}
			c.after(func() {
				if bad {
					result.Quarantined++
				} else {
					result.Uploaded++
				}
			})
		}
		return s.raiseUploaded(c, batch[len(batch)-1].seq)
	})
}

// raiseUploaded keeps the high-water mark: every row up to it was sent and answered.
func (s *Store) raiseUploaded(c *change, seq int64) error {
	_, err := c.Exec("INSERT INTO setting(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)",
		settingUploaded, fmt.Sprint(seq))
	return err //nolint:wrapcheck // mapped by write.
}

// unsent takes rows back to waiting when their request never left the device, so that they can still be voided. Rows that an
// earlier upload sent without an answer stay as they are. err is nil for rows that no request was made for.
func (s *Store) unsent(batch []*entry, err error) error {
	if err != nil && !macs.NotSent(err) {
		return nil
	}
	return s.write("offline: upload", func(c *change) error {
		for _, e := range batch {
			if !e.fresh {
				continue
			}
			if err := s.moveEntry(c, e, waiting, ""); err != nil {
				return err
			}
		}
		return nil
	})
}
