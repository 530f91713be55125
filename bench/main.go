// Command bench measures every path that has a ratio to hold, each as shipped beside its peer in the same run, and prints one
// row for each. It exits with 1 when a row is short and with 2 when something could not be measured. docs/benchmarks.md says
// what each row means.
//
// The terminal whose syncs and memory are measured is a process of its own: bench starts itself again for it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
)

// suite is a group of rows that are measured together, right after their peers in Java.
type suite struct {
	name  string
	peers []string
	run   func(ctx context.Context, o options, java measured, emit func(row)) error
}

var suites = []suite{
	{"scan", nil, goBenchmarks(scanRows)},
	{"match", []string{"ranges"}, goBenchmarks(matchRows)},
	{"lookup", []string{"whitelist"}, goBenchmarks(lookupRows)},
	{"entry", []string{"entries"}, goBenchmarks(entryRows)},
	{"sign", []string{"signatures"}, signs},
	{"echo", []string{"echo"}, goBenchmarks(echoRows)},
	{"gateway", []string{"macs"}, goBenchmarks(gatewayRows)},
	{"stream", []string{"ciphers"}, goBenchmarks(streamRows)},
	{"sync", nil, syncs},
}

// options of a run.
type options struct {
	// full measures the naive sync of 10 M hashes too, which takes minutes; without it its row is extrapolated and not judged.
	full bool
	// dir is a folder for everything that is written; it must be on the disk to measure.
	dir string
	// only measures the suites whose names it matches.
	only *regexp.Regexp
	log  io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	full := flags.Bool("full", false, "measure the naive sync of 10 M hashes too; without it its row is extrapolated and not judged")
	only := flags.String("run", "", "measure only the suites whose names match this regular expression: "+suiteNames())
	base := flags.String("dir", "", "folder on the disk to measure (default: the system's folder for temporary files)")
	child := flags.String("terminal", "", "")
	echo := flags.Bool("echo", false, "")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *child != "" {
		return exit(stderr, runTerminal(ctx, *child, stdout))
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return exit(stderr, err)
	}
	if *echo {
		return exit(stderr, runEcho(ctx, os.Stdin, stdout))
	}
	dir, err := os.MkdirTemp(*base, "bench-")
	if err != nil {
		return exit(stderr, err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	short, err := runSuites(ctx, options{full: *full, dir: dir, only: pattern, log: stderr}, stdout)
	if err != nil {
		return exit(stderr, err)
	}
	if short > 0 {
		_, _ = fmt.Fprintf(stderr, "%d rows are short\n", short)
		return 1
	}
	return 0
}

// runSuites prints every row as soon as it is measured and counts those that are short. What cannot be measured does not keep
// the rest from being.
func runSuites(ctx context.Context, o options, stdout io.Writer) (short int, err error) {
	peers, err := buildJava(ctx, o)
	failed := []error{err}
	version, err := peers.measure(ctx, o.log)
	failed = append(failed, err)
	header(stdout, version)
	emit := func(r row) {
		r.print(stdout)
		if r.verdict == verdictShort {
			short++
		}
	}
	for _, s := range suites {
		if !o.only.MatchString(s.name) {
			continue
		}
		var java measured
		if len(s.peers) > 0 {
			java, err = peers.measure(ctx, o.log, s.peers...)
			failed = append(failed, err)
		}
		if err := s.run(ctx, o, java, emit); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	return short, errors.Join(failed...)
}

func suiteNames() string {
	var names []string
	for _, s := range suites {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

func exit(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(stderr, "bench:", err)
	return 2
}
