// Package macs is the wire client of MACS, the access control server (protocol section 1): its six /pos calls.
//
// A call ends in one of three ways, kept apart by type. It succeeds; it is refused, which is an answer ([*Refused], with the
// server's code and text); or it got no answer that can be read or none this terminal may act on (a [fault.Fault]:
// network_unavailable, timeout, tls_untrusted, clock_wrong, server_error, rate_limited, bad_response, not_authorized,
// protocol_error, cancelled). The order in which an answer is read is fixed in answer.go.
//
// A Client signs nothing itself: [Options.Sign] wraps the connection for every call but Pair. It is safe for concurrent use. Close
// it when it is no longer needed.
package macs

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Options set up a Client. BaseURL and either TrustedCA or SystemRoots are needed.
type Options struct {
	// BaseURL is https://host[:port][/path].
	BaseURL string
	// TrustedCA is the PEM text of the only CAs that are trusted (protocol section 1.1).
	TrustedCA []byte
	// SystemRoots trusts the machine's own roots instead of TrustedCA.
	SystemRoots bool
	// Sign adds the terminal's signature to every request but Pair's: a pairing.Transport. Nil sends them unsigned.
	Sign func(http.RoundTripper) http.RoundTripper
	// Clock is trusted time: the one of the offline.Store, which remembers it. Nil: a new one over the machine's.
	Clock *clock.Clock
	// Log gets one debug line a call, without bodies and queries. Nil logs nothing.
	Log *slog.Logger
	// Paths replaces paths of a server that differs. Zero values are the defaults.
	Paths Paths
	// MaxListBytes is the largest list that is downloaded. Zero is 2 GiB, about 30 million hashes.
	MaxListBytes int64
}

// Client calls MACS.
type Client struct {
	plain, signed *httpx.Client
	paths         Paths
	maxList       int64
}

