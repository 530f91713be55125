package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/mobile"
)

// maxTokenFile guards against a file that was named by mistake.
const maxTokenFile = 4096

// group is a command that needs another one after it.
func group(use, short string, parts ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: noCommand}
	cmd.AddCommand(parts...)
	return cmd
}

func (f *terminalFlags) intent() *cobra.Command {
	return group("intent", "A PaymentIntent at the payment gateway, with its payment token",
		f.intentCall("get", "Read it", (*mobile.Terminal).RetrievePayment),
		f.intentConfirm(),
		f.intentCall("cancel", "Give it up, until the provider processes it", (*mobile.Terminal).CancelPayment),
		f.intentCall("await", "Wait until it has succeeded, failed or was cancelled", (*mobile.Terminal).AwaitPayment))
}

// intentCall is a command that needs the token alone. A token in an argument would be in every process list.
func (f *terminalFlags) intentCall(name, short string, call func(t *mobile.Terminal, op *mobile.Op, id, token string) (string, error)) *cobra.Command {
	var file string
	cmd := &cobra.Command{Use: name + " ID --token-file FILE", Short: short, Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		token, err := readToken(file)
		if err != nil {
			return f.fail(cmd, err)
		}
		return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) { return call(t, op, args[0], token) })
	}}
	cmd.Flags().StringVar(&file, "token-file", "", "file with the payment token")
	required(cmd, "token-file")
	return cmd
}

func (f *terminalFlags) intentConfirm() *cobra.Command {
	var method, provider string
	cmd := f.intentCall("confirm", "Ask a provider for the payment", func(t *mobile.Terminal, op *mobile.Op, id, token string) (string, error) {
		return t.ConfirmPayment(op, id, token, method, provider)
	})
	cmd.Flags().StringVar(&method, "method", "qr_mpm", "payment method, such as qr_mpm")
	cmd.Flags().StringVar(&provider, "provider", "PAYPAY", "provider, such as PAYPAY")
	return cmd
}

func readToken(file string) (string, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user names the file.
	if err != nil || len(text) > maxTokenFile {
		return "", fault.New(fault.InvalidRequest, "posemu: token", file+" cannot be read, or is no token")
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func (f *terminalFlags) card() *cobra.Command {
	return group("card", "Card payments through the Credit Card App",
		f.cardRequest(), f.cardResult(), f.plain("pending", "Those without a known result, and those that the backend does not have", (*mobile.Terminal).PendingCardPayments),
		f.cardResolve(), f.cardRecord())
}

func (f *terminalFlags) cardRequest() *cobra.Command {
	var amount int64
	var classification int
	var authorization, payment string
	cmd := &cobra.Command{Use: "request --amount N --classification N --authorization ID", Short: "Begin a card payment: the Intent for the Credit Card App", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			request, err := json.Marshal(map[string]any{
				"v": 1, "amount": amount, "classificationCode": classification, "authorizationID": authorization, "paymentId": payment,
			})
			if err != nil {
				return err
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) {
				return t.EncodeCardRequest(op, string(request))
			})
		}}
	cmd.Flags().Int64Var(&amount, "amount", 0, "yen")
	cmd.Flags().IntVar(&classification, "classification", 0, "classification code, 1 to 9")
	cmd.Flags().StringVar(&authorization, "authorization", "", "authorization id, such as AUTH01")
	cmd.Flags().StringVar(&payment, "payment", "", "payment of the backend in which the result is recorded")
	required(cmd, "amount", "classification", "authorization")
	return cmd
}

func (f *terminalFlags) cardResult() *cobra.Command {
	var corrID, code string
	cmd := &cobra.Command{Use: "result [--corr-id ID] [RESULT_JSON|-] [--result-code ok|cancelled]", Short: "End a card payment with what the Credit Card App gave back", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--result-code", code, "ok", "cancelled"); err != nil {
				return err
			}
			result, err := textArgument(cmd, args)
			if err != nil {
				return f.fail(cmd, err)
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) {
				return t.DecodeCardResult(op, corrID, code, result)
			})
		}}
	cmd.Flags().StringVar(&corrID, "corr-id", "", "request that it answers (default: the one that is open)")
	cmd.Flags().StringVar(&code, "result-code", "ok", "ok or cancelled")
	return cmd
}

func (f *terminalFlags) cardResolve() *cobra.Command {
	var corrID, status string
	cmd := &cobra.Command{Use: "resolve --corr-id ID --status S", Short: "Say what became of a card payment without a result", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--status", status, "success", "declined", "error", "cancelled"); err != nil {
				return err
			}
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) {
				return t.ResolveCardPayment(op, corrID, status)
			})
		}}
	cmd.Flags().StringVar(&corrID, "corr-id", "", "the request")
	cmd.Flags().StringVar(&status, "status", "", "success, declined, error or cancelled")
	required(cmd, "corr-id", "status")
	return cmd
}

func (f *terminalFlags) cardRecord() *cobra.Command {
	var corrID, payment string
	cmd := &cobra.Command{Use: "record --corr-id ID [--payment ID]", Short: "Record a result in a payment of the backend", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.do(cmd, func(t *mobile.Terminal, op *mobile.Op) (string, error) {
				return t.RecordCardResult(op, corrID, payment)
			})
		}}
	cmd.Flags().StringVar(&corrID, "corr-id", "", "the request")
	cmd.Flags().StringVar(&payment, "payment", "", "payment of the backend (default: that of card request)")
	required(cmd, "corr-id")
	return cmd
}

// textArgument is the argument, all of standard input for "-", and "" without one.
func textArgument(cmd *cobra.Command, args []string) (string, error) {
	if len(args) == 0 || args[0] != "-" {
		return strings.Join(args, ""), nil
	}
	body, err := readBody(cmd, "-", maxCallBody)
	if err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	return strings.TrimRight(string(body), "\r\n"), nil
}
