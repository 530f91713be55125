package offline

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// TestOneStoreAFolder: a second store gets data_dir_locked, and the folder is free again after Close.
func TestOneStoreAFolder(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	_, err := Open(s.options)
	requireCode(t, fault.DataDirLocked, err)
	enter(t, s, 1)
	require.Len(t, statesOf(t, reopen(t, s)), 1)
}

// TestARelativeFolder: it is found in the working folder of Open, and stays the same when that changes afterwards.
func TestARelativeFolder(t *testing.T) {
	work := t.TempDir()
	t.Chdir(work)
	s := openStore(t, testOptions("data", clock.NewFake(testNoon)))
	t.Chdir(t.TempDir())
	enter(t, s, 2)
	require.Len(t, statesOf(t, reopen(t, s)), 2)
	require.FileExists(t, filepath.Join(work, "data", journalFile))
}

// TestDamagedJournalFile: a journal that is no database is storage_damaged, is left as it is, and gives the folder back.
func TestDamagedJournalFile(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte){
		"no header":    func(text []byte) { copy(text, "not a database at all") },
		"broken pages": func(text []byte) { clear(text[4096:]) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _ := closedJournal(t, 3)
			text := mustRead(t, journalPath(o))
			damage(text)
			require.NoError(t, os.WriteFile(journalPath(o), text, 0o600))
			for range 2 {
				_, err := Open(o)
				requireCode(t, fault.StorageDamaged, err)
			}
			require.Equal(t, text, mustRead(t, journalPath(o)))
		})
	}
}

// TestFullDiskAcknowledgesNothing: on a full disk a grant or confirm fails with storage_full, what was acknowledged stays, and
// with room again it goes on.
func TestFullDiskAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	var pages int
	require.NoError(t, s.db.QueryRow("PRAGMA page_count").Scan(&pages))
	limit := func(n int) {
		var got int
		require.NoError(t, s.db.QueryRow(fmt.Sprintf("PRAGMA max_page_count=%d", n)).Scan(&got))
	}
	limit(pages + 4)
	acknowledged := map[string]entryState{}
	var last string
	var err error
	for i := 0; err == nil; i++ {
		require.Less(t, i, 10_000, "the disk does not get full")
		var a Access
		if a, err = s.GrantOffline(hashOf(i), "", Decision{Reason: InWhitelist, MaxGuests: 3}); err != nil {
			break
		}
		if _, _, err = s.Confirm(t.Context(), nil, a.ID, 1, 0); err == nil {
			acknowledged[a.ID] = waiting
		}
		last = a.ID
	}
	requireCode(t, fault.StorageFull, err)
	require.NotEmpty(t, acknowledged)
	require.Equal(t, acknowledged, statesOf(t, s))
	require.Equal(t, len(acknowledged), s.pending, "what Decide reads agrees with the disk")
	limit(1 << 20)
	_, _, err = s.Confirm(t.Context(), nil, last, 1, 0)
	require.NoError(t, err)
	acknowledged[last] = waiting
	for _, id := range enter(t, s, 3) {
		acknowledged[id] = waiting
	}
	s = reopen(t, s)
	require.Equal(t, acknowledged, statesOf(t, s))
	require.Zero(t, s.Health())
}

// TestClosedStore: every method of a closed store says so, and Close can be called twice.
func TestClosedStore(t *testing.T) {
	t.Parallel()
	s, err := Open(testOptions(t.TempDir(), clock.NewFake(testNoon)))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	calls := map[string]func() error{
		"begin":   func() error { _, err := s.BeginCheck(hashOf(1)); return err },
		"confirm": func() error { _, _, err := s.Confirm(t.Context(), nil, "a", 1, 0); return err },
		"counts":  func() error { _, err := s.Counts(); return err },
		"decide":  func() error { _, err := s.Decide(nil, hashOf(1)); return err },
		"grant":   func() error { _, err := s.GrantOffline(hashOf(1), "", Decision{}); return err },
		"list":    func() error { _, err := s.List(); return err },
		"refuse":  func() error { return s.Refuse(hashOf(1), fault.LimitExceeded, true) },
		"setting": func() error { _, err := s.Setting("a"); return err },
		"sync":    func() error { _, err := s.Sync(t.Context(), nil, nil); return err },
		"upload":  func() error { _, err := s.Upload(t.Context(), nil, 0, nil); return err },
		"void":    func() error { _, err := s.Void("a"); return err },
	}
	for name, call := range calls {
		require.Equal(t, fault.Closed, fault.CodeOf(call()), name)
	}
}

// TestAReaderThatClosedMeanwhile: the database goes away between a reader's check and its query.
func TestAReaderThatClosedMeanwhile(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	require.NoError(t, s.Close())
	_, err := s.accessesIn(Asking)
	require.ErrorIs(t, err, fault.Closed)
	_, err = s.entriesIn(1, waiting)
	require.ErrorIs(t, err, fault.Closed)
}
