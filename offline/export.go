package offline

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"syscall"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/atomicfile"
)

// Entry is a journal row for people: what waits, and what went wrong.
type Entry struct {
	EntryID    string `json:"entryId"`
	PANHash    string `json:"panHash"` // 64 lower-case hex
	Guests     int    `json:"guests"`
	Reason     string `json:"reason"`     // WHITELIST or BIN_RANGE
	OccurredAt string `json:"occurredAt"` // RFC 3339 UTC
	RequestID  string `json:"requestId,omitempty"`
	// State is waiting, sending or quarantined; Note says why a row is in quarantine.
	State string `json:"state"`
	Note  string `json:"note,omitempty"`
}

// exported is the file of Export.
type exported struct {
	V          int       `json:"v"`
	ExportedAt time.Time `json:"exportedAt"`
	Entries    []Entry   `json:"entries"`
	// UploadedThrough is the high-water mark: every row up to this number was sent and answered.
	UploadedThrough int64 `json:"uploadedThrough"`
	// Unknown are online confirms whose answer is not known, and those that were refused after that.
	Unknown []exportedAccess `json:"unknown"`
}

type exportedAccess struct {
	AccessID string `json:"accessId"`
	Guests   int    `json:"guests"`
	State    string `json:"state"`
	Note     string `json:"note,omitempty"`
}

// maxListed bounds what List reads; MaxPending is far below.
const maxListed = 100_000

// List gives the entries that wait for upload and those in quarantine, in the order they were made.
func (s *Store) List() ([]Entry, error) {
	rows, err := s.entriesIn(maxListed, waiting, sending, quarantined)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(rows))
	for i, e := range rows {
		entries[i] = Entry{
			EntryID: e.id, PANHash: hex.EncodeToString(e.hash[:]), Guests: e.guests, Reason: e.reason, OccurredAt: e.occurred().Format(time.RFC3339),
			RequestID: e.requestID, State: string(e.state), Note: e.note,
		}
	}
	return entries, nil
}

// Export writes what waits and what is in quarantine to a JSON file of mode 0600, whole or not at all, and gives the number
// of entries in it. Nothing is changed: exported rows still upload. No PAN is in it, only keyed hashes. Errors: invalid_request
// for a path that cannot be a file, storage faults.
func (s *Store) Export(path string) (int, error) {
	const op = "offline: export"
	entries, err := s.List()
	if err != nil {
		return 0, err
	}
	out := exported{V: 1, ExportedAt: s.clock.Now().Truncate(time.Second), Entries: entries, Unknown: []exportedAccess{}}
	mark, err := setting(s.db, settingUploaded)
	if err != nil {
		return 0, err
	}
	out.UploadedThrough, _ = strconv.ParseInt(mark, 10, 64) // empty before the first upload
	for _, state := range []AccessState{Asking, Quarantined} {
		accesses, err := s.accessesIn(state)
		if err != nil {
			return 0, err
		}
		for _, a := range accesses {
			out.Unknown = append(out.Unknown, exportedAccess{AccessID: a.ID, Guests: a.Guests, State: string(a.State), Note: a.Note})
		}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return 0, stored(op, err)
	}
	err = atomicfile.Write(path, append(text, '\n'), 0o600)
	for _, reason := range []error{syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG, syscall.EEXIST, syscall.EINVAL} {
		if errors.Is(err, reason) {
			return 0, fault.New(fault.InvalidRequest, op, "the path cannot be a file: "+reason.Error())
		}
	}
	return len(entries), stored(op, err)
}
