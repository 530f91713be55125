package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/mobile"
)

// newDemoChildCommand is the process that the demo kills: it confirms an entry offline, says so, and waits.
func newDemoChildCommand() *cobra.Command {
	return &cobra.Command{Use: "demo-child CONFIG", Hidden: true, Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		text, err := os.ReadFile(args[0])
		if err != nil {
			return failedError{err}
		}
		terminal, err := mobile.Open(string(text), nil)
		if err != nil {
			return failedError{err}
		}
		verdict, err := answer(terminal.CheckEntry(nil, fmt.Appendf(nil, `{"v":1,"pan":%q}`, cardInRange)))
		if err != nil {
			return failedError{err}
		}
		confirmed, err := terminal.ConfirmEntry(nil, verdict.AccessID, 0)
		if err != nil {
			return failedError{err}
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), confirmed); err != nil {
			return failedError{err}
		}
		select {} // until the demo kills it
	}}
}
