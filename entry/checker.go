// Package entry decides whether a card may enter, and makes the decision an entry (protocol sections 1.4 and 1.5).
//
// [Checker.Check] asks MACS first. A refusal is an answer and final. When there is no answer, by the closed list of package
// backend/macs, the lists of package offline decide. [Checker.Confirm] and [Checker.Void] finish what a check began.
//
// Before Check returns an allowed decision its access is on disk; before Confirm asks the server the intent is. A lost answer is
// an unknown outcome, resolved by asking again under the same id, never by a second entry.
//
// A Checker is safe for concurrent use. Every call ends by its deadline.
package entry

import (
	"context"
	"errors"
	"time"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/offline"
)

// DefaultTimeout is how long a check waits for MACS.
const DefaultTimeout = 5 * time.Second

// Mode says which side may answer.
type Mode string

// Modes of a check.
const (
	// PreferOnline asks MACS and decides from the lists when it gives no answer. It is the zero value's meaning.
	PreferOnline Mode = "prefer-online"
	// RequireOnline never decides from the lists: no answer is Unknown.
	RequireOnline Mode = "require-online"
	// ForceOffline sends nothing; it needs Options.AllowForce.
	ForceOffline Mode = "force-offline"
)

// Options set up a Checker. MACS and Store are needed.
type Options struct {
	MACS  *macs.Client
	Store *offline.Store
	// Ready says why the terminal cannot sign now: not_paired or key_lost. Nil is ready.
	Ready func() error
	// Timeout is the deadline of the online try. Zero is 5 s.
	Timeout time.Duration
	// AllowForce lets a caller use ForceOffline.
	AllowForce bool
	// SkipLuhn admits PANs without a valid check digit.
	SkipLuhn bool
}

// Checker decides. Make one with New.
type Checker struct{ o Options }

// New returns a Checker.
func New(o Options) *Checker {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	return &Checker{o: o}
}

// Check decides about a card. Denied and unknown are decisions, not errors. Errors: invalid_card, not_paired, key_lost,
// not_authorized, protocol_error, cancelled and storage faults; after an error nothing was given out.
func (c *Checker) Check(ctx context.Context, card Card, mode Mode) (Decision, error) {
	if err := card.check(!c.o.SkipLuhn); err != nil {
		return Decision{}, err
	}
	switch mode {
	case "", PreferOnline, RequireOnline, ForceOffline:
	default:
		return Decision{}, fault.New(fault.InvalidRequest, "entry: check", "mode must be prefer-online, require-online or force-offline")
	}
	if mode == ForceOffline && !c.o.AllowForce {
		return denied(ReasonOfflineDisabled), nil
	}
	if err := c.o.Ready(); err != nil {
		return Decision{}, err
	}
	hash, err := c.o.Store.HashPAN(card.PAN)
	if err != nil {
		return Decision{}, err
	}
	if mode == ForceOffline {
		return c.offline(card, hash, "")
	}
	return c.online(ctx, card, hash, mode)
}

func (c *Checker) online(ctx context.Context, card Card, hash offline.PANHash, mode Mode) (Decision, error) {
	requestID, err := c.o.Store.BeginCheck(hash)
	if err != nil {
		return Decision{}, err
	}
	given, err := c.o.MACS.CheckEntry(ctx, macs.Card{PAN: card.PAN, Expiry: card.Expiry, Service: card.Service, EntryMode: card.EntryMode}, requestID, c.o.Timeout)
	var refused *macs.Refused
	switch {
	case err == nil:
		access, err := c.o.Store.GrantOnline(hash, requestID, given)
		if err != nil {
			return Decision{}, err
		}
		return allowed(access), nil
	case errors.As(err, &refused):
		if err := c.o.Store.Refuse(hash, refused.Code, staysRefused(refused.Code)); err != nil {
			return Decision{}, err
		}
		return refusal(refused), nil
	case !noAnswer(err):
		return Decision{}, err
	case mode == RequireOnline:
		return unknown(fault.CodeOf(err)), nil
	}
	d, offlineErr := c.offline(card, hash, requestID)
	d.OnlineError = fault.CodeOf(err)
	return d, offlineErr
}

func (c *Checker) offline(card Card, hash offline.PANHash, requestID string) (Decision, error) {
	found, err := c.o.Store.Decide(card.PAN, hash)
	if err != nil {
		return Decision{}, err
	}
	if !found.Allowed {
		return fromLists(denied(Reason(found.Reason)), found), nil
	}
	access, err := c.o.Store.GrantOffline(hash, requestID, found)
	if err != nil {
		return Decision{}, err
	}
	return fromLists(allowed(access), found), nil
}

// noAnswer is the closed list of faults after which the lists decide.
func noAnswer(err error) bool {
	switch fault.CodeOf(err) { //nolint:exhaustive // a closed list; every other fault is an answer or an error.
	case fault.NetworkUnavailable, fault.Timeout, fault.TLSUntrusted, fault.ClockWrong, fault.ServerError, fault.RateLimited, fault.BadResponse:
		return true
	}
	return false
}

// staysRefused: every refusal but those that are not about the card itself holds offline too, so that pulling the cable is no
// way in.
func staysRefused(code fault.Code) bool {
	return code != fault.UnknownDevice && code != fault.TemporarilyBlocked
}

// Confirmation is what became of a Confirm.
type Confirmation struct {
	AccessID string
	Mode     string // offline.Online or offline.Offline
	Guests   int
	// Known is false when MACS gave no answer; the entry is asked for again by the next Confirm with the same guests and by
	// every upload.
	Known bool
}

// Confirm makes an access an entry with a number of guests. Errors: access_not_found, access_expired, invalid_guests,
// already_confirmed, not_authorized, protocol_error and storage faults.
func (c *Checker) Confirm(ctx context.Context, accessID string, guests int) (Confirmation, error) {
	a, known, err := c.o.Store.Confirm(ctx, c.o.MACS, accessID, guests, c.o.Timeout)
	if err != nil {
		return Confirmation{}, err
	}
	return Confirmation{AccessID: a.ID, Mode: a.Mode, Guests: a.Guests, Known: known}, nil
}

// Void takes an access back: an unconfirmed online one is forgotten, an offline one that was not sent is kept and not uploaded.
// Errors: access_not_found, already_reported.
func (c *Checker) Void(accessID string) error {
	_, err := c.o.Store.Void(accessID)
	return err
}
