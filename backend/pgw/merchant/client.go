package merchant

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/internal/ledger"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
	"github.com/smartpos-go/terminal/internal/secret"
)

// Secret is a merchant's secret key. It shows in no log and no JSON; string(s) is the key.
type Secret = secret.Text

// Options set up a Client. BaseURL, ID, Secret, Memory and either TrustedCA or SystemRoots are needed.
type Options struct {
	// BaseURL is https://host[:port][/path]; what follows it is signed.
	BaseURL string
	// TrustedCA is the PEM text of the only CAs that are trusted.
	TrustedCA []byte
	// SystemRoots trusts the machine's own roots instead of TrustedCA.
	SystemRoots bool
	// ID is the API key, pk_…; for the scheme NewlineRaw the merchant's id. It has no colon.
	ID string
	// Secret is the secret key, sk_….
	Secret Secret
	// Scheme is the form of the signature. "" is Newline.
	Scheme Scheme
	// Memory keeps creations over a restart.
	Memory pgw.Memory
	// Timeout is the deadline of one call, its repetition included. Zero is 10 s.
	Timeout time.Duration
	// Clock is trusted time. Nil: a new one over the machine's, corrected by the gateway's answers.
	Clock *clock.Clock
	// Log gets one debug line a call, without bodies and queries. Nil logs nothing.
	Log *slog.Logger
	// Paths replaces paths of a gateway that differs. Zero values are the defaults.
	Paths pgw.Paths
}

var idText = regexp.MustCompile(`^[\x21-\x39\x3b-\x7e]{1,200}$`) // printable, no colon

// Client calls the gateway for one merchant.
type Client struct {
	http    *httpx.Client
	paths   pgw.Paths
	creates *ledger.Ledger
}

