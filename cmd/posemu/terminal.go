package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/mobile"
)

// terminalFlags hold for every terminal command.
type terminalFlags struct {
	config string
	json   bool
	clock  time.Duration
}

func newTerminalCommand() *cobra.Command {
	f := &terminalFlags{}
	cmd := &cobra.Command{
		Use:   "terminal --config FILE [--json] COMMAND",
		Short: "The library as a terminal: one process a call, state in dataDir",
		RunE:  noCommand,
	}
	cmd.PersistentFlags().StringVar(&f.config, "config", "", "parameters file")
	cmd.PersistentFlags().BoolVar(&f.json, "json", false, "print one JSON object")
	cmd.PersistentFlags().DurationVar(&f.clock, "clock-offset", 0, "move the terminal's own clock, for tests")
	if err := cmd.MarkPersistentFlagRequired("config"); err != nil {
		panic(err) // the flag is defined above
	}
	cmd.AddCommand(f.pair(), f.check(), f.confirm(), f.void(), f.init(),
		f.plain("sync", "Fetch both lists", (*mobile.Terminal).Sync),
		f.plain("upload", "Report offline entries", (*mobile.Terminal).UploadReports),
		f.plain("run-due", "What a daily job calls: sync and upload when due", (*mobile.Terminal).RunDue),
		f.plain("readiness", "Self-test with fixes", (*mobile.Terminal).Readiness),
		f.plain("unpair", "Forget pairing and key on this device", (*mobile.Terminal).Unpair),
		f.plain("status", "Where the terminal stands", func(t *mobile.Terminal, _ *mobile.Op) (string, error) { return t.Status() }),
		f.export(),
		f.plain("device-key", "The device's public key, made when there is none", (*mobile.Terminal).DeviceKey),
		f.activate(), f.token(), f.call(), f.resolve(), f.listen(), f.intent(), f.card())
	return cmd
}

// open opens the terminal of the parameters file.
func (f *terminalFlags) open() (*mobile.Terminal, error) {
	text, err := f.parameters()
	if err != nil {
		return nil, err
	}
	return mobile.Open(text, nil)
}

// do opens the terminal, makes one call and prints its answer.
func (f *terminalFlags) do(cmd *cobra.Command, call func(t *mobile.Terminal, op *mobile.Op) (string, error)) error {
	terminal, err := f.open()
	if err != nil {
		return f.fail(cmd, err)
	}
	op := mobile.NewOp()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(interrupted)
	go func() {
		if _, got := <-interrupted; got {
			op.Cancel()
		}
	}()
	answer, err := call(terminal, op)
	if closeErr := terminal.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return f.fail(cmd, err)
	}
	return f.print(cmd.OutOrStdout(), answer)
}

// parameters reads the file and makes its relative paths relative to it.
func (f *terminalFlags) parameters() (string, error) {
	bad := func(format string, args ...any) (string, error) {
		return "", fault.New(fault.InvalidConfig, "posemu: parameters file", fmt.Sprintf(format, args...))
	}
	path, err := filepath.Abs(f.config)
	if err != nil {
		return bad("%s: %v", f.config, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return bad("%s cannot be read", f.config)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the user names the file.
	if err != nil {
		return bad("%s cannot be read", f.config)
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(text, &values) != nil || values == nil {
		return string(text), nil // Open says what is wrong with it
	}
	if _, secret := values["whitelistSecret"]; secret && info.Mode().Perm()&0o077 != 0 {
		return bad("%s holds the whitelist secret and must be readable by its owner alone: chmod 600", f.config)
	}
	if _, given := values["baseDir"]; !given {
		values["baseDir"] = quoted(filepath.Dir(path))
	}
	if f.clock != 0 {
		values["clockOffset"] = quoted(f.clock.String())
	}
	merged, err := json.Marshal(values)
	return string(merged), err
}

func quoted(text string) json.RawMessage {
	encoded, _ := json.Marshal(text) //nolint:errchkjson // a string.
	return encoded
}

// print writes an answer: the JSON as it is, or a line a field for people.
func (f *terminalFlags) print(out io.Writer, answer string) error {
	if f.json {
		_, err := fmt.Fprintln(out, answer)
		return err
	}
	return printForPeople(out, answer)
}

// fail prints a failure: as the contract's object with --json, as words otherwise.
func (f *terminalFlags) fail(cmd *cobra.Command, err error) error {
	if !f.json {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s\n(%v)\n", fault.CodeOf(err).Info().Text, err)
		return errReported
	}
	_, _ = fmt.Fprintf(cmd.OutOrStdout(), `{"v":1,"error":%s}`+"\n", mobile.ErrorInfo(err))
	return errReported
}

// plain is a command without arguments.
func (f *terminalFlags) plain(name, short string, call func(*mobile.Terminal, *mobile.Op) (string, error)) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return f.do(cmd, call)
	}}
}

