package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

const offlinePackage = "github.com/smartpos-go/terminal/offline"

// measured are the results of Go benchmarks by "name unit", each run one value, and of the Java peers.
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
	for lines := newLines(out); lines.Scan(); {
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

func newLines(text []byte) *bufio.Scanner { return bufio.NewScanner(bytes.NewReader(text)) }

// pair gives the medians of two results.
func (m measured) pair(ours, peer string) (a, b float64, err error) {
	for _, name := range []string{ours, peer} {
		if len(m[name]) == 0 {
			return 0, 0, fmt.Errorf("no benchmark printed %q", name)
		}
	}
	return median(m[ours]), median(m[peer]), nil
}

// compared is a row of two figures: ours is at least so many times faster, or takes at most so many times as long.
type compared struct {
	path, ours, peer string
	least, most      float64
}

func (m measured) rows(all []compared) (rows []row, err error) {
	for _, c := range all {
		ours, peer, err := m.pair(c.ours, c.peer)
		if err != nil {
			return rows, err
		}
		if c.most > 0 {
			rows = append(rows, atMost(c.path, ours, peer, c.most, nanoseconds))
		} else {
			rows = append(rows, faster(c.path, ours, peer, c.least, nanoseconds))
		}
	}
	return rows, nil
}

// measurement is a Go benchmark and the rows it gives, together with the figures of the Java peers.
type measurement struct {
	pattern, benchtime string
	count              int
	rows               []compared
}

var measurements = []measurement{
	{"^BenchmarkHashScan$", "5x", 5, []compared{
		{path: "hash scan / encoding/json tokens (200 k hashes)", ours: "HashScan/ours ns/op", peer: "HashScan/peer-encoding-json ns/op", least: 7},
	}},
	{"^BenchmarkBINMatch$/^(ours|peer-sqlite)$/^100000$", "300ms", 3, []compared{
		{path: "BIN match, 100 k ranges / SQLite lo <= ? AND hi >= ?", ours: "BINMatch/ours/100000 ns/op", peer: "BINMatch/peer-sqlite/100000 ns/op", least: 5000},
	}},
	{"^BenchmarkBINMatch$/^ours$/^1000000$", "300ms", 3, []compared{
		{path: "BIN match, 1 M ranges / Java TreeMap", ours: "BINMatch/ours/1000000 ns/op", peer: "java/treemap-match", least: 2.5},
	}},
	// The lookups are asked three times over within one run, for building the lists takes most of its time.
	{"^BenchmarkWhitelistLookup1M$", "100000x", 1, []compared{
		{path: "whitelist lookup, 1 M / naive go-sqlite3", ours: "WhitelistLookup1M/ours/hit ns/op", peer: "WhitelistLookup1M/peer-text-key/hit ns/op", least: 3.5},
		{path: "  both with mmap, not shipped / naive go-sqlite3", ours: "WhitelistLookup1M/ours/hit-mapped ns/op", peer: "WhitelistLookup1M/peer-text-key/hit-mapped ns/op", least: 5},
		{path: "  with mmap, not shipped / JDBC defaults", ours: "WhitelistLookup1M/ours/hit-mapped ns/op", peer: "java/jdbc-defaults-lookup", least: 5},
		{path: "  both with mmap, not shipped / JDBC tuned", ours: "WhitelistLookup1M/ours/hit-mapped ns/op", peer: "java/jdbc-tuned-lookup", least: 1.2},
	}},
	{"^BenchmarkWhitelistLookup10M$", "100000x", 1, []compared{
		{path: "whitelist lookup, 10 M / naive go-sqlite3", ours: "WhitelistLookup10M/ours/hit ns/op", peer: "WhitelistLookup10M/peer-text-key/hit ns/op", least: 4.5},
	}},
	// Medians that one benchmark takes turn by turn.
	{"^BenchmarkDurableEntry$", "1000x", 3, []compared{
		{path: "journal append / preallocated write + fdatasync", ours: "DurableEntry ns/append", peer: "DurableEntry ns/fdatasync", most: 1.5},
		{path: "Store.Confirm, offline / preallocated write + fdatasync", ours: "DurableEntry ns/confirm", peer: "DurableEntry ns/fdatasync", most: 1.5},
		{path: "journal append / JDBC defaults, one INSERT", ours: "DurableEntry ns/append", peer: "java/jdbc-defaults-insert", least: 3.5},
		{path: "Store.Confirm, offline / JDBC defaults, one INSERT", ours: "DurableEntry ns/confirm", peer: "java/jdbc-defaults-insert", least: 3.5},
	}},
}

func goBenchmarks(ctx context.Context, o options, java measured, emit func(row)) error {
	for _, each := range measurements {
		m, err := benchmark(ctx, o, each.pattern, each.benchtime, each.count)
		if err != nil {
			return err
		}
		maps.Copy(m, java)
		rows, err := m.rows(each.rows)
		for _, r := range rows {
			emit(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
