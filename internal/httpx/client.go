package httpx

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// Defaults of Options.
const (
	DefaultTimeout     = 10 * time.Second
	DefaultMaxBody     = 1 << 20
	DefaultIdleTimeout = 20 * time.Second
)

// maxHeader bounds the headers of an answer, in bytes.
const maxHeader = 64 << 10

// Options set up a Client. BaseURL and either TrustedCA or SystemRoots are needed.
type Options struct {
	// BaseURL is https://host[:port][/path]; a slash at its end is dropped.
	BaseURL string
	// TrustedCA is the PEM text of the only CAs that are trusted.
	TrustedCA []byte
	// SystemRoots trusts the device's own roots instead of TrustedCA.
	SystemRoots bool
	// Timeout is the deadline of a call whose request names none. Zero is DefaultTimeout.
	Timeout time.Duration
	// MaxBody is the largest answer Do reads, in bytes. Zero is DefaultMaxBody.
	MaxBody int64
	// IdleTimeout ends a stream that stands still. Zero is DefaultIdleTimeout.
	IdleTimeout time.Duration
	// OneShot gives every request a connection of its own, for requests that must not meet one that died meanwhile.
	OneShot bool
	// Clock is corrected by each answer's Date and says whether certificates are in date. Nil: a new one over the machine's.
	Clock *clock.Clock
	// Log gets one debug line a call. Nil logs nothing.
	Log *slog.Logger
}

func (o Options) checked() (Options, *url.URL, error) {
	base, err := url.Parse(strings.TrimRight(o.BaseURL, "/"))
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return o, nil, fault.New(fault.InvalidConfig, "httpx: options", "baseUrl must be https://host[:port][/path]")
	case base.Scheme != "https":
		return o, nil, fault.New(fault.InvalidConfig, "httpx: options", "baseUrl must start with https://")
	case o.Timeout < 0 || o.IdleTimeout < 0 || o.MaxBody < 0:
		return o, nil, fault.New(fault.InvalidConfig, "httpx: options", "timeouts and limits cannot be negative")
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = DefaultIdleTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Clock == nil {
		o.Clock = clock.New(clock.System{}, clock.State{})
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, base, nil
}

// Client calls one system.
type Client struct {
	options Options
	base    string
	http    *http.Client
}

// New checks the options and returns a Client. Nothing is sent. Errors: invalid_config.
func New(o Options) (*Client, error) {
	o, base, err := o.checked()
	if err != nil {
		return nil, err
	}
	tlsConfig, err := o.tlsConfig(base.Hostname())
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: o.Timeout,
		MaxIdleConns:        8,
		IdleConnTimeout:     time.Minute,
		// net/http would take 10 MiB of headers.
		MaxResponseHeaderBytes: maxHeader,
		// A compressed answer could unpack to any size, and its digest would be of other bytes than ours.
		DisableCompression: true,
	}
	if o.OneShot {
		transport.MaxIdleConnsPerHost = -1
	}
	return &Client{options: o, base: base.String(), http: &http.Client{
		Transport:     observer{next: transport, clock: o.Clock},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Wrapped returns a client that shares the connections and sends through wrap: a signing round tripper.
func (c *Client) Wrapped(wrap func(http.RoundTripper) http.RoundTripper) *Client {
	h := *c.http
	h.Transport = wrap(c.http.Transport)
	return &Client{options: c.options, base: c.base, http: &h}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// observer corrects trusted time from every answer, below whatever signs the request.
type observer struct {
	next  http.RoundTripper
	clock *clock.Clock
}

func (o observer) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := time.Now()
	resp, err := o.next.RoundTrip(req)
	if err != nil {
		return nil, err //nolint:wrapcheck // classified once, by the client.
	}
	if date, parseErr := http.ParseTime(resp.Header.Get("Date")); parseErr == nil {
		o.clock.Observe(date, time.Since(sent))
	}
	return resp, nil
}

func (o observer) CloseIdleConnections() {
	if t, ok := o.next.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// Request is one call.
type Request struct {
	Method string
	// Path is appended to the base URL: "/pos/pair". It may carry a query; the query is never logged.
	Path   string
	Header http.Header
	// Body is sent as JSON unless Header says otherwise. Nil sends none.
	Body []byte
	// Timeout is the deadline of the whole call, its repetition included. Zero is the client's.
	Timeout time.Duration
	// Idempotent allows one repetition after a lost connection, a 429 or a 5xx.
	Idempotent bool
}

// Response is an answer read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Repeated: a first try of this call got no answer or a 5xx, so that it may have had its effect before this one came.
	Repeated bool
}

// Do sends a request and reads the answer, whatever its status, up to MaxBody bytes.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	timeout := r.Timeout
	if timeout == 0 {
		timeout = c.options.Timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return retrying(ctx, r.Idempotent, func() (*Response, error) { return c.once(ctx, r) })
}

func (c *Client) once(ctx context.Context, r Request) (*Response, error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.options.MaxBody+1))
	if err == nil {
		err = ctx.Err() // a server that sees us hang up may end its half answer as if it were whole
	}
	switch {
	case err != nil:
		return nil, classify(ctx, "httpx: read answer", err, true)
	case int64(len(body)) > c.options.MaxBody:
		return nil, fault.New(fault.BadResponse, "httpx: read answer", "larger than the limit")
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// send sends and logs, and leaves the body to the caller.
func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	ctx, wrote := traceSent(ctx)
	req, err := http.NewRequestWithContext(ctx, r.Method, c.base+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, fault.New(fault.Internal, "httpx: make request", "method or path")
	}
	if r.Body == nil {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	for name, values := range r.Header {
		req.Header[name] = values
	}
	began := time.Now()
	resp, err := c.http.Do(req)
	path, _, _ := strings.Cut(r.Path, "?")
	took := time.Since(began).Round(time.Millisecond)
	if err != nil {
		err = classify(ctx, "httpx: send", err, wrote.Load())
		c.options.Log.DebugContext(ctx, "no answer", "method", r.Method, "path", path, "fault", string(fault.CodeOf(err)), "took", took)
		return nil, err
	}
	c.options.Log.DebugContext(ctx, "answer", "method", r.Method, "path", path, "status", resp.StatusCode, "took", took)
	return resp, nil
}

// NotSent reports whether the call ended before a byte of the request went out, so that it cannot have had an effect.
func NotSent(err error) bool {
	var e *unsentError
	return errors.As(err, &e)
}
