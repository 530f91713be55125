package offline

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// digits19 is a value as text of 19 digits.
func digits19(value uint64) string { return fmt.Sprintf("%0*d", panDigits, value) }

// randomDigits has 1 to most digits; few distinct ones, so that ranges meet, nest and touch.
func randomDigits(r *rand.Rand, least, most int) string {
	text := make([]byte, least+r.IntN(most-least+1))
	for i := range text {
		text[i] = "0189"[r.IntN(4)]
	}
	return string(text)
}

func randomRanges(r *rand.Rand, n int) [][2]string {
	ranges := make([][2]string, 0, n)
	for len(ranges) < n {
		from, to := randomDigits(r, 1, 19), randomDigits(r, 1, 19)
		if r.IntN(3) == 0 { // a narrow one
			to = from
		}
		if padText(from, "0") <= padText(to, "9") {
			ranges = append(ranges, [2]string{from, to})
		}
	}
	return ranges
}

func rangeBody(ranges [][2]string) string {
	rows := make([]string, len(ranges))
	for i, r := range ranges {
		rows[i] = fmt.Sprintf(`{"from":%q,"to":%q}`, r[0], r[1])
	}
	return `{"ranges":[` + strings.Join(rows, ",") + `]}`
}

// scanText is the rule of protocol section 1.4 as written there: padded texts, one range after the other.
func scanText(ranges [][2]string, pan string) bool {
	pan = padText(pan, "0")
	for _, r := range ranges {
		if padText(r[0], "0") <= pan && pan <= padText(r[1], "9") {
			return true
		}
	}
	return false
}

// TestMatchIsScan: the built and opened file answers as a scan of the ranges as received does, for overlaps, unlike lengths
// and bounds beyond 2^63.
func TestMatchIsScan(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 1))
	answers := map[bool]int{}
	for round := range 60 {
		ranges := randomRanges(r, r.IntN(12)*r.IntN(6))
		o := optionsIn(t.TempDir())
		meta, err := buildBINRanges(t.Context(), strings.NewReader(rangeBody(ranges)), o)
		require.NoError(t, err)
		require.EqualValues(t, len(ranges), meta.Count)
		bins, err := openBINRanges(o.Path)
		require.NoError(t, err)
		require.Equal(t, meta, bins.Meta())
		for range 400 {
			pan := randomDigits(r, 12, 19)
			if len(ranges) > 0 && r.IntN(2) == 0 { // at and beside a bound
				pan = beside(r, ranges[r.IntN(len(ranges))])
			}
			want := scanText(ranges, pan)
			require.Equal(t, want, bins.contains([]byte(pan)), "round %d, PAN %s of %v", round, pan, ranges)
			answers[want]++
		}
	}
	require.Greater(t, answers[true], 1000)
	require.Greater(t, answers[false], 1000)
}

func beside(r *rand.Rand, bounds [2]string) string {
	value, _ := strconv.ParseUint(padText(bounds[0], "0"), 10, 64)
	if r.IntN(2) == 0 {
		value, _ = strconv.ParseUint(padText(bounds[1], "9"), 10, 64)
	}
	switch r.IntN(3) {
	case 0:
		value -= min(value, 1)
	case 1:
		value = min(value+1, 9999999999999999999)
	}
	return digits19(value)
}

// TestFlatten: overlapping, nested, equal and adjacent ranges become one.
func TestFlatten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		in, want []interval
	}{
		{name: "none"},
		{name: "apart", in: []interval{{7, 9}, {1, 5}}, want: []interval{{1, 5}, {7, 9}}},
		{name: "adjacent", in: []interval{{1, 5}, {6, 9}}, want: []interval{{1, 9}}},
		{name: "partial overlap", in: []interval{{3, 9}, {1, 5}}, want: []interval{{1, 9}}},
		{name: "nested, then beyond", in: []interval{{1, 100}, {5, 6}, {50, 60}, {102, 103}}, want: []interval{{1, 100}, {102, 103}}},
		{name: "equal", in: []interval{{1, 2}, {1, 2}}, want: []interval{{1, 2}}},
		{name: "largest", in: []interval{{9999999999999999999, 9999999999999999999}, {0, 9999999999999999998}}, want: []interval{{0, 9999999999999999999}}},
	} {
		require.Equal(t, c.want, append([]interval(nil), flatten(c.in)...), c.name)
	}
}