func (f *terminalFlags) pair() *cobra.Command {
	return &cobra.Command{Use: "pair CODE", Short: `Pair with an 8-digit code ("-" reads it from standard input)`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			code, err := argument(cmd, args[0])
			if err != nil {
				return f.fail(cmd, err)
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) { return t.Pair(op, code) })
		}}
}

func (f *terminalFlags) check() *cobra.Command {
	var expiry, service, mode string
	cmd := &cobra.Command{Use: "check PAN", Short: `Check a card ("-" reads the PAN from standard input; arguments are for test cards)`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--mode", mode, "prefer-online", "require-online", "force-offline"); err != nil {
				return err
			}
			if err := oneOf("--service", service, "", "FAST_LINE", "LOUNGE"); err != nil {
				return err
			}
			if !yymm(expiry) {
				return fmt.Errorf("--expiry must be YYMM")
			}
			pan, err := argument(cmd, args[0])
			if err != nil {
				return f.fail(cmd, err)
			}
			card, err := json.Marshal(map[string]any{"v": 1, "pan": pan, "expiry": expiry, "service": service, "mode": mode})
			if err != nil {
				return err
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) { return t.CheckEntry(op, card) })
		}}
	cmd.Flags().StringVar(&expiry, "expiry", "", "YYMM")
	cmd.Flags().StringVar(&service, "service", "", "FAST_LINE or LOUNGE")
	cmd.Flags().StringVar(&mode, "mode", "prefer-online", "prefer-online, require-online or force-offline")
	return cmd
}

func (f *terminalFlags) confirm() *cobra.Command {
	var guests int
	cmd := &cobra.Command{Use: "confirm ACCESS_ID --guests N", Short: "Make an allowed verdict an entry", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) { return t.ConfirmEntry(op, args[0], guests) })
		}}
	cmd.Flags().IntVar(&guests, "guests", 0, "number of guests")
	if err := cmd.MarkFlagRequired("guests"); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

func (f *terminalFlags) void() *cobra.Command {
	return &cobra.Command{Use: "void ACCESS_ID", Short: "Take an access back, until it was uploaded", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) { return t.VoidEntry(op, args[0]) })
		}}
}

func (f *terminalFlags) export() *cobra.Command {
	return &cobra.Command{Use: "export FILE", Short: "Write what waits and what is in quarantine to a file", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) { return t.Export(op, path) })
		}}
}

// argument is an argument, or the first line of standard input for "-": what is typed there is in no process list.
func argument(cmd *cobra.Command, arg string) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 4096)).ReadString('\n')
	if err != nil && err != io.EOF { //nolint:errorlint // bufio gives io.EOF bare.
		return "", fault.New(fault.InvalidRequest, "posemu: standard input", "it cannot be read")
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func oneOf(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("%s must be one of %s", flag, strings.TrimSpace(strings.Join(allowed, " ")))
}

func yymm(text string) bool {
	if text == "" {
		return true
	}
	n, err := strconv.ParseUint(text, 10, 16) // takes no sign
	return err == nil && len(text) == 4 && n%100 >= 1 && n%100 <= 12
}
