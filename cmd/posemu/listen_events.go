package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/mobile"
)

// listenEvents is `posemu listen-events`: the library as a client application of the POS Event Stream.
type listenEvents struct {
	// The configuration of mobile.StartEventStream.
	Listen string   `json:"listen"`
	KeyID  string   `json:"keyId"`
	RSA    string   `json:"rsa"`
	AES    string   `json:"aes"`
	Allow  []string `json:"allow,omitempty"`
	TLS    *tlsPair `json:"tls,omitempty"`

	tls        tlsPair
	secretFile string
	count      int
	timeout    time.Duration
	json       bool
}

type tlsPair struct {
	CertificateFile string `json:"certificateFile"`
	KeyFile         string `json:"keyFile"`
}

func newListenEventsCommand() *cobra.Command {
	var l listenEvents
	cmd := &cobra.Command{
		Use:   "listen-events --listen HOST:PORT --key-id ID [--allow CIDR…]",
		Short: "A client application of the POS Event Stream: prints what the tills send",
		Long: "A client application of the POS Event Stream: prints what the tills send. The integrator's secret is in " + secretVariable +
			" or --secret-file.\nWhoever may connect is given the secret: without --allow that is this machine alone.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			secret, err := l.check()
			if err != nil {
				return err
			}
			return l.run(cmd, secret)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&l.Listen, "listen", "127.0.0.1:0", "address that the POS dial")
	flags.StringVar(&l.KeyID, "key-id", "", "the integrator's key id")
	flags.StringVar(&l.secretFile, "secret-file", "", "file with the integrator's secret, readable by its owner alone")
	flags.StringVar(&l.RSA, "rsa", "oaep-sha256", "oaep-sha256, oaep-sha1 or pkcs1, as the POS have it")
	flags.StringVar(&l.AES, "aes", "cbc", "cbc or gcm, as the POS have it")
	flags.StringArrayVar(&l.Allow, "allow", nil, "who may connect, as 192.168.1.0/24; may be repeated")
	flags.StringVar(&l.tls.CertificateFile, "tls-certificate", "", "PEM file: connections are TLS")
	flags.StringVar(&l.tls.KeyFile, "tls-key", "", "PEM file of its private key")
	flags.IntVar(&l.count, "count", 0, "end after this many events")
	flags.DurationVar(&l.timeout, "timeout", 0, "end after this time")
	flags.BoolVar(&l.json, "json", false, "one JSON object a line")
	return cmd
}

// check reads the secret; every error of it is a usage error.
func (l *listenEvents) check() ([]byte, error) {
	for _, each := range l.Allow {
		if _, err := netip.ParsePrefix(each); err != nil {
			if _, err := netip.ParseAddr(each); err != nil {
				return nil, errors.New("--allow must be a range such as 192.168.1.0/24, or an address")
			}
		}
	}
	if err := oneOf("--rsa", l.RSA, "oaep-sha256", "oaep-sha1", "pkcs1"); err != nil {
		return nil, err
	}
	if err := oneOf("--aes", l.AES, "cbc", "gcm"); err != nil {
		return nil, err
	}
	switch {
	case l.KeyID == "":
		return nil, errors.New("--key-id is needed")
	case l.count < 0 || l.timeout < 0:
		return nil, errors.New("--count and --timeout cannot be negative")
	}
	if l.tls != (tlsPair{}) {
		l.TLS = &l.tls
	}
	return givenSecret(l.secretFile)
}

func (l *listenEvents) run(cmd *cobra.Command, secret []byte) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := json.Marshal(l)
	if err != nil {
		return failedError{err}
	}
	p := &eventPrinter{out: cmd.OutOrStdout(), json: l.json, count: l.count, enough: make(chan struct{})}
	stream, err := mobile.StartEventStream(string(config), secret, p)
	if errors.Is(err, fault.InvalidConfig) {
		return err // the configuration is the flags: a bad value of one
	}
	if err != nil {
		return (&terminalFlags{json: l.json}).fail(cmd, err)
	}
	var late <-chan time.Time
	if l.timeout > 0 {
		timer := time.NewTimer(l.timeout)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-ctx.Done():
	case <-p.enough:
	case <-late:
		if l.count > 0 {
			err = fault.New(fault.Timeout, "listen-events", fmt.Sprintf("%d of %d events came", p.events(), l.count))
		}
	}
	// Where nobody reads the output, printing does not return: that is no failure of a command that is told to end.
	if closeErr := stream.Stop(); closeErr != nil && fault.CodeOf(closeErr) != fault.Timeout {
		err = errors.Join(err, closeErr)
	}
	if err != nil {
		return (&terminalFlags{json: l.json}).fail(cmd, err)
	}
	return nil
}

// eventPrinter prints notices, one a line, also when they come from several connections at once.
type eventPrinter struct {
	out    io.Writer
	json   bool
	count  int
	enough chan struct{}

	mu      sync.Mutex
	printed int // guarded by mu
}

var errAllPrinted = errors.New("as many events as were asked for are printed")

// Receive is an EventStreamListener: an event is acknowledged when it is printed.
func (p *eventPrinter) Receive(notice string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var n struct {
		Kind, Address, Peer, MsgID, MsgType, Code string
		Data                                      json.RawMessage
	}
	if err := json.Unmarshal([]byte(notice), &n); err != nil {
		return err
	}
	event := n.Kind == "event"
	if event && p.count > 0 && p.printed == p.count {
		return errAllPrinted
	}
	line := notice
	if !p.json {
		line = strings.TrimRight(strings.Join([]string{n.Kind, n.Peer + n.Address, n.MsgType, n.MsgID, string(n.Data) + n.Code}, "  "), " ")
		line = strings.Map(printable, line)
	}
	if _, err := fmt.Fprintln(p.out, line); err != nil {
		return err
	}
	if event {
		if p.printed++; p.printed == p.count {
			close(p.enough)
		}
	}
	return nil
}

// printable replaces what would steer a terminal or begin another line: names and data are the peer's.
func printable(r rune) rune {
	if unicode.IsGraphic(r) {
		return r
	}
	return unicode.ReplacementChar
}

func (p *eventPrinter) events() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.printed
}
