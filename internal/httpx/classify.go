package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/smartpos-go/terminal/fault"
)

// unsentError marks a failure before the request went out.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

// traceSent tells whether the request's headers were written.
func traceSent(ctx context.Context) (context.Context, *atomic.Bool) {
	var wrote atomic.Bool
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { wrote.Store(true) },
	}), &wrote
}

// classify turns a transport error into a fault. It drops url.Error, which prints the URL.
func classify(ctx context.Context, op string, err error, sent bool) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	f := fault.Wrap(codeOf(ctx, err, sent), op, err)
	if !sent {
		return &unsentError{f}
	}
	return f
}

func codeOf(ctx context.Context, err error, sent bool) fault.Code {
	var known *fault.Fault
	var netErr net.Error
	switch {
	case errors.As(err, &known): // a signing round tripper below said what is wrong, or TLS verification did
		return known.Code
	case errors.Is(context.Cause(ctx), errIdle):
		return fault.Timeout
	case errors.Is(ctx.Err(), context.Canceled):
		return fault.Cancelled
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fault.Timeout
	case sent && (isAlert(err) || isNoTLS(err)):
		return fault.NetworkUnavailable // the handshake was good: it is the connection that broke, under a request that may be carried out
	case isAlert(err), isNoTLS(err), isCertificate(err):
		return fault.TLSUntrusted
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.BadResponse
	case errors.As(err, &netErr) && netErr.Timeout():
		return fault.Timeout
	}
	return fault.NetworkUnavailable
}

// isAlert finds an alert of either side: crypto/tls wraps it in a net.OpError, and does not export its type.
func isAlert(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error")
}

// isNoTLS finds plain HTTP, or anything else, where TLS was promised.
func isNoTLS(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch)
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid)
}

// NoAnswer says which fault an HTTP status is that counts as no answer (contract: the closed list): 408 timeout, 429
// rate_limited, 5xx server_error, and every status that is neither 2xx nor one of 400–405, 409, 422 bad_response.
func NoAnswer(status int) (fault.Code, bool) {
	switch {
	case status == 408:
		return fault.Timeout, true
	case status == 429:
		return fault.RateLimited, true
	case status >= 500 && status <= 599:
		return fault.ServerError, true
	case status >= 200 && status <= 299:
		return "", false
	}
	switch status {
	case 400, 401, 402, 403, 404, 405, 409, 422:
		return "", false
	}
	return fault.BadResponse, true
}
