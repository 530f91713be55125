package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRowVerdicts: a row is short as soon as its ratio or limit is missed, and ok when it is just met.
func TestRowVerdicts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		row   row
		held  bool
		ratio string
	}{
		{"faster, just", faster("", 10.0, 35.0, 3.5, nanoseconds), true, "3.50x"},
		{"faster, missed", faster("", 10.0, 34.9, 3.5, nanoseconds), false, "3.49x"},
		{"at most, just", atMost("", 15*time.Second, 10*time.Second, 1.5, duration), true, "1.50x"},
		{"at most, missed", atMost("", 16*time.Second, 10*time.Second, 1.5, duration), false, "1.60x"},
		{"within, just", within("", int64(32<<20), 32<<20, mebibytes), true, "-"},
		{"within, missed", within("", int64(32<<20+1), 32<<20, mebibytes), false, "-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, verdict(test.held), test.row.verdict)
			require.Equal(t, verdictNone, test.row.unjudged().verdict)
			require.Equal(t, test.ratio, test.row.ratio)
		})
	}
}

// TestParseBenchmarks: repeated runs of a benchmark and repeated names inside one are values of one figure.
func TestParseBenchmarks(t *testing.T) {
	t.Parallel()
	m := parseBenchmarks([]byte("goos: linux\n" +
		"BenchmarkA/ours/hit-2 \t 100 \t 20.0 ns/op\n" +
		"BenchmarkA/ours/hit#01-2 \t 100 \t 30.0 ns/op\n" +
		"BenchmarkA/ours/hit-2 \t 100 \t 10.0 ns/op\n" +
		"BenchmarkA/peer/hit-2 \t 100 \t 90.5 ns/op \t 3.0 MB/s\nPASS\n"))
	require.Equal(t, []float64{20, 30, 10}, m["A/ours/hit ns/op"])
	require.Equal(t, []float64{3}, m["A/peer/hit MB/s"])
	ours, peer, err := m.pair("A/ours/hit ns/op", "A/peer/hit ns/op")
	require.NoError(t, err)
	require.InDelta(t, 20, ours, 0)
	require.InDelta(t, 90.5, peer, 0)
	_, _, err = m.pair("A/ours/hit ns/op", "B ns/op")
	require.Error(t, err, "a figure that nobody printed is no 0")
}

// TestRowsOfFigures: each sort of requirement is judged by its own rule, and a figure that is missing takes no other row with it.
func TestRowsOfFigures(t *testing.T) {
	t.Parallel()
	m := measured{"a": {100}, "b": {200}}
	rows, err := m.rows([]compared{
		{path: "faster", ours: "a", peer: "b", least: 2.5},
		{path: "missing", ours: "a", peer: "java/c", least: 1},
		{path: "at most", ours: "b", peer: "a", most: 2},
		{path: "within", ours: "a", limit: 99},
		{path: "nothing required", ours: "b", peer: "a"},
	})
	require.ErrorContains(t, err, "java/c")
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join([]string{r.path, r.peer, r.ratio, r.required, r.verdict}, "|"))
	}
	require.Equal(t, []string{
		"faster|200.0 ns|2.00x|≥ 2.50x|short", "at most|100.0 ns|2.00x|≤ 2.00x|ok", "within|-|-|≤ 99.0 ns|short",
		"nothing required|100.0 ns|0.50x|-|-",
	}, got)
}

// TestRunTakesAPattern: what is no pattern measures nothing.
func TestRunTakesAPattern(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	require.Equal(t, 2, run(t.Context(), []string{"-run", "("}, &stdout, &stderr))
	require.Contains(t, stderr.String(), "missing closing )")
	require.Empty(t, stdout.String())
}

// TestParseJava: what is no figure is an error and not left out.
func TestParseJava(t *testing.T) {
	t.Parallel()
	m, err := parseJava([]byte("version 17\njdk-es256-sign 540.5\n"))
	require.NoError(t, err)
	require.Equal(t, measured{"java/version": {17}, "java/jdk-es256-sign": {540.5}}, m)
	_, err = parseJava([]byte("jdk-es256-sign 540.5\njdbc-lookup\n"))
	require.Error(t, err)
}
