package offline

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// closedJournal makes rows and closes the store, so that a test can change the file behind its back.
func closedJournal(t *testing.T, rows int) (o Options, ids []string) {
	t.Helper()
	o = testOptions(t.TempDir(), clock.NewFake(testNoon))
	s, err := Open(o)
	require.NoError(t, err)
	ids = enter(t, s, rows)
	require.NoError(t, s.Close())
	return o, ids
}

func journalPath(o Options) string { return o.Dir + "/" + journalFile }

// TestEveryFlippedByteIsFound: whichever byte of a row is another one, that row is set aside and the others still upload.
func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	o, ids := closedJournal(t, 3)
	s, err := Open(o)
	require.NoError(t, err)
	row, err := s.entryByID(s.db, ids[1])
	require.NoError(t, err)
	require.NoError(t, s.Close())
	flips := map[string]string{}
	text := func(column, value string) {
		for i := range value {
			other := value[:i] + string(value[i]^1) + value[i+1:]
			flips[fmt.Sprintf("%s byte %d", column, i)] = fmt.Sprintf("%s = '%s'", column, other)
		}
	}
	blob := func(column string, value []byte) {
		for i := range value {
			other := append([]byte(nil), value...)
			other[i] ^= 0x80
			flips[fmt.Sprintf("%s byte %d", column, i)] = fmt.Sprintf("%s = x'%s'", column, hex.EncodeToString(other))
		}
	}
	number := func(column string, value int64) {
		for i := range 5 {
			flips[fmt.Sprintf("%s byte %d", column, i)] = fmt.Sprintf("%s = %d", column, value^(1<<(8*i)))
		}
	}
	text("entry_id", row.id)
	text("reason", row.reason)
	text("state", string(row.state))
	blob("pan_hash", row.hash[:])
	blob("prev", row.prev)
	blob("mac", row.mac)
	blob("state_mac", row.stateMAC)
	number("guests", int64(row.guests))
	number("occurred_at", row.occurredAt)
	number("state_at", row.stateAt)
	flips["request_id grew"], flips["note grew"] = "request_id = 'x'", "note = 'x'"
	flips["pan_hash shorter"] = "pan_hash = substr(pan_hash, 1, 31)"
	for name, set := range flips {
		alter(t, journalPath(o), "UPDATE journal SET "+set+" WHERE seq = 2")
		s, err := Open(o)
		require.NoError(t, err, name)
		require.Equal(t, Health{Damaged: 1}, s.Health(), name)
		list, err := s.List()
		require.NoError(t, err)
		require.Len(t, list, 3, name)
		require.Equal(t, []string{"waiting", "quarantined", "waiting"}, []string{list[0].State, list[1].State, list[2].State}, name)
		require.Equal(t, noteDamaged, list[1].Note, name)
		require.Equal(t, 2, s.pending, name)
		require.NoError(t, s.Close())
		alter(t, journalPath(o), "DELETE FROM journal WHERE seq = 2")
		alter(t, journalPath(o), insertRow(row))
	}

	alter(t, journalPath(o), "UPDATE journal SET guests = 3 WHERE seq = 2")
	server := newReportServer()
	client, _ := ServeMACS(t, server)
	result, err := openStore(t, o).Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.Equal(t, UploadResult{Uploaded: 2}, result)
	require.Equal(t, map[string]int{ids[0]: 1, ids[2]: 1}, server.taken())
}

// insertRow puts a row back as it was written.
func insertRow(e *entry) string {
	return fmt.Sprintf("INSERT INTO journal(%s) VALUES(%d,'%s',x'%x',%d,'%s',%d,'%s',x'%x',x'%x','%s',%d,'%s',x'%x')", entryColumns,
		e.seq, e.id, e.hash[:], e.guests, e.reason, e.occurredAt, e.requestID, e.prev, e.mac, e.state, e.stateAt, e.note, e.stateMAC)
}

// TestJournalDamage: what is gone is counted, and the journal goes on behind it.
func TestJournalDamage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, change string
		want         Health
		left         int
	}{
		{"row missing in the middle", "DELETE FROM journal WHERE seq = 2", Health{Missing: 1}, 3},
		{"first row missing", "DELETE FROM journal WHERE seq = 1", Health{Missing: 1}, 3},
		{"tail cut", "DELETE FROM journal WHERE seq > 2", Health{Missing: 2}, 2},
		{"all rows gone", "DELETE FROM journal", Health{Missing: 4}, 0},
		{"end altered", "UPDATE setting SET value = replace(value, ':4', ':2') WHERE key = 'journal.head'", Health{Missing: 1}, 4},
		{"end unreadable", "UPDATE setting SET value = '{' WHERE key = 'journal.head'", Health{Missing: 1}, 4},
		{"tail cut and its end removed", "DELETE FROM journal WHERE seq > 2; DELETE FROM setting WHERE key = 'journal.head'", Health{Missing: 1}, 2},
		{"two rows exchanged", "UPDATE journal SET seq = 9 WHERE seq = 1; UPDATE journal SET seq = 1 WHERE seq = 2; UPDATE journal SET seq = 2 WHERE seq = 9", Health{Damaged: 2}, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o, _ := closedJournal(t, 4)
			alter(t, journalPath(o), test.change)
			s := openStore(t, o)
			require.Equal(t, test.want, s.Health())
			list, err := s.List()
			require.NoError(t, err)
			require.Len(t, list, test.left)
			enter(t, s, 2)
			list, err = s.List()
			require.NoError(t, err)
			require.Len(t, list, test.left+2, "new entries are possible")
			s = reopen(t, s)
			require.Equal(t, test.want.Damaged, s.Health().Damaged, "and are good")
		})
	}
}

