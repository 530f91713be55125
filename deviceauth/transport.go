package deviceauth

import (
	"net/http"

	"github.com/smartpos-go/terminal/fault"
)

// Transport adds a token to each request. When the server refuses it with HTTP 401, the request is sent once more with a new
// token: the refusal came before anything was done.
type Transport struct {
	// Next sends.
	Next http.RoundTripper
	// Source gives the tokens.
	Source *Source
}

// RoundTrip authorizes and sends. Errors: token_refused when a fresh token was refused too, those of Source.Token and of Next.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := t.Source.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := t.send(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	again := req.Clone(req.Context())
	if req.Body != nil {
		if req.GetBody == nil {
			t.Source.Refused(token) // it cannot be sent twice, but the next one gets another token
			return resp, nil
		}
		if again.Body, err = req.GetBody(); err != nil {
			return resp, nil //nolint:nilerr // the first answer stands.
		}
	}
	_ = resp.Body.Close()
	if !t.Source.Refused(token) {
		closeBody(again)
		return nil, refused()
	}
	if token, err = t.Source.Token(req.Context()); err != nil {
		closeBody(again)
		return nil, err
	}
	resp, err = t.send(again, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	_ = resp.Body.Close()
	return nil, refused()
}

func refused() error {
	return fault.New(fault.TokenRefused, "deviceauth: send", "HTTP 401 for a fresh token")
}

func (t Transport) send(req *http.Request, token Token) (*http.Response, error) {
	signed := req.Clone(req.Context())
	signed.Header.Set("Authorization", "Bearer "+token.Bearer())
	return t.Next.RoundTrip(signed) //nolint:wrapcheck // classified by the client.
}

// closeBody does what http.RoundTripper owes when it fails.
func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
