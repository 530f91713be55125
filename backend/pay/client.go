package pay

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Options set up a Client. BaseURL, Caller and either TrustedCA or SystemRoots are needed.
type Options struct {
	// BaseURL is https://host[:port][/path].
	BaseURL string
	// TrustedCA is the PEM text of the only CAs that are trusted.
	TrustedCA []byte
	// SystemRoots trusts the machine's own roots instead of TrustedCA.
	SystemRoots bool
	// Caller signs every call.
	Caller Caller
	// Timeout is the deadline of one call, its repetition included. Zero is 10 s.
	Timeout time.Duration
	// Clock is trusted time. Nil: a new one over the machine's, corrected by Pay's answers.
	Clock *clock.Clock
	// Log gets one debug line a call, without bodies and queries. Nil logs nothing.
	Log *slog.Logger
}

// Client calls Pay.
type Client struct {
	http   *httpx.Client
	caller Caller
	clock  *clock.Clock
}

// New returns a client; Close it. Nothing is sent. Errors: invalid_config.
func New(o Options) (*Client, error) {
	if err := o.Caller.check("pay: options"); err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = clock.New(clock.System{}, clock.State{})
	}
	c, err := httpx.New(httpx.Options{BaseURL: o.BaseURL, TrustedCA: o.TrustedCA, SystemRoots: o.SystemRoots, Timeout: o.Timeout, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err
	}
	return &Client{http: c, caller: o.Caller, clock: o.Clock}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.Close() }

// Request is any call of Pay.
type Request struct {
	// Method in upper case.
	Method string
	// Path begins with "/"; it may carry a query.
	Path string
	// BuyerIP is the buyer's address, IPv4 or IPv6; it is needed, and signed as it is.
	BuyerIP string
	// Source replaces the caller's channel for this call. Optional.
	Source string
	// Body is JSON, nil for none.
	Body []byte
	// Header has further headers, such as x-google-analytics-client-id. The six are set by the client.
	Header http.Header
}

// Response is a success, as it came.
type Response struct {
	Status int
	// Body is JSON, empty with 204.
	Body []byte
}

// Data decodes what a success carries. Errors: bad_response.
func (r Response) Data(into any) error {
	const op = "pay: data"
	var e Envelope
	if err := json.Unmarshal(r.Body, &e); err != nil || e.Data == nil {
		return fault.New(fault.BadResponse, op, "no data")
	}
	if err := json.Unmarshal(e.Data, into); err != nil {
		return fault.New(fault.BadResponse, op, "data of another form")
	}
	return nil
}

// methods that Pay's endpoints have.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// Do signs and sends a call. A GET without an answer is asked once more; anything else is sent once, and is outcome_unknown when it
// went out and no answer came, or one that does not say that nothing was done: 408, 5xx, a redirect, a login page. Errors: [*Error]
// for an answer that is no success, within outcome_unknown too; invalid_request, and those of a call without an answer.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	const op = "pay: call"
	if !slices.Contains(methods, r.Method) || !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, " #\r\n") {
		return Response{}, fault.New(fault.InvalidRequest, op, `the method must be one of Pay's and the path begin with "/"`)
	}
	if r.Body != nil && !json.Valid(r.Body) {
		return Response{}, fault.New(fault.InvalidRequest, op, "the body must be JSON")
	}
	caller := c.caller
	if r.Source != "" {
		caller.Source = r.Source
	}
	signed, err := caller.Headers(r.BuyerIP, c.clock.Estimate())
	if err != nil {
		return Response{}, err
	}
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	for name, values := range signed {
		header[name] = values
	}
	reading := r.Method == http.MethodGet
	resp, err := c.http.Do(ctx, httpx.Request{Method: r.Method, Path: r.Path, Header: header, Body: r.Body, Idempotent: reading})
	if err != nil {
		if reading || httpx.NotSent(err) {
			return Response{}, err
		}
		return Response{}, unknown(op, err)
	}
	if err = answered(op, resp); err == nil {
		return Response{Status: resp.Status, Body: resp.Body}, nil
	}
	if code, none := httpx.NoAnswer(resp.Status); reading || code == fault.RateLimited || (!none && resp.Status >= 300) {
		return Response{}, err
	}
	return Response{}, unknown(op, err)
}

// answered says why an answer is no success.
func answered(op string, resp *httpx.Response) error {
	if resp.Status < 200 || resp.Status > 299 {
		return refusal(op, resp)
	}
	if len(resp.Body) > 0 && !json.Valid(resp.Body) {
		return fault.New(fault.BadResponse, op, "no JSON; is there a login page in the way?")
	}
	return nil
}

func unknown(op string, err error) error {
	return &fault.Fault{Code: fault.OutcomeUnknown, Op: op, Detail: "no answer came; look before making the call again", Err: err}
}
