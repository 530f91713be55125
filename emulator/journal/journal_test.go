package journal_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/journal"
)

var began = time.Date(2026, 1, 28, 10, 0, 0, 123456789, time.UTC)

func TestRowsComeOldestFirstBehindAnID(t *testing.T) {
	t.Parallel()
	j := journal.New(began)
	ids := make([]int64, 5)
	for i := range ids {
		ids[i] = j.Add(journal.Row{At: began, Path: "/pos/pair"}).ID
	}
	for _, tt := range []struct {
		name  string
		since int64
		limit int
		want  []int64
	}{
		{name: "all", since: 0, limit: 1000, want: ids},
		{name: "the oldest", since: 0, limit: 2, want: ids[:2]},
		{name: "exclusive", since: ids[1], limit: 1000, want: ids[2:]},
		{name: "page", since: ids[1], limit: 2, want: ids[2:4]},
		{name: "behind the last", since: ids[4], limit: 1000, want: []int64{}},
		{name: "none asked for", since: 0, limit: 0, want: []int64{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := []int64{}
			for _, row := range j.Since(tt.since, tt.limit) {
				got = append(got, row.ID)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestRowAsJSON(t *testing.T) {
	t.Parallel()
	row := journal.New(time.UnixMilli(7)).Add(journal.Row{
		At: began, System: "macs", Method: "POST", Path: "/pos/check_entry", SerialNumber: "0820123456", Status: 403,
		RequestBody: `{"pan":"5555555555554444"}`, ResponseBody: "\xff",
	})
	text, err := json.Marshal(row)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":7,"at":"2026-01-28T10:00:00.123Z","system":"macs","method":"POST","path":"/pos/check_entry",
		"serialNumber":"0820123456","status":403,"requestBody":"{\"pan\":\"***\"}","responseBody":"�"}`, string(text))
}

func TestIDsRiseOverARestart(t *testing.T) {
	t.Parallel()
	first := journal.New(began)
	for range 100 {
		first.Add(journal.Row{})
	}
	last := first.Add(journal.Row{}).ID
	require.Greater(t, journal.New(began.Add(time.Second)).Add(journal.Row{}).ID, last)
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	j := journal.New(began)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			for range 5000 {
				j.Add(journal.Row{})
			}
		})
	}
	all.Wait()
	rows := j.Since(0, 100_000)
	require.LessOrEqual(t, len(rows), 20_000)
	require.GreaterOrEqual(t, len(rows), 18_000)
	require.Equal(t, began.UnixMilli()+24_999, rows[len(rows)-1].ID, "the newest is kept")
}
