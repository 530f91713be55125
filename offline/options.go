package offline

import (
	"crypto/sha256"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// Defaults of Options.
const (
	DefaultListWarnAge   = 26 * time.Hour
	DefaultListMaxAge    = 48 * time.Hour
	DefaultMaxGuests     = 3
	DefaultMaxPending    = 1000
	DefaultPerCardPerDay = 2
)

// syncEvery is the daily refresh of protocol section 1.4.
const syncEvery = 24 * time.Hour

// MAC is HMAC-SHA256 under a key that the store of keys holds.
type MAC func(message []byte) ([sha256.Size]byte, error)

// Options set up a Store. Dir is needed. Without both Whitelist and Chain the store keeps settings and trusted time alone: the
// journal and the lists of the folder stay as they are, and what needs a key is refused.
type Options struct {
	// Dir is the data folder; it is made with mode 0700. A relative one is looked for in the working folder, at Open.
	Dir string
	// Time is the device's clock; the store remembers what was learnt about it. Nil is the machine's.
	Time clock.Source
	// Whitelist hashes PANs as the server does.
	Whitelist MAC
	// Chain proves journal rows.
	Chain MAC
	// ListWarnAge and ListMaxAge: from the first on a list is called old, from the second on it decides nothing. Zero is 26 h
	// and 48 h.
	ListWarnAge, ListMaxAge time.Duration
	// MaxGuests is the most guests of an offline entry. Nil is 3; 0 allows none.
	MaxGuests *int
	// MaxPending is how many entries may wait for upload before offline checks are denied. Zero is 1000.
	MaxPending int
	// PerCardPerDay is how many offline entries a card may have on one UTC day. Zero is 2.
	PerCardPerDay int
	// Log gets what an engineer needs to know; never a PAN or a hash. Nil logs nothing.
	Log *slog.Logger

	settingsOnly bool
}

// noEntries is the keys of a store that keeps settings alone.
func noEntries([]byte) ([sha256.Size]byte, error) {
	return [sha256.Size]byte{}, fault.New(fault.InvalidConfig, "offline: key", "this store was opened without the keys that entries need")
}

func (o Options) checked() (Options, error) {
	bad := func(detail string) (Options, error) {
		return o, fault.New(fault.InvalidConfig, "offline: options", detail)
	}
	switch {
	case o.Dir == "":
		return bad("dataDir is missing")
	case (o.Whitelist == nil) != (o.Chain == nil):
		return bad("Whitelist and Chain are needed, or neither")
	case o.ListWarnAge < 0:
		return bad("listWarnAge cannot be negative")
	case o.ListMaxAge < 0:
		return bad("listMaxAge cannot be negative")
	case o.MaxGuests != nil && *o.MaxGuests < 0:
		return bad("maxGuests cannot be negative")
	case o.MaxPending < 0:
		return bad("maxPending cannot be negative")
	case o.PerCardPerDay < 0:
		return bad("perCardPerDay cannot be negative")
	}
	// SQLite would take the first folder of a relative path for a host.
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fault.Wrap(fault.InvalidConfig, "offline: options", err)
	}
	o.Dir = dir
	if o.Whitelist == nil {
		o.Whitelist, o.Chain = noEntries, noEntries
		o.settingsOnly = true
	}
	if o.Time == nil {
		o.Time = clock.System{}
	}
	if o.ListWarnAge == 0 {
		o.ListWarnAge = DefaultListWarnAge
	}
	if o.ListMaxAge == 0 {
		o.ListMaxAge = DefaultListMaxAge
	}
	if o.MaxGuests == nil {
		guests := DefaultMaxGuests
		o.MaxGuests = &guests
	}
	if o.MaxPending == 0 {
		o.MaxPending = DefaultMaxPending
	}
	if o.PerCardPerDay == 0 {
		o.PerCardPerDay = DefaultPerCardPerDay
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
