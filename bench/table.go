package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one measured path beside its peer.
type row struct {
	path, ours, peer string
	// ratio and required are in the unit of the path: times faster, times slower, or a share of a limit.
	ratio, required string
	verdict         string
}

// Verdicts of a row.
const (
	verdictOK    = "ok"
	verdictShort = "short"
	verdictNone  = "-" // nothing is required, or it was not measured
)

func verdict(held bool) string {
	if held {
		return verdictOK
	}
	return verdictShort
}

// faster is a row of two times, or of two sizes: ours must be at least least times smaller than the peer's.
func faster[T ~int64 | ~float64](path string, ours, peer T, least float64, show func(T) string) row {
	ratio := float64(peer) / float64(ours)
	return row{path, show(ours), show(peer), times(ratio), "≥ " + times(least), verdict(ratio >= least)}
}

// atMost is a row of two times where ours does all that the peer does and more: it may be most times the peer's.
func atMost[T ~int64 | ~float64](path string, ours, peer T, most float64, show func(T) string) row {
	ratio := float64(ours) / float64(peer)
	return row{path, show(ours), show(peer), times(ratio), "≤ " + times(most), verdict(ratio <= most)}
}

// within is a row without a peer: an absolute limit.
func within[T ~int64 | ~float64](path string, ours, limit T, show func(T) string) row {
	return row{path, show(ours), "-", "-", "≤ " + show(limit), verdict(ours <= limit)}
}

// unjudged is r with nothing required of it.
func (r row) unjudged() row {
	r.required, r.verdict = verdictNone, verdictNone
	return r
}

func times(ratio float64) string {
	digits := 2
	if ratio >= 100 {
		digits = 0
	}
	return strconv.FormatFloat(ratio, 'f', digits, 64) + "x"
}

func duration(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	case d >= time.Microsecond:
		return fmt.Sprintf("%.2f µs", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%d ns", d.Nanoseconds())
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func nanoseconds(ns float64) string {
	if ns < 1000 {
		return fmt.Sprintf("%.1f ns", ns)
	}
	return duration(time.Duration(ns))
}

func median[T ~int64 | ~float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

const layout = "%-58s %11s %13s %9s %12s  %s\n"

// machine says what a table was measured on.
func machine(java measured) string {
	model := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo") // absent elsewhere, and without a model on some processors
	for lines := newLines(text); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	text = fmt.Appendf(nil, "%s/%s, %d cores, %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), model, runtime.Version())
	if version := java["java/version"]; len(version) > 0 {
		text = fmt.Appendf(text, ", Java %.0f", version[0])
	}
	return string(text)
}

// header and print write the table row by row, as it is measured.
func header(w io.Writer, java measured) {
	_, _ = fmt.Fprintln(w, machine(java))
	_, _ = fmt.Fprintf(w, layout, "path", "ours", "peer", "ratio", "required", "")
}

func (r row) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, layout, r.path, r.ours, r.peer, r.ratio, r.required, r.verdict)
}