// New returns a client; Close it. Nothing is sent. Errors: invalid_config.
func New(o Options) (*Client, error) {
	if o.MaxListBytes == 0 {
		o.MaxListBytes = 2 << 30
	}
	plain, err := httpx.New(httpx.Options{BaseURL: o.BaseURL, TrustedCA: o.TrustedCA, SystemRoots: o.SystemRoots, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, err
	}
	signed := plain
	if o.Sign != nil {
		signed = plain.Wrapped(o.Sign)
	}
	return &Client{plain: plain, signed: signed, paths: o.Paths.withDefaults(), maxList: o.MaxListBytes}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.plain.Close() }

// Pair binds a public key (DER SubjectPublicKeyInfo) to a serial number with a pairing code. Refusals are faults:
// pairing_code_rejected, already_paired, key_rejected. It is sent once: the server is not idempotent on pair.
func (c *Client) Pair(ctx context.Context, serialNumber, code string, publicKey []byte) error {
	const op = "macs: pair"
	body := pairRequest{SerialNumber: serialNumber, PairingCode: code, PublicKey: base64.StdEncoding.EncodeToString(publicKey)}
	resp, err := call(ctx, c.plain, httpx.Request{Method: http.MethodPost, Path: c.paths.Pair}, body)
	if err != nil {
		return err
	}
	var answer pairAnswer
	err = read(op, resp, &answer)
	if err == nil && answer.Status != "paired" {
		err = fault.New(fault.BadResponse, op, "the answer does not say paired")
	}
	return pairFault(op, resp, err)
}

// NotSent reports whether a call ended before a byte of it went out, so that it cannot have had an effect.
func NotSent(err error) bool { return httpx.NotSent(err) }

// Card is what is sent of a card.
type Card struct {
	// PAN is 12–19 ASCII digits.
	PAN []byte
	// Expiry is YYMM, Service FAST_LINE or LOUNGE, EntryMode CHIP, CONTACTLESS, SWIPE or MANUAL; each may be empty.
	Expiry, Service, EntryMode string
}

// Access is the server's leave to enter.
type Access struct {
	AccessID  string
	MaxGuests int
	// Life is how long the access can be confirmed.
	Life time.Duration
}

// CheckEntry asks whether a card may enter. requestID makes a repeated check the same check (ours; a foreign server ignores
// it), so the call itself is sent once.
func (c *Client) CheckEntry(ctx context.Context, card Card, requestID string, timeout time.Duration) (Access, error) {
	const op = "macs: check entry"
	body := checkRequest{PAN: string(card.PAN), ExpiryDate: card.Expiry, Service: card.Service, EntryMode: card.EntryMode, RequestID: requestID}
	resp, err := call(ctx, c.signed, httpx.Request{Method: http.MethodPost, Path: c.paths.CheckEntry, Timeout: timeout}, body)
	if err != nil {
		return Access{}, err
	}
	var answer checkAnswer
	if err := read(op, resp, &answer); err != nil {
		return Access{}, err
	}
	access := Access{AccessID: answer.AccessID, Life: defaultHold}
	if answer.ExpiresIn != nil && *answer.ExpiresIn < 0 {
		return Access{}, fault.New(fault.BadResponse, op, "negative expiresIn")
	}
	if answer.ExpiresIn != nil {
		access.Life = time.Duration(min(*answer.ExpiresIn, 86_400)) * time.Second
	}
	switch {
	case access.AccessID == "" || len(access.AccessID) > 128:
		return Access{}, fault.New(fault.BadResponse, op, "no usable accessId")
	case answer.MaxGuests == nil || *answer.MaxGuests < 0:
		return Access{}, fault.New(fault.BadResponse, op, "no usable maxGuests")
	}
	access.MaxGuests = *answer.MaxGuests
	return access, nil
}

// ConfirmEntry confirms an access with a number of guests. Asked again with the same number it is the same entry, so a lost
// answer is asked for once more within timeout. Refusals are faults: access_not_found, invalid_guests, already_confirmed.
func (c *Client) ConfirmEntry(ctx context.Context, accessID string, guests int, timeout time.Duration) error {
	const op = "macs: confirm entry"
	request := httpx.Request{Method: http.MethodPost, Path: c.paths.ConfirmEntry, Timeout: timeout, Idempotent: true}
	resp, err := call(ctx, c.signed, request, confirmRequest{AccessID: accessID, Guests: guests})
	if err != nil {
		return err
	}
	var answer confirmAnswer
	err = read(op, resp, &answer)
	if err == nil && answer.Status != "confirmed" {
		return fault.New(fault.BadResponse, op, "the answer does not say confirmed")
	}
	return confirmFault(op, err)
}

// Report is one offline entry for MACS.
type Report struct {
	EntryID    string
	PANHash    [sha256.Size]byte
	Guests     int
	Reason     string // WHITELIST or BIN_RANGE
	OccurredAt time.Time
	RequestID  string
}

// Rejected is a row that the server refused.
type Rejected struct {
	EntryID, ErrorCode, Message string
}

// OfflineReports sends entries that were made offline, at most 100. Rows are told apart by EntryID, so sending them again is
// safe; again says that some of them may have been sent before. All rows that are not in the result were taken: an answer whose
// numbers do not account for every row is bad_response. A batch refused whole with HTTP 422 is [*Refused].
func (c *Client) OfflineReports(ctx context.Context, reports []Report, again bool) ([]Rejected, error) {
	const op = "macs: report entries"
	body := reportsRequest{Entries: make([]reportRow, len(reports))}
	for i, r := range reports {
		body.Entries[i] = r.row()
	}
	resp, err := call(ctx, c.signed, httpx.Request{Method: http.MethodPost, Path: c.paths.OfflineReports, Idempotent: true}, body)
	if err != nil {
		return nil, err
	}
	var answer reportsAnswer
	if err := read(op, resp, &answer); err != nil {
		return nil, reportFault(op, err)
	}
	if !answer.accountsFor(len(reports), again) {
		return nil, fault.New(fault.BadResponse, op, "the answer does not account for every entry that was sent")
	}
	sent := make(map[string]string, len(reports)) // a server may give an id back in the other case
	for _, r := range reports {
		sent[strings.ToLower(r.EntryID)] = r.EntryID
	}
	rejected := make([]Rejected, len(answer.Rejected))
	for i, r := range answer.Rejected {
		id, known := sent[strings.ToLower(r.EntryID)]
		if !known {
			return nil, fault.New(fault.BadResponse, op, "the answer refuses an entry that was not sent")
		}
		rejected[i] = Rejected{EntryID: id, ErrorCode: clip(r.ErrorCode, 64), Message: clip(r.Message, 200)}
	}
	return rejected, nil
}

// accountsFor reports whether the numbers add up to the rows that were sent. A server that counts accepted rows alone may leave
// out those that it had already, so a smaller number is believed only when some were sent before.
func (a reportsAnswer) accountsFor(rows int, again bool) bool {
	if a.Accepted == nil || *a.Accepted < 0 || *a.Accepted > rows {
		return false
	}
	if a.Duplicates == nil {
		return again || *a.Accepted+len(a.Rejected) == rows
	}
	return *a.Duplicates >= 0 && *a.Accepted+*a.Duplicates+len(a.Rejected) == rows
}

func call(ctx context.Context, client *httpx.Client, r httpx.Request, body any) (*httpx.Response, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "macs: encode request", err)
	}
	r.Body = encoded
	return client.Do(ctx, r)
}
