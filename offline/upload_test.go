package offline

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// TestUploadInBatches: 100 rows a request, in order, each once.
func TestUploadInBatches(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ids := enter(t, s, 2*batchSize+1)
	server := newReportServer()
	client, _ := ServeMACS(t, server)
	var heard []int64
	result, err := s.Upload(t.Context(), client, 0, func(kind string, done int64) {
		require.Equal(t, "upload", kind)
		heard = append(heard, done)
	})
	require.NoError(t, err)
	require.Equal(t, UploadResult{Uploaded: len(ids)}, result)
	require.Equal(t, []int{100, 100, 1}, server.batches)
	require.Equal(t, []int64{100, 200, 201}, heard)
	require.Len(t, server.taken(), len(ids))
	result, err = s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.Zero(t, result)
	require.Len(t, server.batches, 3, "nothing to report is no request")
}

// TestRefusedRows: a refused row goes into quarantine with the server's words and the rest is taken, whether the server names
// the row or refuses the batch as a whole.
func TestRefusedRows(t *testing.T) {
	t.Parallel()
	for name, whole := range map[string]bool{"named": false, "batch refused whole": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newStore(t)
			ids := enter(t, s, 20)
			bad := map[string]bool{ids[0]: true, ids[7]: true, ids[19]: true}
			server := newReportServer()
			server.whole = whole
			server.refuse = func(id string) string {
				if bad[id] {
					return "INVALID_ROW"
				}
				return ""
			}
			client, _ := ServeMACS(t, server)
			result, err := s.Upload(t.Context(), client, 0, nil)
			require.NoError(t, err)
			require.Equal(t, UploadResult{Uploaded: 17, Quarantined: 3}, result)
			taken := server.taken()
			require.Len(t, taken, 17)
			for id, state := range statesOf(t, s) {
				require.Equal(t, bad[id], state == quarantined, id)
				require.Equal(t, !bad[id], state == uploaded && taken[id] == 1, id)
			}
			list, err := s.List()
			require.NoError(t, err)
			require.Len(t, list, 3)
			require.Equal(t, "INVALID_ROW: no", list[0].Note)
			counts, err := s.Counts()
			require.NoError(t, err)
			require.Equal(t, Counts{Quarantined: 3}, counts)
			require.False(t, counts.SafeToWipe(), "a person must look at them")
			for id := range bad {
				_, err := s.Void(id)
				require.NoError(t, err, "and can settle them")
			}
			counts, err = reopen(t, s).Counts()
			require.NoError(t, err)
			require.True(t, counts.SafeToWipe())
		})
	}
}

// TestLostAnswer: the rows are sent again under the same ids, after a restart too.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ids := enter(t, s, 3)
	server := newReportServer()
	server.lose = 2 // the call and its one repetition
	client, _ := ServeMACS(t, server)
	result, err := s.Upload(t.Context(), client, 0, nil)
	require.Error(t, err)
	require.Equal(t, UploadResult{Pending: 3}, result)
	_, err = s.Void(ids[0])
	requireCode(t, fault.AlreadyReported, err)
	s = reopen(t, s)
	_, err = s.Void(ids[0])
	requireCode(t, fault.AlreadyReported, err)
	more := enter(t, s, 1)
	result, err = s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.Equal(t, UploadResult{Uploaded: 4}, result)
	require.Equal(t, map[string]int{ids[0]: 3, ids[1]: 3, ids[2]: 3, more[0]: 1}, server.taken())
}

// TestUnsentRowsCanBeVoided: a request that never left the device leaves its rows as they were.
func TestUnsentRowsCanBeVoided(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ids := enter(t, s, 2)
	client, server := ServeMACS(t, newReportServer())
	server.Close()
	_, err := s.Upload(t.Context(), client, 0, nil)
	requireCode(t, fault.NetworkUnavailable, err)
	require.Equal(t, map[string]entryState{ids[0]: waiting, ids[1]: waiting}, statesOf(t, s))
	_, err = s.Void(ids[0])
	require.NoError(t, err)
}

// TestSentRowsStaySent: rows without an answer may be at the server; that a later request never left does not change that.
func TestSentRowsStaySent(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	old := enter(t, s, 1)
	reports := newReportServer()
	reports.lose = 2
	client, server := ServeMACS(t, reports)
	_, err := s.Upload(t.Context(), client, 0, nil)
	require.Error(t, err)
	server.Close()
	fresh := enter(t, s, 1)
	_, err = s.Upload(t.Context(), client, 0, nil)
	requireCode(t, fault.NetworkUnavailable, err)
	require.Equal(t, map[string]entryState{old[0]: sending, fresh[0]: waiting}, statesOf(t, s))
	_, err = s.Void(old[0])
	requireCode(t, fault.AlreadyReported, err)
}

// TestCancelledUpload: it ends at once, and what was in flight counts as sent.
func TestCancelledUpload(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ids := enter(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	client, _ := ServeMACS(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
		cancel()
		<-r.Context().Done()
	}))
	_, err := s.Upload(ctx, client, 0, nil)
	requireCode(t, fault.Cancelled, err)
	require.Equal(t, map[string]entryState{ids[0]: sending}, statesOf(t, s))
}

// TestRunDue: it syncs once in 24 h and uploads when something waits, and one failing does not keep the other from being tried.
func TestRunDue(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	reports, lists := newReportServer(), NewListServer("1", []string{"4111111111111111"}, nil)
	mux := http.NewServeMux()
	mux.Handle("/pos/offline_reports", reports)
	mux.Handle("/", lists)
	client, _ := ServeMACS(t, mux)
	due, err := s.RunDue(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.NotNil(t, due.Sync)
	require.Nil(t, due.Upload)
	source.Advance(24*time.Hour - 1)
	enter(t, s, 1)
	due, err = s.RunDue(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.Nil(t, due.Sync)
	require.Equal(t, 1, due.Upload.Uploaded)
	source.Advance(1)
	lists.Set("2", nil, nil)
	lists.cutNext()
	enter(t, s, 1)
	due, err = s.RunDue(t.Context(), client, 0, nil)
	require.Error(t, err)
	require.Nil(t, due.Sync)
	require.Equal(t, 1, due.Upload.Uploaded, "the upload was tried")
}