// TestOrderDoesNotMatter: the same ranges in another order are the same version of the list.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	a, err := buildBINRanges(t.Context(), strings.NewReader(rangeBody([][2]string{{"51", "52"}, {"40", "49"}})), optionsIn(t.TempDir()))
	require.NoError(t, err)
	b, err := buildBINRanges(t.Context(), strings.NewReader(rangeBody([][2]string{{"40", "49"}, {"51", "51"}, {"52", "52"}})), optionsIn(t.TempDir()))
	require.NoError(t, err)
	require.Equal(t, a.SHA256, b.SHA256)
	require.NotEqual(t, a.Count, b.Count)
}

// TestNoPAN: what is not 12 to 19 digits is in no range.
func TestNoPAN(t *testing.T) {
	t.Parallel()
	all := newBINRanges(listMeta{}, []interval{{0, 9999999999999999999}})
	for pan, want := range map[string]bool{
		"": false, "40000000000": false, "400000000000": true, "4000000000000000000": true, "40000000000000000000": false,
		"40000000000a": false, "4000 0000 0000": false, "-40000000000": false, "9999999999999999999": true, "0000000000000000000": true,
	} {
		require.Equal(t, want, all.contains([]byte(pan)), pan)
	}
	require.False(t, newBINRanges(listMeta{}, nil).contains([]byte("4000000000000000")))
}

// benchRanges are n ranges of 8 digits and more, apart from each other, as one list's are.
func benchRanges(n int) []interval {
	step := uint64(9_000_000_000_000_000_000) / uint64(n)
	ranges := make([]interval, n)
	for i := range ranges {
		lo := 500_000_000_000_000_000 + uint64(i)*step
		ranges[i] = interval{lo, lo + step/2}
	}
	return ranges
}

func benchPANs(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 9))
	pans := make([][]byte, n)
	for i := range pans {
		pans[i] = fmt.Appendf(nil, "%016d", r.Int64N(1e16))
	}
	return pans
}

func BenchmarkBINMatch(b *testing.B) {
	pans := benchPANs(4096)
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		bins := newBINRanges(listMeta{}, flatten(benchRanges(n)))
		b.Run(fmt.Sprintf("ours/%d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				bins.contains(pans[i%len(pans)])
			}
		})
		b.Run(fmt.Sprintf("peer-sqlite/%d", n), func(b *testing.B) {
			db := peerRanges(b, benchRanges(n))
			query, err := db.PrepareContext(context.Background(), "SELECT 1 FROM r WHERE lo <= ? AND hi >= ? LIMIT 1")
			require.NoError(b, err)
			defer func() { _ = query.Close() }()
			for i := 0; b.Loop(); i++ {
				value, _ := padded(pans[i%len(pans)], '0')
				var one int
				if err := query.QueryRow(toSigned(value), toSigned(value)).Scan(&one); err != nil {
					require.ErrorIs(b, err, sql.ErrNoRows)
				}
			}
		})
	}
}

func BenchmarkBINFlatten100k(b *testing.B) {
	ranges := benchRanges(100_000)
	rand.New(rand.NewPCG(5, 5)).Shuffle(len(ranges), func(i, j int) { ranges[i], ranges[j] = ranges[j], ranges[i] })
	work := make([]interval, len(ranges))
	for b.Loop() {
		copy(work, ranges)
		newBINRanges(listMeta{}, flatten(work))
	}
}

// peerRanges is the plain way: one table, an index over both bounds.
func peerRanges(b *testing.B, ranges []interval) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(b.TempDir(), "peer.db"))
	require.NoError(b, err)
	b.Cleanup(func() { _ = db.Close() })
	_, err = db.Exec("CREATE TABLE r(lo INTEGER NOT NULL, hi INTEGER NOT NULL)")
	require.NoError(b, err)
	tx, err := db.Begin()
	require.NoError(b, err)
	insert, err := tx.Prepare("INSERT INTO r VALUES(?, ?)")
	require.NoError(b, err)
	for _, r := range ranges {
		_, err = insert.Exec(toSigned(r.lo), toSigned(r.hi))
		require.NoError(b, err)
	}
	require.NoError(b, insert.Close())
	require.NoError(b, tx.Commit())
	_, err = db.Exec("CREATE INDEX r_bounds ON r(lo, hi)")
	require.NoError(b, err)
	return db
}
