package pgw

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/smartpos-go/terminal/backend/pgw/internal/ledger"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
	"github.com/smartpos-go/terminal/internal/secret"
)

// Token is a payment token: whoever holds it may act on its PaymentIntent. It shows in no log and no JSON; string(t) is the token.
type Token = secret.Text

// Memory remembers small values durably; the offline.Store is one.
type Memory = ledger.Memory

// Options set up a Client. BaseURL, Memory and either TrustedCA or SystemRoots are needed.
type Options struct {
	// BaseURL is https://host[:port][/path].
	BaseURL string
	// TrustedCA is the PEM text of the only CAs that are trusted.
	TrustedCA []byte
	// SystemRoots trusts the machine's own roots instead of TrustedCA.
	SystemRoots bool
	// Memory keeps confirmations without an answer over a restart.
	Memory Memory
	// Bearer sends the payment token as Authorization: Bearer, as a gateway with strict tokens wants it, instead of in the query
	// of a GET and in the body of a POST.
	Bearer bool
	// Timeout is the deadline of one call, its repetition included. Zero is 10 s.
	Timeout time.Duration
	// Clock is trusted time. Nil: a new one over the machine's.
	Clock *clock.Clock
	// Log gets one debug line a call, without bodies and queries. Nil logs nothing.
	Log *slog.Logger
	// Paths replaces paths of a gateway that differs. Zero values are the defaults.
	Paths Paths
}

// Client acts on PaymentIntents with their payment tokens.
type Client struct {
	http     *httpx.Client
	paths    Paths
	bearer   bool
	confirms *ledger.Ledger
}

// New returns a client; Close it. Nothing is sent. Errors: invalid_config.
func New(o Options) (*Client, error) {
	if o.Memory == nil {
		return nil, fault.New(fault.InvalidConfig, "pgw: options", "Memory is missing: without it a confirmation that got no answer is lost by a restart")
	}
	if o.Clock == nil {
		o.Clock = clock.New(clock.System{}, clock.State{})
	}
	c, err := httpx.New(httpx.Options{BaseURL: o.BaseURL, TrustedCA: o.TrustedCA, SystemRoots: o.SystemRoots, Timeout: o.Timeout, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err
	}
	return &Client{
		http: c, paths: o.Paths.WithDefaults(), bearer: o.Bearer,
		confirms: &ledger.Ledger{Memory: o.Memory, Prefix: "pgw.confirm.", Now: o.Clock.Now},
	}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.Close() }

// Retrieve gives a PaymentIntent as it stands, which settles a confirmation of it that got no answer. Errors: token_invalid,
// payment_expired, not_found, and those of a call without an answer.
func (c *Client) Retrieve(ctx context.Context, id string, token Token) (Intent, error) {
	const op = "pgw: retrieve"
	var intent Intent
	err := c.get(ctx, op, id, "", token, &intent)
	if err == nil {
		err = intent.check(op, id)
	}
	if code := fault.CodeOf(err); code == fault.PaymentExpired || code == fault.NotFound || (err == nil && intent.Status != RequiresPaymentMethod) {
		c.settle(op, id)
	}
	if err != nil {
		return Intent{}, err
	}
	return intent, nil
}

// settle ends a confirmation whose outcome is known by another way. That it could not be forgotten keeps no answer back: the next
// one forgets it.
func (c *Client) settle(op, id string) {
	if _, begun, err := c.confirms.Find(op, id); begun || err != nil { // one that cannot be read is not needed any more
		_ = c.confirms.End(op, id)
	}
}

// Transactions lists what moved for a PaymentIntent, oldest first. Errors as of Retrieve.
func (c *Client) Transactions(ctx context.Context, id string, token Token) ([]Transaction, error) {
	const op = "pgw: transactions"
	var answer transactionsAnswer
	if err := c.get(ctx, op, id, actionTransaction, token, &answer); err != nil {
		return nil, err
	}
	if answer.Data == nil {
		return nil, fault.New(fault.BadResponse, op, "no data")
	}
	return *answer.Data, nil
}

const (
	maxID    = 100
	maxToken = 300
)

// checkCall refuses what cannot be sent: an id with a slash would be another call.
func checkCall(op, id string, token Token) error {
	switch {
	case !httpx.IsID(id, maxID):
		return fault.New(fault.InvalidRequest, op, "the PaymentIntent's id must be letters, digits, _ and -")
	case !httpx.IsPrintable(string(token), maxToken):
		return fault.New(fault.TokenInvalid, op, "the payment token must be printable ASCII without spaces")
	}
	return nil
}

func (c *Client) path(id, action string) string {
	path := c.paths.Intents + "/" + id
	if action != "" {
		path += "/" + action
	}
	return path
}

func (c *Client) get(ctx context.Context, op, id, action string, token Token, into any) error {
	if err := checkCall(op, id, token); err != nil {
		return err
	}
	request := httpx.Request{Method: http.MethodGet, Path: c.path(id, action), Idempotent: true}
	if c.bearer {
		request.Header = http.Header{"Authorization": {"Bearer " + string(token)}}
	} else {
		request.Path += "?" + url.Values{queryToken: {string(token)}}.Encode()
	}
	resp, err := c.http.Do(ctx, request)
	if err != nil {
		return err
	}
	return ReadAnswer(op, resp, into)
}

// post sends an action once, with its idempotency key unless that is "". Its body is given the token unless that travels as
// Bearer. replayed is true for the answer to an earlier request of this key.
func (c *Client) post(ctx context.Context, op, id, action, key string, token Token, body any) (intent Intent, replayed bool, err error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return Intent{}, false, fault.Wrap(fault.Internal, op, err)
	}
	request := httpx.Request{Method: http.MethodPost, Path: c.path(id, action), Header: http.Header{}, Body: encoded}
	if c.bearer {
		request.Header.Set("Authorization", "Bearer "+string(token))
	}
	if key != "" {
		request.Header[KeyHeader] = []string{key}
	}
	resp, err := c.http.Do(ctx, request)
	if err != nil {
		return Intent{}, false, err
	}
	if err := ReadAnswer(op, resp, &intent); err != nil {
		return Intent{}, false, err
	}
	if err := intent.check(op, id); err != nil {
		return Intent{}, false, err
	}
	return intent, resp.Header.Get(replayedHeader) == "true", nil
}

// inBody is the token where it belongs into a body.
func (c *Client) inBody(token Token) string {
	if c.bearer {
		return ""
	}
	return string(token)
}

// check guards against an answer about something else.
func (i Intent) check(op, id string) error {
	if i.ID != id || i.Status == "" {
		return fault.New(fault.BadResponse, op, "the answer is not about this PaymentIntent")
	}
	return nil
}
