package macs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// List is a list being downloaded.
type List struct {
	// NotModified: the server still has the version of the ETag that was sent; Body is empty.
	NotModified bool
	// ETag names this version, "" when the server names none.
	ETag string
	// Body is the JSON of the list. When the server sent a Content-Digest (RFC 9530, sha-256), Read ends with
	// invalid_list instead of io.EOF where it is not that of the body. Close it.
	Body io.ReadCloser
}

// BINRanges downloads the terminal's BIN ranges. etag is that of the version at hand, or "".
func (c *Client) BINRanges(ctx context.Context, etag string) (*List, error) {
	return c.list(ctx, "macs: BIN ranges", c.paths.BINRanges, etag)
}

// WhitelistedPANs downloads the hashes of the whitelist. etag is that of the version at hand, or "".
func (c *Client) WhitelistedPANs(ctx context.Context, etag string) (*List, error) {
	return c.list(ctx, "macs: whitelist", c.paths.WhitelistedPANs, etag)
}

func (c *Client) list(ctx context.Context, op, path, etag string) (*List, error) {
	header := http.Header{}
	if etag != "" {
		header.Set("If-None-Match", etag)
	}
	stream, err := c.signed.Stream(ctx, httpx.Request{Method: http.MethodGet, Path: path, Header: header}, c.maxList)
	if err != nil {
		return nil, err
	}
	list := &List{ETag: stream.Header.Get("ETag"), Body: stream.Body}
	switch stream.Status {
	case http.StatusOK:
	case http.StatusNotModified:
		_ = stream.Body.Close()
		if etag == "" {
			return nil, fault.New(fault.BadResponse, op, "HTTP 304 to a request without If-None-Match")
		}
		return &List{NotModified: true, ETag: etag, Body: http.NoBody}, nil
	default:
		return nil, listFault(op, stream)
	}
	if len(list.ETag) > 256 {
		list.ETag = ""
	}
	if want := digestOf(stream.Header.Values("Content-Digest")); want != nil {
		list.Body = &digestBody{ReadCloser: stream.Body, sum: sha256.New(), want: want, op: op}
	}
	return list, nil
}

// listFault reads a refusal of a list: a short body with a code, by the same closed list as every answer.
func listFault(op string, stream *httpx.Stream) error {
	defer func() { _ = stream.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(stream.Body, 64<<10)) // what cannot be read is an answer without a code
	err := read(op, &httpx.Response{Status: stream.Status, Header: stream.Header, Body: body}, &struct{}{})
	if refused, ok := answered(err); ok {
		if refused.Status == http.StatusForbidden { // a list is for terminals, not about a card: whatever the code, this one is turned away
			return notAuthorized(op, refused.Status)
		}
		return fault.New(fault.ProtocolError, op, fmt.Sprintf("HTTP %d %s", refused.Status, refused.Code))
	}
	return err
}

// digestOf finds the sha-256 member of Content-Digest; nil when there is none that can be read.
func digestOf(values []string) []byte {
	for _, member := range strings.Split(strings.Join(values, ","), ",") {
		name, value, found := strings.Cut(strings.TrimSpace(member), "=")
		if !found || !strings.EqualFold(name, "sha-256") {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(strings.Trim(value, ":"))
		if err != nil || len(sum) != sha256.Size {
			return bytes.Repeat([]byte{0}, sha256.Size) // present but unreadable: nothing can match it
		}
		return sum
	}
	return nil
}

type digestBody struct {
	io.ReadCloser
	sum  hash.Hash
	want []byte
	op   string
}

func (b *digestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.sum.Write(p[:n])
	if errors.Is(err, io.EOF) && subtle.ConstantTimeCompare(b.sum.Sum(nil), b.want) != 1 {
		return n, fault.New(fault.InvalidList, b.op, "the body is not that of its Content-Digest")
	}
	return n, err //nolint:wrapcheck // io.EOF as it is.
}
