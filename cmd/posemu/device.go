package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/mobile"
)

// maxCallBody is more than any operation may have, in bytes; the library says what is too much.
const maxCallBody = 1 << 20

func (f *terminalFlags) activate() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{Use: "activate [--wait DURATION]", Short: "Show an activation code, or where the activation stands; wait until it was entered", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if wait < 0 {
				return fmt.Errorf("--wait must not be negative")
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) {
				answer, err := t.RequestActivation(op)
				if err != nil || wait == 0 {
					return answer, err
				}
				// The code is needed while the wait goes on; standard output is for the end of it.
				_ = printForPeople(cmd.ErrOrStderr(), answer)
				return t.AwaitActivation(op, int64((wait+time.Second-1)/time.Second))
			})
		}}
	cmd.Flags().DurationVar(&wait, "wait", 0, "how long to wait for the code to be entered")
	return cmd
}

func (f *terminalFlags) token() *cobra.Command {
	var show bool
	cmd := &cobra.Command{Use: "token [--show]", Short: "Get an access token", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) {
				answer, err := t.DeviceToken(op)
				if err != nil || show {
					return answer, err
				}
				return masked(answer)
			})
		}}
	cmd.Flags().BoolVar(&show, "show", false, "print the token itself")
	return cmd
}

// masked takes the token out of the answer.
func masked(answer string) (string, error) {
	var token struct {
		V           int      `json:"v"`
		ExpiresAt   string   `json:"expiresAt"`
		Scope       []string `json:"scope"`
		AccessToken string   `json:"accessToken"`
	}
	if err := json.Unmarshal([]byte(answer), &token); err != nil {
		return "", err
	}
	token.AccessToken = "********"
	text, err := json.Marshal(token) //nolint:gosec // the token was taken out.
	return string(text), err
}

func (f *terminalFlags) call() *cobra.Command {
	var bodyFile, key string
	cmd := &cobra.Command{Use: "call METHOD PATH [--body FILE|-] [--key IDEMPOTENCY_KEY]", Short: "Make any POS operation: orders, bills, payments", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := readBody(cmd, bodyFile, maxCallBody)
			if err != nil {
				return f.fail(cmd, err)
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) {
				return t.Call(op, args[0], args[1], body, key)
			})
		}}
	cmd.Flags().StringVar(&bodyFile, "body", "", `file with the JSON body, "-" for standard input`)
	cmd.Flags().StringVar(&key, "key", "", "idempotency key (default: one is made)")
	return cmd
}

// readBody gives the exact bytes of a file, of standard input for "-", and none for "".
func readBody(cmd *cobra.Command, file string, most int64) ([]byte, error) {
	const op = "posemu: body"
	in := cmd.InOrStdin()
	switch file {
	case "":
		return nil, nil
	case "-":
	default:
		opened, err := os.Open(file) //nolint:gosec // the user names the file.
		if err != nil {
			return nil, fault.New(fault.InvalidRequest, op, file+" cannot be read")
		}
		defer func() { _ = opened.Close() }()
		in = opened
	}
	body, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil || int64(len(body)) > most {
		return nil, fault.New(fault.InvalidRequest, op, fmt.Sprintf("it cannot be read, or has more than %d bytes", most))
	}
	return body, nil
}

func (f *terminalFlags) resolve() *cobra.Command {
	return &cobra.Command{Use: "resolve IDEMPOTENCY_KEY", Short: "Ask again for a call without an answer, as it was (status lists them)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) { return t.ResolveCall(op, args[0]) })
		}}
}