// New returns a client; Close it. Nothing is sent. Errors: invalid_config.
func New(o Options) (*Client, error) {
	const op = "merchant: options"
	if o.Scheme == "" {
		o.Scheme = Newline
	}
	switch {
	case !o.Scheme.Known():
		return nil, fault.New(fault.InvalidConfig, op, "Scheme must be newline, newline_raw or colon")
	case !idText.MatchString(o.ID):
		return nil, fault.New(fault.InvalidConfig, op, "ID must be printable ASCII without a colon: the header is split at colons")
	case o.Secret == "":
		return nil, fault.New(fault.InvalidConfig, op, "Secret is missing")
	case o.Memory == nil:
		return nil, fault.New(fault.InvalidConfig, op, "Memory is missing: without it a creation that got no answer is lost by a restart")
	}
	if o.Clock == nil {
		o.Clock = clock.New(clock.System{}, clock.State{})
	}
	plain, err := httpx.New(httpx.Options{BaseURL: o.BaseURL, TrustedCA: o.TrustedCA, SystemRoots: o.SystemRoots, Timeout: o.Timeout, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(o.BaseURL, "/"))
	if err != nil { // httpx took it
		return nil, fault.Wrap(fault.Internal, op, err)
	}
	signing := &transport{signer: NewSigner(o.Scheme, o.ID, o.Secret), prefix: base.EscapedPath(), clock: o.Clock}
	return &Client{
		http:    plain.Wrapped(func(next http.RoundTripper) http.RoundTripper { signing.next = next; return signing }),
		paths:   o.Paths.WithDefaults(),
		creates: &ledger.Ledger{Memory: o.Memory, Prefix: "pgw.create.", Now: o.Clock.Now},
	}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.Close() }

// List gives PaymentIntents of the merchant's organisation, newest first, and whether there are more behind them. None carries its
// token. Errors: not_authorized, protocol_error, and those of a call without an answer.
func (c *Client) List(ctx context.Context, f Filter) (intents []pgw.Intent, more bool, err error) {
	rows, more, err := c.list(ctx, f)
	for _, row := range rows {
		intents = append(intents, row.Intent)
	}
	return intents, more, err
}

func (c *Client) list(ctx context.Context, f Filter) (rows []listed, more bool, err error) {
	const op = "merchant: list"
	query := url.Values{}
	for name, value := range map[string]string{queryRef: f.MerchantRefID, queryStatus: string(f.Status), queryAfter: f.StartingAfter} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.Limit != 0 {
		query.Set(queryLimit, strconv.Itoa(f.Limit))
	}
	path := c.paths.Intents
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var answer listAnswer
	if err := c.call(ctx, op, httpx.Request{Method: http.MethodGet, Path: path, Idempotent: true}, nil, &answer); err != nil {
		return nil, false, err
	}
	if answer.Data == nil {
		return nil, false, fault.New(fault.BadResponse, op, "no data")
	}
	return *answer.Data, answer.HasMore, nil
}

// Capture records the outcome of a payment that was made elsewhere, by card or in cash. A QR payment is conflict: its provider
// says what became of it. A lost answer is asked for once more under key, the idempotency key, which is the caller's and goes
// with one outcome; outcome_unknown when none comes then either: capture again with the same key. Errors: not_found, conflict,
// invalid_amount, protocol_error, not_authorized, and those of a call that never went out.
func (c *Client) Capture(ctx context.Context, id, key string, outcome Outcome) (pgw.Intent, error) {
	const op = "merchant: capture"
	if !pathPart.MatchString(id) || !keyText.MatchString(key) {
		return pgw.Intent{}, fault.New(fault.InvalidRequest, op, "the id must be letters, digits, _ and -, the key 1 to 100 printable characters")
	}
	request := httpx.Request{
		Method: http.MethodPost, Path: c.paths.Intents + "/" + id + "/" + actionCapture, Header: http.Header{pgw.KeyHeader: {key}}, Idempotent: true,
	}
	var intent pgw.Intent
	err := c.call(ctx, op, request, outcome, &intent)
	switch {
	case err != nil && pgw.Unanswered(err):
		return pgw.Intent{}, unknown(op, err)
	case err != nil:
		return pgw.Intent{}, err
	case intent.ID != id:
		return pgw.Intent{}, unknown(op, fault.New(fault.BadResponse, op, "the answer is not about this PaymentIntent"))
	}
	return intent, nil
}

// Transaction gives one transaction. Errors: not_found, not_authorized, and those of a call without an answer.
func (c *Client) Transaction(ctx context.Context, id string) (pgw.Transaction, error) {
	const op = "merchant: transaction"
	if !pathPart.MatchString(id) {
		return pgw.Transaction{}, fault.New(fault.InvalidRequest, op, "the id must be letters, digits, _ and -")
	}
	var t pgw.Transaction
	err := c.call(ctx, op, httpx.Request{Method: http.MethodGet, Path: c.paths.Transactions + "/" + id, Idempotent: true}, nil, &t)
	if err == nil && t.ID != id {
		err = fault.New(fault.BadResponse, op, "the answer is not about this transaction")
	}
	return t, err
}

// SyncMerchants hands merchants and their stores over; the gateway updates by id and gives how many it took. Sending them again is
// safe. Errors: protocol_error, not_authorized, and those of a call without an answer.
func (c *Client) SyncMerchants(ctx context.Context, merchants []Merchant) (upserted int, err error) {
	const op = "merchant: sync"
	var answer syncAnswer
	request := httpx.Request{Method: http.MethodPost, Path: c.paths.SyncMerchants, Idempotent: true}
	if err := c.call(ctx, op, request, syncRequest{merchants}, &answer); err != nil {
		return 0, err
	}
	if answer.Upserted == nil {
		return 0, fault.New(fault.BadResponse, op, "no upserted")
	}
	return *answer.Upserted, nil
}

var (
	pathPart = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
	keyText  = regexp.MustCompile(`^[\x21-\x7e]{1,100}$`)
)

func (c *Client) call(ctx context.Context, op string, r httpx.Request, body, into any) error {
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fault.Wrap(fault.Internal, op, err)
		}
		r.Body = encoded
	}
	resp, err := c.http.Do(ctx, r)
	if err != nil {
		return err
	}
	return pgw.ReadAnswer(op, resp, into)
}
