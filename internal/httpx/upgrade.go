package httpx

import (
	"context"
	"net/http"
)

// HTTP gives the client beneath, for a protocol that begins as an HTTP request and goes on as its own, such as a WebSocket. It
// trusts what the options trust, corrects trusted time and follows no redirect; deadlines and limits are the caller's.
func (c *Client) HTTP() *http.Client { return c.http }

// Classify turns a transport error of that client's handshake into a fault and drops the URL that it may hold.
func Classify(ctx context.Context, op string, err error) error {
	return classify(ctx, op, err, false)
}
