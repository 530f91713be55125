package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
)

// Progress hears how far a sync or an upload is: kind is "whitelist", "bin_ranges" or "upload", done counts rows.
type Progress func(kind string, done int64)

// SyncResult is what a sync published.
type SyncResult struct {
	Whitelist, BINRanges int64
	// Changed is false when both lists are as they were.
	Changed     bool
	Version     string
	GeneratedAt string
}

// fetched is one list after its download: a new file, or the one at hand.
type fetched struct {
	listFile
	meta listMeta
	// built is the path of a new file that is not in force yet; "" when the list did not change.
	built string
}

// Sync downloads both lists, checks them and puts both in force, or neither: an error, a cancellation or a kill at any moment
// leaves the lists as they were. Checks go on meanwhile. A list the server says is unchanged counts as received. Errors:
// invalid_list, and every fault of a call without an answer.
func (s *Store) Sync(ctx context.Context, client *macs.Client, progress Progress) (SyncResult, error) {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.RLock()
	now, closed := s.lists, s.closed
	s.mu.RUnlock()
	if closed {
		return SyncResult{}, closedFault("offline: sync")
	}
	whole := now == nil || now.damaged.Load() // fetch without conditions
	white, err := s.fetch(ctx, listSource{
		kind: "whitelist", prefix: "whitelist-", download: client.WhitelistedPANs, build: buildWhitelist,
		have: func() (listFile, listMeta) { return now.Whitelist, now.whitelist.Meta() },
	}, !whole, progress)
	if err != nil {
		return SyncResult{}, err
	}
	bins, err := s.fetch(ctx, listSource{
		kind: "bin_ranges", prefix: "binranges-", download: client.BINRanges, build: buildBINRanges,
		have: func() (listFile, listMeta) { return now.BINRanges, now.binRanges.Meta() },
	}, !whole, progress)
	if err != nil {
		white.discard()
		return SyncResult{}, err
	}
	result, err := s.publish(white, bins)
	if err != nil {
		white.discard()
		bins.discard()
	}
	s.tidy()
	return result, err
}

// listSource is how one of the two lists is had.
type listSource struct {
	kind, prefix string
	download     func(ctx context.Context, etag string) (*macs.List, error)
	build        func(ctx context.Context, body io.Reader, o buildOptions) (listMeta, error)
	have         func() (listFile, listMeta)
}

func (s *Store) fetch(ctx context.Context, source listSource, haveOne bool, progress Progress) (fetched, error) {
	op := "offline: sync " + source.kind
	var old listFile
	var oldMeta listMeta
	if haveOne {
		old, oldMeta = source.have()
	}
	list, err := source.download(ctx, old.ETag)
	if err != nil {
		return fetched{}, err
	}
	if list.NotModified {
		_ = list.Body.Close() // it is empty
		return fetched{listFile: old, meta: oldMeta}, nil
	}
	body := newReadAhead(list.Body)
	defer func() { _ = body.Close() }()
	id, err := uuid.NewRandom()
	if err != nil {
		return fetched{}, fault.Wrap(fault.Internal, op, err)
	}
	name := source.prefix + id.String() + ".db"
	options := buildOptions{Dir: s.options.Dir, Path: filepath.Join(s.options.Dir, name), ETag: list.ETag}
	if progress != nil {
		options.Progress = func(rows int64) { progress(source.kind, rows) }
	}
	meta, err := source.build(ctx, body, options)
	if err != nil {
		return fetched{}, stored(op, err)
	}
	count := meta.Count
	if progress != nil {
		progress(source.kind, count) // a short list has no other report
	}
	if haveOne && meta.SHA256 == oldMeta.SHA256 && count == old.Count {
		_ = os.Remove(options.Path) // the same content; swept at the next open if it stays
		return fetched{listFile: listFile{File: old.File, ETag: list.ETag, Count: count}, meta: meta}, nil
	}
	return fetched{listFile: listFile{File: name, ETag: list.ETag, Count: count}, meta: meta, built: options.Path}, nil
}

func (f fetched) discard() {
	if f.built != "" {
		_ = os.Remove(f.built) // swept at the next open if it stays
	}
}

// publish puts both lists in force by one commit, then swaps the readers and removes the files of before.
func (s *Store) publish(white, bins fetched) (SyncResult, error) {
	const op = "offline: sync"
	in := inForce{
		Whitelist: white.listFile, BINRanges: bins.listFile, Version: versionOf(white.meta, bins.meta),
		ReceivedAt: s.clock.Now(), GeneratedAt: generatedAt(white.meta, bins.meta),
	}
	changed := white.built != "" || bins.built != ""
	opened, err := s.openFiles(in)
	if err != nil {
		return SyncResult{}, err
	}
	text, err := json.Marshal(in)
	if err != nil {
		return SyncResult{}, fault.Wrap(fault.Internal, op, err)
	}
	var old *lists
	err = s.write(op, func(c *change) error {
		c.after(func() { old, s.lists = s.lists, opened })
		return setSetting(c, settingLists, string(text))
	})
	if err != nil {
		return SyncResult{}, fmt.Errorf("%w (the lists of before stay in force)", closing(err, opened))
	}
	if old != nil {
		if err := old.close(); err != nil {
			s.options.Log.Warn("old list not closed", "error", err)
		}
	}
	if err := s.sweepLocked(); err != nil {
		s.options.Log.Warn("old list not removed", "error", err)
	}
	return SyncResult{Whitelist: in.Whitelist.Count, BINRanges: in.BINRanges.Count, Changed: changed, Version: in.Version, GeneratedAt: in.GeneratedAt}, nil
}

// sweepLocked is sweep while checks go on; Sync alone makes list files, so what it does not find in force is nobody's.
func (s *Store) sweepLocked() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sweep()
}

func closing(err error, l *lists) error {
	_ = l.close()
	return err
}

// generatedAt is the older of the two times, as far as they can be read.
func generatedAt(white, bins listMeta) string {
	a, errA := time.Parse(time.RFC3339, white.GeneratedAt)
	b, errB := time.Parse(time.RFC3339, bins.GeneratedAt)
	switch {
	case errA != nil && errB != nil:
		return ""
	case errA != nil || (errB == nil && b.Before(a)):
		return b.UTC().Format(time.RFC3339)
	}
	return a.UTC().Format(time.RFC3339)
}
