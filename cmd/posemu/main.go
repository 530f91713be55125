// Command posemu plays both sides of a payment terminal's wires: `serve` is every backend, `terminal` is the library as a
// terminal, `sign` signs a request by
// hand, `demo` is a journey through both. See the README for the commands and docs/emulator.md for what is imitated.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errReported is a failure that was printed already.
var errReported = errors.New("reported")

// failedError is a failure while doing what was asked, as against a usage error.
type failedError struct{ err error }

func (e failedError) Error() string { return e.err.Error() }
func (e failedError) Unwrap() error { return e.err }

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command line; it gives the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "posemu",
		Short:         "Emulator of everything a SmartPOS terminal talks to, and the terminal itself",
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          noCommand,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newServeCommand(), newTerminalCommand(), newListenEventsCommand(), newCardAppCommand(), newSignCommand(), newDemoCommand(), newDemoChildCommand())
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	var failed failedError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &failed):
		_, _ = fmt.Fprintln(stderr, "posemu:", err)
		return exitFailed
	}
	_, _ = fmt.Fprintf(stderr, "posemu: %s\nTry 'posemu --help'.\n", digits.ReplaceAllString(err.Error(), "…"))
	return exitUsage
}

// digits in a usage error can be a card number or a code that was mistyped as a flag or a command.
var digits = regexp.MustCompile(`[0-9][0-9 -]{4,}[0-9]`)

// noCommand is the answer to a command that needs another one after it.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
	}
	return fmt.Errorf("%s needs a command", cmd.CommandPath())
}
