package mpac

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// maxBody is the largest body of an operation in bytes; an open operation is kept with its body.
const maxBody = 256 << 10

// Scopes gives the scopes of the token that a request would carry, nil when they are not known.
type Scopes func(ctx context.Context) ([]string, error)

// Smarttab calls svc-smarttab: orders, bills, payments. Make one with NewSmarttab. It lives as long as its Portal.
type Smarttab struct {
	portal *Portal
	http   *httpx.Client
	scopes Scopes
	calls  calls
}

// NewSmarttab returns a client that shares the portal's connections.
func NewSmarttab(p *Portal, o SmarttabOptions) *Smarttab {
	s := &Smarttab{portal: p, http: p.api, scopes: o.Scopes, calls: calls{memory: o.Memory, now: p.clock.Now}}
	if o.Authorize != nil {
		s.http = p.api.Wrapped(o.Authorize)
	}
	return s
}

// Operation is one call of any path.
type Operation struct {
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string
	// Path is appended to the base URL and may carry a query: "/api/v1/orders".
	Path string
	// Body is JSON, sent as it is; nil sends none.
	Body []byte
	// Key is the idempotency key of an operation that changes something: 1 to 100 printable ASCII characters without space.
	// Empty makes one.
	Key string
}

// Answer is the server's answer, whatever its status.
type Answer struct {
	Status int
	// Body as it came; empty for none. That of a 2xx is JSON.
	Body []byte
	// Key is the idempotency key that was sent; empty for a GET.
	Key string
}

// Unanswered is an operation that went out and got no answer: it may have been done. Its code is outcome_unknown. Ask again with
// the same key.
type Unanswered struct {
	// Key is the idempotency key it was sent with.
	Key string
	*fault.Fault
}

// Unwrap gives the fault.
func (u *Unanswered) Unwrap() error { return u.Fault }

func unanswered(op, key string, err error) error {
	return &Unanswered{key, &fault.Fault{Code: fault.OutcomeUnknown, Op: op, Detail: "ask again with idempotency key " + key, Err: err}}
}

// Do sends an operation and gives the answer, whatever its status. What changes something is on disk with its key before the
// first byte goes out, is asked for once more under the same key when the answer is lost, and is forgotten when it is answered.
// Errors: invalid_request, scope_missing, conflict for a key that another open operation has, outcome_unknown ([Unanswered]),
// the state of the device, and those of a call without an answer.
func (s *Smarttab) Do(ctx context.Context, o Operation) (Answer, error) {
	const op = "mpac: call"
	if err := o.check(op); err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.portal.timeout)
	defer cancel()
	if err := s.allowed(ctx, op, o); err != nil {
		return Answer{}, err
	}
	request := httpx.Request{Method: o.Method, Path: o.Path, Body: o.Body, Timeout: s.portal.timeout, Idempotent: true}
	if o.Method == http.MethodGet {
		resp, err := s.http.Do(ctx, request)
		if err != nil {
			return Answer{}, err
		}
		return s.answer(op, resp, "")
	}
	again, err := s.calls.begin(op, &o)
	if err != nil {
		return Answer{}, err
	}
	request.Header = http.Header{keyHeader: {o.Key}}
	resp, err := s.http.Do(ctx, request)
	if err != nil {
		return Answer{}, s.lost(op, o.Key, again, err)
	}
	answer, err := s.answer(op, resp, o.Key)
	again = again || resp.Repeated
	switch {
	case fault.CodeOf(err) == fault.BadResponse:
		return answer, unanswered(op, o.Key, err)
	case resp.Status == http.StatusConflict && (resp.Repeated || errorCode(resp.Body) == codeInProgress):
		// The first try may be what is in the way of the second.
		return answer, unanswered(op, o.Key, fail(op, resp.Status, resp.Body))
	case settles(resp.Status, again):
		_ = s.calls.end(o.Key) // the answer counts; a call that cannot be forgotten now is asked for again and answered alike
	case err == nil && resp.Status < 500:
		return answer, unanswered(op, o.Key, fail(op, resp.Status, resp.Body))
	}
	return answer, err
}

// settles reports whether an answer tells what became of an operation. A server that fails may have done it before; one that
// turned an operation away that is asked about again has said nothing of the first time.
func settles(status int, again bool) bool {
	switch {
	case status >= 500, status == http.StatusRequestTimeout:
		return false
	case status == http.StatusTooManyRequests, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return !again
	}
	return true
}

// lost sorts an operation without an answer: nothing went out, or nobody knows.
func (s *Smarttab) lost(op, key string, again bool, err error) error {
	switch fault.CodeOf(err) {
	case fault.NetworkUnavailable, fault.Timeout, fault.BadResponse, fault.ServerError, fault.Cancelled, fault.Internal:
		if again || !httpx.NotSent(err) {
			return unanswered(op, key, err)
		}
	default: // refused on the way: token, device, certificate
		if again {
			return err
		}
	}
	if endErr := s.calls.end(key); endErr != nil {
		return fmt.Errorf("%w (and the call could not be forgotten: %w)", err, endErr)
	}
	return err
}

