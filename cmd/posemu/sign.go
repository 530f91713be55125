package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/backend/pay"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
)

// signFlags hold for both sign commands.
type signFlags struct {
	terminalFlags
	secretFile string
}

func newSignCommand() *cobra.Command {
	f := &signFlags{}
	cmd := &cobra.Command{
		Use:   "sign pgw|pay",
		Short: "Sign a request by hand, and say which part differs from the other side's; never prints the secret",
		RunE:  noCommand,
	}
	cmd.PersistentFlags().BoolVar(&f.json, "json", false, "print one JSON object")
	cmd.PersistentFlags().StringVar(&f.secretFile, "secret-file", "", "file with the secret, readable by its owner alone (default: "+secretVariable+")")
	cmd.AddCommand(f.pgw(), f.pay())
	return cmd
}

// pgwSignature is what sign pgw prints.
type pgwSignature struct {
	V          int    `json:"v"`
	Header     string `json:"header"`
	Canonical  string `json:"canonical"`
	Signature  string `json:"signature"`
	BodySHA256 string `json:"bodySha256"`
	Matches    *bool  `json:"matches,omitempty"`
	Difference string `json:"difference,omitempty"`
	Hint       string `json:"hint,omitempty"`
}

func (f *signFlags) pgw() *cobra.Command {
	var method, path, id, scheme, body, expect string
	var timestamp int64
	cmd := &cobra.Command{
		Use:   "pgw --method M --path P --timestamp N --id ID [--scheme newline|newline_raw|colon] [--body FILE|-] [--expect STRING]",
		Short: "The Authorization header of a request to mpac-pgw", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--scheme", scheme, "newline", "newline_raw", "colon"); err != nil {
				return err
			}
			if id == "" || strings.ContainsAny(id, ": \t\r\n") {
				return fmt.Errorf("--id has no colon and no space: the header is split at colons")
			}
			if !strings.HasPrefix(path, "/") {
				return fmt.Errorf(`--path is what follows the base URL and begins with "/"`)
			}
			secret, err := givenSecret(f.secretFile)
			if err != nil {
				return f.fail(cmd, err)
			}
			sent, err := readBody(cmd, body, maxSignedBody)
			if err != nil {
				return f.fail(cmd, err)
			}
			m := merchant.Message{Method: method, Path: path, Timestamp: timestamp, Body: sent}
			return f.show(cmd, signPGW(merchant.Scheme(scheme), merchant.Secret(secret), id, m, expect))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&method, "method", "", "HTTP method in upper case")
	flags.StringVar(&path, "path", "", "path from /v1/ on; a query is cut off, for it is not signed")
	flags.Int64Var(&timestamp, "timestamp", 0, "Unix seconds")
	flags.StringVar(&id, "id", "", "API key, or the merchant's id for newline_raw")
	flags.StringVar(&scheme, "scheme", "newline", "newline, newline_raw or colon")
	flags.StringVar(&body, "body", "", `file with the exact bytes that are sent ("-": standard input; default: no body)`)
	flags.StringVar(&expect, "expect", "", "the other side's canonical string, signature or header")
	required(cmd, "method", "path", "timestamp", "id")
	return cmd
}

func signPGW(scheme merchant.Scheme, secret merchant.Secret, id string, m merchant.Message, expect string) pgwSignature {
	s := pgwSignature{V: 1, Canonical: scheme.Canonical(m), Signature: scheme.Sign(secret, m), BodySHA256: merchant.BodyHash(m.Body)}
	s.Header = merchant.Header(id, m.Timestamp, s.Signature)
	if expect != "" {
		var equal bool
		equal, s.Difference, s.Hint = compare(scheme, secret, id, m, expect)
		s.Matches = &equal
	}
	return s
}

// paySignature is what sign pay prints.
type paySignature struct {
	V         int               `json:"v"`
	Headers   map[string]string `json:"headers"`
	Canonical string            `json:"canonical"`
	Token     string            `json:"token"`
}

func (f *signFlags) pay() *cobra.Command {
	var key, ip, date string
	cmd := &cobra.Command{
		Use:   "pay --public-key K --buyer-ip IP --date D",
		Short: "The x-token of a request to Pay, and the headers that carry it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			secret, err := givenSecret(f.secretFile)
			if err != nil {
				return f.fail(cmd, err)
			}
			if err := pay.CheckBuyerIP(ip); err != nil {
				return f.fail(cmd, err)
			}
			token := pay.Token(pay.Secret(secret), key, ip, date)
			return f.show(cmd, paySignature{
				V: 1, Token: token, Canonical: "<secretKey>" + key + ip + date,
				Headers: map[string]string{pay.HeaderPublicKey: key, pay.HeaderBuyerIP: ip, pay.HeaderDate: date, pay.HeaderToken: token},
			})
		},
	}
	cmd.Flags().StringVar(&key, "public-key", "", "UUID of the merchant's account")
	cmd.Flags().StringVar(&ip, "buyer-ip", "", "the buyer's address, IPv4 or IPv6")
	cmd.Flags().StringVar(&date, "date", "", "YYYY-MM-DDTHH:MM:SS in UTC, exactly as it is sent")
	required(cmd, "public-key", "buyer-ip", "date")
	return cmd
}

func (f *signFlags) show(cmd *cobra.Command, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return failedError{err}
	}
	return f.print(cmd.OutOrStdout(), string(text))
}

func required(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined by the caller
		}
	}
}

// maxSignedBody guards against a file that was named by mistake.
const maxSignedBody = 16 << 20
