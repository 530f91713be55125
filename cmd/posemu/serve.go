package main

import (
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/emulator"
)

func newServeCommand() *cobra.Command {
	var o emulator.Options
	var verbose bool
	cmd := &cobra.Command{
		Use:   "serve [--state DIR] [--env FILE] [--listen HOST:PORT]",
		Short: "Every backend of a terminal, with faults on demand and an admin panel",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			if verbose {
				o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			}
			world, err := emulator.Start(ctx, o)
			if err != nil {
				return failedError{err}
			}
			env := world.Env()
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "admin panel and API  %s\nmacs                 %s\nmpac                 %s\npgw                  %s\npay                  %s\nenv file             %s\nready\n",
				env.Admin.URL, env.MACS.URL, env.MPAC.URL, env.PGW.URL, env.Pay.URL, o.EnvFile)
			if err == nil {
				<-ctx.Done()
			}
			if closeErr := world.Close(); err == nil {
				err = closeErr
			}
			if err != nil {
				return failedError{err}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.StateDir, "state", "", "folder that keeps everything over a restart")
	cmd.Flags().StringVar(&o.EnvFile, "env", "posemu-env.json", "where to write addresses and secrets, mode 0600")
	cmd.Flags().StringVar(&o.Listen, "listen", "127.0.0.1:0", "address of the admin listener; each system takes the next port")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log each request, without bodies, to standard error")
	return cmd
}
