package merchant

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// transport signs every request as it goes out, a repeated one anew: its time is another.
type transport struct {
	next   http.RoundTripper
	signer *Signer
	prefix string // path of the base URL, which is not signed
	clock  *clock.Clock
}

// RoundTrip signs a copy of the request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil { // bytes of ours
			return nil, fault.Wrap(fault.Internal, "merchant: sign", err)
		}
		if err := req.Body.Close(); err != nil {
			return nil, fault.Wrap(fault.Internal, "merchant: sign", err)
		}
	}
	signed := req.Clone(req.Context())
	if req.Body != nil {
		signed.Body = io.NopCloser(bytes.NewReader(body))
	}
	m := Message{Method: req.Method, Path: strings.TrimPrefix(req.URL.EscapedPath(), t.prefix), Timestamp: t.clock.Estimate().Unix(), Body: body}
	signed.Header.Set("Authorization", t.signer.Header(m))
	return t.next.RoundTrip(signed) //nolint:wrapcheck // classified once, by the client.
}

// CloseIdleConnections passes on.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