// TestARowOfAnotherCopy: a row that is good by itself and was written by a copy of this journal takes the place of one that was
// written here: the row behind it tells.
func TestARowOfAnotherCopy(t *testing.T) {
	t.Parallel()
	o, _ := closedJournal(t, 1)
	other := o
	other.Dir = t.TempDir()
	require.NoError(t, os.WriteFile(journalPath(other), mustRead(t, journalPath(o)), 0o600))
	stray := openStore(t, other)
	ids := enter(t, stray, 1)
	row, err := stray.entryByID(stray.db, ids[0])
	require.NoError(t, err)
	s := openStore(t, o)
	enter(t, s, 2)
	require.NoError(t, s.Close())
	alter(t, journalPath(o), "DELETE FROM journal WHERE seq = 2")
	alter(t, journalPath(o), insertRow(row))
	require.Equal(t, Health{Missing: 1}, openStore(t, o).Health())
}

// TestDamageFoundWhileOpen: a row that is altered behind an open store is set aside by the upload that meets it.
func TestDamageFoundWhileOpen(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ids := enter(t, s, 3)
	_, err := s.db.Exec("UPDATE journal SET guests = 2 WHERE seq = 2")
	require.NoError(t, err)
	server := newReportServer()
	client, _ := ServeMACS(t, server)
	result, err := s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.Equal(t, UploadResult{Uploaded: 2, Quarantined: 1}, result)
	require.Equal(t, map[string]int{ids[0]: 1, ids[2]: 1}, server.taken())
	require.Equal(t, 1, s.Health().Damaged)
}

// TestLostChainKey: rows of a lost key are unverified and still upload; rows of the new key are proved again.
func TestLostChainKey(t *testing.T) {
	t.Parallel()
	o, ids := closedJournal(t, 3)
	o.Chain = keyed("new chain")
	s := openStore(t, o)
	require.Equal(t, Health{Unverified: 3}, s.Health())
	more := enter(t, s, 2)
	s = reopen(t, s)
	require.Equal(t, Health{Unverified: 3}, s.Health(), "rows written since are proved")
	require.NoError(t, s.Close())
	alter(t, journalPath(o), "UPDATE journal SET guests = 3 WHERE entry_id = '"+more[0]+"'")
	s = openStore(t, o)
	require.Equal(t, Health{Unverified: 3, Damaged: 1}, s.Health())

	server := newReportServer()
	client, _ := ServeMACS(t, server)
	result, err := s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.Equal(t, 4, result.Uploaded)
	require.Equal(t, map[string]int{ids[0]: 1, ids[1]: 1, ids[2]: 1, more[1]: 1}, server.taken())
}

// TestPrune: rows done with 30 days ago go, a row that waits stays and keeps those behind it, and the chain is whole after it.
func TestPrune(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	client, _ := ServeMACS(t, newReportServer())
	enter(t, s, 2)
	_, err := s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	kept := enter(t, s, 1)
	source.Advance(keepUploaded)
	require.NoError(t, s.prune())
	require.Len(t, statesOf(t, s), 3, "30 days are not over")
	source.Advance(1e9)
	require.NoError(t, s.prune())
	require.Equal(t, map[string]entryState{kept[0]: waiting}, statesOf(t, s))
	require.Zero(t, s.Health())
	s = reopen(t, s)
	require.Zero(t, s.Health(), "what was pruned is not missed")
	require.NoError(t, s.Close())
	alter(t, journalPath(s.options), "UPDATE setting SET value = replace(value, ':2', ':1') WHERE key = 'journal.anchor'")
	require.NotZero(t, openStore(t, s.options).Health().Missing, "the start of the chain is proved")
}

// TestJournalHoldsNoPAN: a PAN is an argument; on disk is its keyed hash.
func TestJournalHoldsNoPAN(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	pan := "4111111111111111"
	hash, err := s.HashPAN([]byte(pan))
	require.NoError(t, err)
	_, err = s.BeginCheck(hash)
	require.NoError(t, err)
	_, err = s.Decide([]byte(pan), hash)
	require.NoError(t, err)
	a := grant(t, s, hash)
	_, _, err = s.Confirm(t.Context(), nil, a.ID, 0, 0)
	require.NoError(t, err)
	path := t.TempDir() + "/export.json"
	for _, bad := range []string{"", t.TempDir(), t.TempDir() + "/none/export.json", path + "\x00"} {
		_, err := s.Export(bad)
		requireCode(t, fault.InvalidRequest, err)
	}
	n, err := s.Export(path)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, s.Close())
	for _, file := range []string{journalPath(s.options), path} {
		require.False(t, strings.Contains(string(mustRead(t, file)), pan), "the PAN is in a file")
	}
}