// answer gives every status but those of the device itself, and a 2xx only with JSON.
func (s *Smarttab) answer(op string, resp *httpx.Response, key string) (Answer, error) {
	if code, is := stateFault(resp.Status, resp.Body); is {
		return Answer{}, fault.New(code, op, describe(resp.Status, resp.Body))
	}
	if resp.Status >= 200 && resp.Status <= 299 && len(resp.Body) > 0 && !json.Valid(resp.Body) {
		return Answer{}, fault.New(fault.BadResponse, op, "no JSON; is there a login page in the way?")
	}
	return Answer{Status: resp.Status, Body: resp.Body, Key: key}, nil
}

func (o Operation) check(op string) error {
	bad := func(detail string) error { return fault.New(fault.InvalidRequest, op, detail) }
	path, _, _ := strings.Cut(o.Path, "?")
	switch {
	case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, o.Method):
		return bad("method must be GET, POST, PUT, PATCH or DELETE")
	case !strings.HasPrefix(path, "/") || !httpx.IsPrintable(o.Path, 2048) || strings.Contains(o.Path, "#") ||
		slices.Contains(strings.Split(path, "/"), ".."):
		return bad(`path must begin with "/", without "..", "#" or a space`)
	case o.Method == http.MethodGet && (o.Body != nil || o.Key != ""):
		return bad("a GET has neither body nor idempotency key")
	case len(o.Body) > maxBody:
		return bad(fmt.Sprintf("body has more than %d bytes", maxBody))
	case o.Body != nil && !json.Valid(o.Body):
		return bad("body must be JSON")
	case o.Key != "" && !httpx.IsPrintable(o.Key, 100):
		return bad("the idempotency key must be 1 to 100 printable ASCII characters without space")
	}
	return nil
}

// allowed refuses what the token's scopes do not allow (protocol section 2.3).
func (s *Smarttab) allowed(ctx context.Context, op string, o Operation) error {
	need := s.portal.paths.scope(o.Path)
	if s.scopes == nil || need == "" {
		return nil
	}
	have, err := s.scopes(ctx)
	if err != nil {
		return err
	}
	if have == nil || slices.Contains(have, need) {
		return nil
	}
	return fault.New(fault.ScopeMissing, op, "the token lacks "+need+"; add it to device.scope of the parameters if the server grants it")
}

// scope is what a path needs: the documented scope of its resource, for reading and changing alike.
func (p Paths) scope(path string) string {
	path, _, _ = strings.Cut(path, "?")
	under := func(resource string) bool { return path == resource || strings.HasPrefix(path, resource+"/") }
	switch {
	case under(p.Orders):
		return ScopeOrder
	case under(p.Bills):
		return ScopeBill
	case under(p.Payments) && strings.HasSuffix(path, "/refund"):
		return ScopeRefund
	case under(p.Payments):
		return ScopePayment
	}
	return ""
}

// newKey makes an idempotency key.
func newKey(op string) (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fault.Wrap(fault.Internal, op, err)
	}
	return id.String(), nil
}

// send is a typed call: it encodes in, and decodes the answer into out unless that is nil.
func (s *Smarttab) send(ctx context.Context, op, method, path, key string, in, out any) error {
	o := Operation{Method: method, Path: path, Key: key}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fault.Wrap(fault.Internal, op, err)
		}
		o.Body = body
	}
	answer, err := s.Do(ctx, o)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", op, err)
	case answer.Status >= 500:
		err = fail(op, answer.Status, answer.Body)
	case answer.Status < 200 || answer.Status > 299:
		return fail(op, answer.Status, answer.Body)
	case out != nil:
		err = decode(op, answer.Body, out)
	}
	if err != nil && answer.Key != "" {
		return unanswered(op, answer.Key, err) // it may have been done, or was and cannot be read
	}
	return err
}

// items reads a list.
func items[T any](ctx context.Context, s *Smarttab, op, path string) ([]T, error) {
	var answer list[T]
	if err := s.send(ctx, op, http.MethodGet, path, "", nil, &answer); err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, fault.New(fault.BadResponse, op, "no items")
	}
	return *answer.Items, nil
}

// Pending is an operation that went out, or was about to, and has no answer. One that is damaged on disk has its Key alone.
type Pending struct {
	Key, Method, Path string
	// Body as it was sent; empty for none.
	Body string
	// StartedAt is trusted time, UTC.
	StartedAt time.Time
}

// Pending lists the operations without an answer, oldest first.
func (s *Smarttab) Pending() ([]Pending, error) { return s.calls.list() }

// Resolve asks for an operation without an answer again, as it was, with its key. Errors: not_found for a key that has none open,
// storage_damaged for one that cannot be read, which is forgotten with this: the backend knows what came of it; and those of Do.
func (s *Smarttab) Resolve(ctx context.Context, key string) (Answer, error) {
	open, err := s.calls.find("mpac: resolve", key)
	if fault.CodeOf(err) == fault.StorageDamaged {
		return Answer{}, errors.Join(err, s.calls.end(key))
	}
	if err != nil {
		return Answer{}, err
	}
	o := Operation{Method: open.Method, Path: open.Path, Key: key}
	if open.Body != "" {
		o.Body = []byte(open.Body)
	}
	return s.Do(ctx, o)
}
