package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/fault"
)

func (f *terminalFlags) listen() *cobra.Command {
	var count int
	var timeout time.Duration
	cmd := &cobra.Command{Use: "listen [--count N] [--timeout DURATION]", Short: "Print what the real-time channel tells, one JSON object a line", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if count < 0 || timeout < 0 {
				return fmt.Errorf("--count and --timeout must not be negative")
			}
			if err := f.follow(cmd, count, timeout); err != nil {
				return f.fail(cmd, err)
			}
			return nil
		}}
	cmd.Flags().IntVar(&count, "count", 0, "end after this many events (0: go on)")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "end after this time (0: go on)")
	return cmd
}

// follow prints notices until enough came, the time is over, a signal came, or the channel ended for good.
func (f *terminalFlags) follow(cmd *cobra.Command, count int, timeout time.Duration) error {
	terminal, err := f.open()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	p := &noticePrinter{out: cmd.OutOrStdout(), json: f.json, count: count, done: make(chan error, 1)}
	if err = terminal.Connect(p); err == nil {
		var late <-chan time.Time
		if timeout > 0 {
			late = time.After(timeout)
		}
		select {
		case err = <-p.done:
		case <-ctx.Done():
		case <-late:
			if count > 0 {
				err = fault.New(fault.Timeout, "posemu: listen", fmt.Sprintf("%d events did not come in time", count))
			}
		}
		err = errors.Join(err, terminal.Disconnect())
	}
	return errors.Join(err, terminal.Close())
}

// noticePrinter is the listener. It is called by one goroutine.
type noticePrinter struct {
	out         io.Writer
	json        bool
	count, seen int
	done        chan error
	ended       bool
}

var errEnough = errors.New("enough was printed")

// Receive prints one notice. What comes after the end is not taken, so that the next listen gets it.
func (p *noticePrinter) Receive(text string) error {
	if p.ended {
		return errEnough
	}
	var n struct {
		Kind    string          `json:"kind"`
		Seq     int64           `json:"seq"`
		Event   string          `json:"event"`
		Payload json.RawMessage `json:"payload"`
		Code    fault.Code      `json:"code"`
		Final   bool            `json:"final"`
	}
	err := json.Unmarshal([]byte(text), &n)
	if err == nil && !p.json {
		text = strings.TrimSpace(fmt.Sprintf("%s %s", n.Kind, n.Code))
		if n.Kind == "event" {
			text = fmt.Sprintf("%d %s %s", n.Seq, n.Event, n.Payload)
		}
	}
	if err == nil {
		_, err = fmt.Fprintln(p.out, text)
	}
	if n.Kind == "event" {
		p.seen++
	}
	switch {
	case err != nil:
		p.end(failedError{err})
	case n.Final:
		p.end(fault.New(n.Code, "posemu: listen", "the channel ended for good"))
	case n.Kind == "event" && p.seen == p.count:
		p.end(nil)
	}
	return err
}

func (p *noticePrinter) end(err error) {
	p.ended = true
	p.done <- err
}
