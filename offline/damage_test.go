package offline

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
)

// TestAWrongClockForgetsNothing: a day and a month that never were cost no refusal and no open access; a server's Date does.
func TestAWrongClockForgetsNothing(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	card, pan := hashOf(1), []byte("4111111111111111")
	require.NoError(t, s.Refuse(card, fault.LimitExceeded, true))
	_, err := s.GrantOnline(hashOf(2), "", macs.Access{AccessID: "a", MaxGuests: 2, Life: time.Minute})
	require.NoError(t, err)
	noon := source.Wall()
	for _, wrong := range []time.Duration{25 * time.Hour, 30 * 24 * time.Hour, -30 * 24 * time.Hour} {
		source.Move(wrong)
		s = reopen(t, s)
		s.tidy()
		source.Move(-wrong)
		s = reopen(t, s)
		s.clock.Observe(noon, 0)
		s.tidy()
		d, err := s.Decide(pan, card)
		require.NoError(t, err)
		require.Equal(t, RecentRefusal, d.Reason, wrong)
	}
	_, known, err := s.Confirm(t.Context(), nil, "a", 9, time.Second)
	requireCode(t, fault.InvalidGuests, err)
	require.False(t, known, "the access is still there")

	s.clock.Observe(noon.Add(25*time.Hour), 0)
	s.tidy()
	d, err := reopen(t, s).Decide(pan, card)
	require.NoError(t, err)
	require.Equal(t, ListMissing, d.Reason)
}

// TestAnAccessOfAFastClockEndsWithIt: given out by a clock a day ahead, it does not live until that day comes.
func TestAnAccessOfAFastClockEndsWithIt(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	noon := source.Wall()
	source.Move(24 * time.Hour)
	s = reopen(t, s)
	a := grant(t, s, hashOf(1))
	s.clock.Observe(noon, 0)
	_, _, err := s.Confirm(t.Context(), nil, a.ID, 1, 0)
	requireCode(t, fault.AccessExpired, err)
}

// TestAColumnOfAnotherType: a flipped byte can make a number text. The row is set aside, the others upload.
func TestAColumnOfAnotherType(t *testing.T) {
	t.Parallel()
	for _, set := range []string{
		"guests = 'abc'", "occurred_at = x'00'", "state = 5", "state = x'00'", "state_at = 'x'", "note = 1", "mac = 'text'", "prev = 7", "entry_id = x'01'", "reason = 2",
	} {
		t.Run(set, func(t *testing.T) {
			t.Parallel()
			o, ids := closedJournal(t, 3)
			alter(t, journalPath(o), "UPDATE journal SET "+set+" WHERE seq = 2")
			s := openStore(t, o)
			require.Equal(t, 1, s.Health().Damaged)
			server := newReportServer()
			client, _ := ServeMACS(t, server)
			result, err := s.Upload(t.Context(), client, 0, nil)
			require.NoError(t, err)
			require.Equal(t, UploadResult{Uploaded: 2}, result)
			require.Equal(t, map[string]int{ids[0]: 1, ids[2]: 1}, server.taken())
			counts, err := reopen(t, s).Counts()
			require.NoError(t, err)
			require.Equal(t, Counts{Quarantined: 1}, counts)
		})
	}
	o, _ := closedJournal(t, 1)
	alter(t, journalPath(o), "INSERT INTO access VALUES('a','online',x'00','many',0,'server','','asking',1,''); INSERT INTO refusal VALUES(x'00',1,'x')")
	s := openStore(t, o)
	client, _ := ServeMACS(t, newReportServer())
	_, err := s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	_, _, err = s.Confirm(t.Context(), client, "a", 1, 0)
	requireCode(t, fault.AccessNotFound, err)
}

// TestWhatSwitchesTheProofOffIsProved: neither a forged mark nor another key's name lets a forged row through.
func TestWhatSwitchesTheProofOffIsProved(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]string{
		"mark":         `INSERT INTO setting VALUES('journal.unverified', '{"seq":100,"mac":"","sum":"AAAA"}')`,
		"plain mark":   `INSERT INTO setting VALUES('journal.unverified', '100')`,
		"another key":  `UPDATE setting SET value = 'abc' WHERE key = 'journal.key'`,
		"no key known": `DELETE FROM setting WHERE key = 'journal.key'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, _ := closedJournal(t, 2)
			alter(t, journalPath(o), forge)
			alter(t, journalPath(o), "UPDATE journal SET guests = 3 WHERE seq = 2")
			require.Equal(t, Health{Damaged: 1}, openStore(t, o).Health())
		})
	}
}

// TestAJournalThatIsGoneIsMissed: the lists of its time tell; for 30 days.
func TestAJournalThatIsGoneIsMissed(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(string) error{
		"removed": os.Remove, "emptied": func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, source := newStore(t)
			client, _ := ServeMACS(t, NewListServer("1", []string{"4111111111111111"}, nil))
			_, err := s.Sync(t.Context(), client, nil)
			require.NoError(t, err)
			s = reopen(t, s)
			require.False(t, s.Health().Lost)
			require.NoError(t, s.Close())
			require.NoError(t, remove(journalPath(s.options)))
			s = openStore(t, s.options)
			require.True(t, s.Health().Lost)
			s = reopen(t, s)
			require.True(t, s.Health().Lost)
			source.Advance(keepUploaded)
			require.False(t, reopen(t, s).Health().Lost)
		})
	}
}

// TestTheJournalIsTheOwnersAlone: also in a folder that others may enter.
func TestTheJournalIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	o, _ := closedJournal(t, 1)
	s := openStore(t, o)
	enter(t, s, 1)
	for _, name := range []string{journalFile, journalFile + "-wal"} {
		info, err := os.Stat(o.Dir + "/" + name)
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, name)
	}
}

// TestADamagedListHeals: what a lookup could not read is noted, also over a restart, and the next sync fetches the list whole
// although the server says that it did not change.
func TestADamagedListHeals(t *testing.T) {
	t.Parallel()
	const listed = "4111111111111111"
	s, _ := newStore(t)
	server := NewListServer("1", []string{listed}, nil)
	client, _ := ServeMACS(t, server)
	_, err := s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	path := s.options.Dir + "/" + s.lists.Whitelist.File
	require.NoError(t, s.Close())
	alter(t, path, "UPDATE bucket SET suffixes = x'00'")
	s = openStore(t, s.options)
	hash, err := s.HashPAN([]byte(listed))
	require.NoError(t, err)
	reason := func() Reason {
		t.Helper()
		d, err := s.Decide([]byte(listed), hash)
		require.NoError(t, err)
		return d.Reason
	}
	require.Equal(t, ListMissing, reason())
	s = reopen(t, s)
	require.False(t, s.Lists().Present)
	require.Equal(t, ListMissing, reason())
	_, err = s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	require.Equal(t, InWhitelist, reason())
	s = reopen(t, s)
	require.Equal(t, InWhitelist, reason())
}
