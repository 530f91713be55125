package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// measured are the results of Go benchmarks by "name unit", each run one value, and of the Java peers.
type measured map[string][]float64

// benchmark runs Go benchmarks and reads what they print.
func benchmark(ctx context.Context, o options, m measurement) (measured, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", m.pattern, "-benchtime", m.benchtime, //nolint:gosec // fixed arguments.
		"-count", strconv.Itoa(m.count), "-cpu", "2", "-timeout", "30m", module+m.pkg)
	cmd.Env = append(os.Environ(), "TMPDIR="+o.dir)
	cmd.Stderr = o.log
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go test -bench %s %s: %w: %s", m.pattern, m.pkg, err, out)
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

// compared is a row of two figures: ours is at least so many times faster, or takes at most so many times as long. With neither
// nothing is required. Without a peer limit is what ours may take, in nanoseconds.
type compared struct {
	path, ours, peer   string
	least, most, limit float64
}

// rows are those whose figures were measured; the error names the rest.
func (m measured) rows(all []compared) (rows []row, missing error) {
	for _, c := range all {
		if c.peer == "" {
			c.peer = c.ours
		}
		ours, peer, err := m.pair(c.ours, c.peer)
		switch {
		case err != nil:
			missing = errors.Join(missing, err)
		case c.limit > 0:
			rows = append(rows, within(c.path, ours, c.limit, nanoseconds))
		case c.most > 0:
			rows = append(rows, atMost(c.path, ours, peer, c.most, nanoseconds))
		case c.least > 0:
			rows = append(rows, faster(c.path, ours, peer, c.least, nanoseconds))
		default:
			rows = append(rows, faster(c.path, ours, peer, 0, nanoseconds).unjudged())
		}
	}
	return rows, missing
}

// goBenchmarks is the run of a suite of measurements.
func goBenchmarks(all []measurement) func(context.Context, options, measured, func(row)) error {
	return func(ctx context.Context, o options, java measured, emit func(row)) error {
		var failed error
		for _, each := range all {
			m, err := benchmark(ctx, o, each)
			if err != nil {
				return errors.Join(failed, err)
			}
			maps.Copy(m, java)
			rows, err := m.rows(each.rows)
			failed = errors.Join(failed, err)
			for _, r := range rows {
				emit(r)
			}
		}
		return failed
	}
}
