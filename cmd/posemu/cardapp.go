package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/emulator/cardapp"
	"github.com/smartpos-go/terminal/fault"
)

func newCardAppCommand() *cobra.Command {
	var decide, terminalID string
	var silent bool
	f := &terminalFlags{}
	cmd := &cobra.Command{Use: "cardapp --decide approve|decline|error|cancel|timeout|kill [REQUEST_JSON|-]",
		Short: "Play the Credit Card App: the result of one request", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--decide", decide, "approve", "decline", "error", "cancel", "timeout", "kill"); err != nil {
				return err
			}
			if len(args) == 0 {
				args = []string{"-"}
			}
			request, err := textArgument(cmd, args)
			if err != nil {
				return f.fail(cmd, err)
			}
			ctx, stop := signal.NotifyContext(background(cmd), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			app := cardapp.App{Rand: rand.Reader, Silent: silent}
			answer, err := app.Handle(ctx, cardapp.Decision(decide), strings.TrimSpace(request), terminalID)
			switch {
			case errors.Is(err, cardapp.ErrRequest):
				return f.fail(cmd, fault.Wrap(fault.InvalidRequest, "posemu: cardapp", err))
			case err != nil:
				return failedError{err}
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), answer.Result)
			return err
		}}
	cmd.Flags().StringVar(&decide, "decide", "", "what becomes of the payment")
	cmd.Flags().StringVar(&terminalID, "terminal-id", "", `the extra "terminal_id" (default: that of the request)`)
	cmd.Flags().BoolVar(&silent, "silent", false, "leave corr_id out of the result")
	cmd.Flags().BoolVar(&f.json, "json", false, "print failures as JSON too; the result is JSON anyway")
	required(cmd, "decide")
	return cmd
}

// background is the command's context; cobra has none when it was run without.
func background(cmd *cobra.Command) context.Context {
	if ctx := cmd.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
