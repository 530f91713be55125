package offline

import (
	"errors"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// Reason is why an offline decision is as it is.
type Reason string

// Reasons of a decision.
const (
	InWhitelist   Reason = "whitelist"
	InBINRange    Reason = "bin_range"
	NotListed     Reason = "not_listed"
	ListMissing   Reason = "list_missing"
	ListStale     Reason = "list_stale"
	RecentRefusal Reason = "recent_refusal"
	Limit         Reason = "limit"
)

// reportReason is the reason as MACS reads it in a report (protocol section 1.4).
func reportReason(reason string) string {
	if Reason(reason) == InBINRange {
		return "BIN_RANGE"
	}
	return "WHITELIST"
}

// Decision is what the lists say about a card.
type Decision struct {
	Allowed bool
	Reason  Reason
	// MaxGuests of an allowed card.
	MaxGuests int
	// RefusalCode is the server's code behind recent_refusal.
	RefusalCode fault.Code
	// ListVersion and ListAge name the lists that decided; "" and 0 when there are none. ListOld: past the age to warn at.
	ListVersion string
	ListAge     time.Duration
	ListOld     bool
}

// Decide answers from the lists: a card that the server turned away in the last 24 h is denied, then missing and stale lists
// deny, then the whitelist and after it the BIN ranges admit, up to the limits per card and day and of waiting entries. It
// never waits for the network, and writes only when it finds a list damaged. pan is the PAN that hash was made of.
func (s *Store) Decide(pan []byte, hash PANHash) (Decision, error) {
	now := s.clock.Now()
	if err := s.turnDay(dayOf(now)); err != nil {
		return Decision{}, err
	}
	d, damaged, err := s.decide(now, pan, hash)
	if damaged != "" { // noted, so that the next sync fetches it whole, after a restart too
		s.options.Log.Error("the whitelist file is damaged and counts as missing", "file", damaged)
		if err := s.write("offline: decide", func(c *change) error { return setSetting(c, settingDamaged, damaged) }); err != nil {
			s.options.Log.Error("the damage could not be noted", "fault", string(fault.CodeOf(err)))
		}
	}
	return d, err
}

// decide also gives the name of a file that it found damaged.
func (s *Store) decide(now time.Time, pan []byte, hash PANHash) (d Decision, damaged string, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return Decision{}, "", closedFault("offline: decide")
	}
	if s.lists != nil {
		d.ListVersion, d.ListAge = s.lists.Version, max(0, now.Sub(s.lists.ReceivedAt))
		d.ListOld = d.ListAge >= s.options.ListWarnAge
	}
	if r, refused := s.refusals[hash]; refused && now.Unix() < r.until {
		d.Reason, d.RefusalCode = RecentRefusal, r.code
		return d, "", nil
	}
	switch {
	case s.lists == nil || s.lists.damaged.Load():
		d.Reason = ListMissing
		return d, "", nil
	case d.ListAge >= s.options.ListMaxAge:
		d.Reason = ListStale
		return d, "", nil
	}
	reason, err := s.lists.find(pan, hash)
	if err = stored("offline: decide", err); errors.Is(err, fault.StorageDamaged) {
		d.Reason = ListMissing
		if s.lists.damaged.CompareAndSwap(false, true) {
			damaged = s.lists.Whitelist.File
		}
		return d, damaged, nil
	} else if err != nil {
		return d, "", err
	}
	switch {
	case reason == NotListed:
		d.Reason = NotListed
	case s.pending >= s.options.MaxPending || s.perCard[hash] >= s.options.PerCardPerDay:
		d.Reason = Limit
	default:
		d.Allowed, d.Reason, d.MaxGuests = true, reason, *s.options.MaxGuests
	}
	return d, "", nil
}

// turnDay counts anew when the UTC day of trusted time is another than the counts are of.
func (s *Store) turnDay(day int64) error {
	s.mu.RLock()
	same := s.day == day || s.closed
	s.mu.RUnlock()
	if same {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.isClosed() {
		return closedFault("offline: decide")
	}
	counts, err := s.countDay(day)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.day, s.perCard = day, counts
	return nil
}
