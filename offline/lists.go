package offline

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// inForce is what the journal says about the lists: which files decide, since when. One commit of it is what a sync
// publishes.
type inForce struct {
	Whitelist   listFile  `json:"whitelist"`
	BINRanges   listFile  `json:"binRanges"`
	Version     string    `json:"version"`
	ReceivedAt  time.Time `json:"receivedAt"`  // trusted time of the last 200 or 304
	GeneratedAt string    `json:"generatedAt"` // as the server says; informs only
}

// listFile is one list.
type listFile struct {
	File  string `json:"file"`
	ETag  string `json:"etag"`
	Count int64  `json:"count"` // distinct hashes, or ranges as received
}

// lists are the open files.
type lists struct {
	inForce
	whitelist *whitelist
	binRanges *binRanges
	// damaged: a lookup found the file unreadable. The list counts as missing and the next sync fetches it whole.
	damaged atomic.Bool
}

// find asks the whitelist, then the BIN ranges: each on its own is enough (protocol section 1.4).
func (l *lists) find(pan []byte, hash PANHash) (Reason, error) {
	listed, err := l.whitelist.contains((*[32]byte)(&hash))
	switch {
	case err != nil:
		return "", err
	case listed:
		return InWhitelist, nil
	case l.binRanges.contains(pan):
		return InBINRange, nil
	}
	return NotListed, nil
}

func (l *lists) close() error { return l.whitelist.close() }

// versionOf names the content of both lists, so that the same lists have the same version at every terminal.
func versionOf(whitelist, binRanges listMeta) string {
	return hex.EncodeToString(whitelist.SHA256[:4]) + "-" + hex.EncodeToString(binRanges.SHA256[:4])
}

// openLists opens what is in force and removes every other list file. A list that cannot be opened counts as missing: the
// next sync fetches it whole.
func (s *Store) openLists() error {
	text, err := setting(s.db, settingLists)
	if err != nil {
		return err
	}
	if text != "" {
		var in inForce
		if json.Unmarshal([]byte(text), &in) == nil {
			if s.lists, err = s.openFiles(in); err != nil {
				s.options.Log.Error("the lists cannot be opened and count as missing", "error", err)
			}
		}
	}
	if s.lists != nil {
		damaged, err := setting(s.db, settingDamaged)
		if err != nil {
			return err
		}
		s.lists.damaged.Store(damaged == s.lists.Whitelist.File)
	}
	return s.sweep()
}

// isListFile reports whether a name in the data folder is that of a list.
func isListFile(name string) bool {
	return strings.HasPrefix(name, "whitelist-") || strings.HasPrefix(name, "binranges-")
}

func (s *Store) openFiles(in inForce) (*lists, error) {
	white, err := openWhitelist(filepath.Join(s.options.Dir, filepath.Base(in.Whitelist.File)))
	if err != nil {
		return nil, stored("offline: open whitelist", err)
	}
	bins, err := openBINRanges(filepath.Join(s.options.Dir, filepath.Base(in.BINRanges.File)))
	if err != nil {
		return nil, errors.Join(stored("offline: open BIN ranges", err), white.close())
	}
	return &lists{inForce: in, whitelist: white, binRanges: bins}, nil
}

// sweep removes list files that are not in force and what a killed process left half built.
func (s *Store) sweep() error {
	files, err := os.ReadDir(s.options.Dir)
	if err != nil {
		return stored("offline: sweep", err)
	}
	for _, file := range files {
		name := file.Name()
		left := strings.HasPrefix(name, "tmp-") || isListFile(name)
		if !left || (s.lists != nil && (name == s.lists.Whitelist.File || name == s.lists.BINRanges.File)) {
			continue
		}
		if err := os.Remove(filepath.Join(s.options.Dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return stored("offline: sweep", err)
		}
	}
	return nil
}

// ListStatus describes the lists in force.
type ListStatus struct {
	// Present is false before the first sync.
	Present              bool
	Whitelist, BINRanges int64
	Version              string
	Age                  time.Duration
	// Old: past the age to warn at. Stale: they decide nothing any more.
	Old, Stale  bool
	GeneratedAt string
	// NextSyncDue is 24 h after the last sync; now when there was none.
	NextSyncDue time.Time
}

// Lists describes the lists in force.
func (s *Store) Lists() ListStatus {
	now := s.clock.Now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.lists == nil || s.lists.damaged.Load() {
		return ListStatus{NextSyncDue: now}
	}
	age := max(0, now.Sub(s.lists.ReceivedAt))
	return ListStatus{
		Present: true, Whitelist: s.lists.Whitelist.Count, BINRanges: s.lists.BINRanges.Count, Version: s.lists.Version,
		Age: age, Old: age >= s.options.ListWarnAge, Stale: age >= s.options.ListMaxAge,
		GeneratedAt: s.lists.GeneratedAt, NextSyncDue: s.lists.ReceivedAt.Add(syncEvery),
	}
}
