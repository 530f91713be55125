package pay

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// AuthorizerOptions set up an Authorizer. URL and either TrustedCA or SystemRoots are needed.
type AuthorizerOptions struct {
	// URL is the whole https:// address of the call.
	URL string
	// TrustedCA is the PEM text of the only CAs that are trusted.
	TrustedCA []byte
	// SystemRoots trusts the machine's own roots instead of TrustedCA.
	SystemRoots bool
	// Timeout is the deadline of one question, its repetition included. Zero is 10 s.
	Timeout time.Duration
	// Clock is trusted time. Nil: a new one over the machine's.
	Clock *clock.Clock
	// Log gets one debug line a call, without bodies and queries. Nil logs nothing.
	Log *slog.Logger
}

// Authorizer asks the Authorization service, as Pay does for every request. It remembers nothing: every request is a question.
type Authorizer struct {
	http *httpx.Client
	path string
}

// NewAuthorizer returns an authorizer; Close it. Nothing is sent. Errors: invalid_config.
func NewAuthorizer(o AuthorizerOptions) (*Authorizer, error) {
	address, err := url.Parse(o.URL)
	if err != nil || address.Scheme != "https" || address.Host == "" || address.Path == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return nil, fault.New(fault.InvalidConfig, "pay: options", "URL must be the whole https:// address of the authorize call")
	}
	c, err := httpx.New(httpx.Options{
		BaseURL: "https://" + address.Host, TrustedCA: o.TrustedCA, SystemRoots: o.SystemRoots, Timeout: o.Timeout, Clock: o.Clock, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Authorizer{http: c, path: address.EscapedPath()}, nil
}

// Close ends idle connections.
func (a *Authorizer) Close() { a.http.Close() }

// Authorize asks whether a request with these headers may call an endpoint: method and URL, of which host and query do not count.
// Only the six headers are passed on. Errors: [*Error] with status 400, 401 or 403 when it may not; anything else is a fault, and
// then the request must not pass: answer it 503.
func (a *Authorizer) Authorize(ctx context.Context, headers http.Header, method, requestURL string) (Grant, error) {
	const op = "pay: authorize"
	six := map[string]string{}
	for _, name := range []string{HeaderPublicKey, HeaderBuyerIP, HeaderDate, HeaderToken, HeaderID, HeaderSource} {
		if values := headers.Values(name); len(values) == 1 { // one that is there twice is no header anybody signed
			six[name] = values[0]
		}
	}
	body, err := json.Marshal(authorizeRequest{Headers: six, Method: method, URL: requestURL})
	if err != nil {
		return Grant{}, fault.Wrap(fault.Internal, op, err)
	}
	resp, err := a.http.Do(ctx, httpx.Request{Method: http.MethodPost, Path: a.path, Body: body, Idempotent: true})
	if err != nil {
		return Grant{}, err
	}
	if resp.Status != http.StatusOK {
		return Grant{}, refusal(op, resp)
	}
	var grant Grant
	if err := json.Unmarshal(resp.Body, &grant); err != nil || grant.MerchantCode == "" {
		return Grant{}, fault.New(fault.BadResponse, op, "HTTP 200 without a merchant code")
	}
	return grant, nil
}
