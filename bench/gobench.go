package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const offlinePackage = "github.com/smartpos-go/terminal/offline"

// measured are the results of Go benchmarks by "name unit", each run one value.
type measured map[string][]float64

// benchmark runs Go benchmarks of package offline, whose readers are not exported, and reads what they print.
func benchmark(ctx context.Context, o options, pattern, benchtime string, count int) (measured, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", benchtime, //nolint:gosec // fixed arguments.
		"-count", strconv.Itoa(count), "-cpu", "2", "-timeout", "30m", offlinePackage)
	cmd.Env = append(os.Environ(), "TMPDIR="+o.dir)
	cmd.Stderr = o.log
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -bench %s: %w: %s", pattern, err, out)
	}
	return parseBenchmarks(out), nil
}

func parseBenchmarks(out []byte) measured {
	m := measured{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimSuffix(strings.TrimPrefix(fields[0], "Benchmark"), "-2")
		name, _, _ = strings.Cut(name, "#") // the second of a name is name#01
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				key := name + " " + fields[i+1]
				m[key] = append(m[key], value)
			}
		}
	}
	return m
}

// pair gives the medians of two results.
func (m measured) pair(ours, peer string) (a, b float64, err error) {
	for _, name := range []string{ours, peer} {
		if len(m[name]) == 0 {
			return 0, 0, fmt.Errorf("no benchmark printed %q", name)
		}
	}
	return median(m[ours]), median(m[peer]), nil
}

// compared is a row of two Go benchmarks.
type compared struct {
	path, pattern, benchtime string
	count                    int
	ours, peer               string
	least                    float64
}

func goBenchmarks(ctx context.Context, o options) ([]row, error) {
	var rows []row
	for _, c := range []compared{
		{"hash scan / encoding/json tokens (200 k hashes)", "^BenchmarkHashScan$", "5x", 5,
			"HashScan/ours ns/op", "HashScan/peer-encoding-json ns/op", 7},
		{"BIN match, 100 k ranges / SQLite lo <= ? AND hi >= ?", "^BenchmarkBINMatch$/^(ours|peer-sqlite)$/^100000$", "300ms", 3,
			"BINMatch/ours/100000 ns/op", "BINMatch/peer-sqlite/100000 ns/op", 5000},
		{"whitelist lookup, 1 M / naive go-sqlite3", "^BenchmarkWhitelistLookup1M$/^(ours|peer-text-key)$/^hit$", "100000x", 3,
			"WhitelistLookup1M/ours/hit ns/op", "WhitelistLookup1M/peer-text-key/hit ns/op", 3.5},
		// Started once: it asks three times over, for building both lists takes most of its time.
		{"whitelist lookup, 10 M / naive go-sqlite3", "^BenchmarkWhitelistLookup10M$", "100000x", 1,
			"WhitelistLookup10M/ours/hit ns/op", "WhitelistLookup10M/peer-text-key/hit ns/op", 4.5},
	} {
		m, err := benchmark(ctx, o, c.pattern, c.benchtime, c.count)
		if err != nil {
			return rows, err
		}
		ours, peer, err := m.pair(c.ours, c.peer)
		if err != nil {
			return rows, err
		}
		rows = append(rows, faster(c.path, ours, peer, c.least, nanoseconds))
	}
	return rows, nil
}

// durableEntry compares medians that one benchmark takes turn by turn.
func durableEntry(ctx context.Context, o options) ([]row, error) {
	m, err := benchmark(ctx, o, "^BenchmarkDurableEntry$", "1000x", 3)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, path := range []struct{ name, metric string }{
		{"journal append / preallocated write + fdatasync", "ns/append"},
		{"Store.Confirm, offline / preallocated write + fdatasync", "ns/confirm"},
	} {
		ours, raw, err := m.pair("DurableEntry "+path.metric, "DurableEntry ns/fdatasync")
		if err != nil {
			return rows, err
		}
		rows = append(rows, atMost(path.name, ours, raw, 1.5, nanoseconds))
	}
	return rows, nil
}
