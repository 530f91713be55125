package offline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

const (
	listedPAN  = "4111111111111111"
	rangedPAN  = "5155000000000000"
	unknownPAN = "6011000000000004"
)

// storeWithLists is a store that synced once, at noon.
func storeWithLists(t *testing.T, set func(*Options)) (*Store, *clock.Fake) {
	t.Helper()
	source := clock.NewFake(testNoon)
	o := testOptions(t.TempDir(), source)
	if set != nil {
		set(&o)
	}
	s := openStore(t, o)
	client, _ := ServeMACS(t, NewListServer("1", []string{listedPAN}, [][2]string{{"5150", "5159"}}))
	_, err := s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	return s, source
}

func decide(t *testing.T, s *Store, pan string) Decision {
	t.Helper()
	hash, err := s.HashPAN([]byte(pan))
	require.NoError(t, err)
	d, err := s.Decide([]byte(pan), hash)
	require.NoError(t, err)
	return d
}

// enterPAN makes an offline entry of a card.
func enterPAN(t *testing.T, s *Store, pan string) string {
	t.Helper()
	hash, err := s.HashPAN([]byte(pan))
	require.NoError(t, err)
	a := grant(t, s, hash)
	_, _, err = s.Confirm(t.Context(), nil, a.ID, 0, 0)
	require.NoError(t, err)
	return a.ID
}

func TestDecide(t *testing.T) {
	t.Parallel()
	fresh, _ := newStore(t)
	require.Equal(t, Decision{Reason: ListMissing}, decide(t, fresh, listedPAN))
	s, _ := storeWithLists(t, nil)
	version := s.Lists().Version
	require.Equal(t, Decision{Allowed: true, Reason: InWhitelist, MaxGuests: DefaultMaxGuests, ListVersion: version}, decide(t, s, listedPAN))
	require.Equal(t, Decision{Allowed: true, Reason: InBINRange, MaxGuests: DefaultMaxGuests, ListVersion: version}, decide(t, s, rangedPAN))
	require.Equal(t, Decision{Reason: NotListed, ListVersion: version}, decide(t, s, unknownPAN))
	none := 0
	s, _ = storeWithLists(t, func(o *Options) { o.MaxGuests = &none })
	require.Zero(t, decide(t, s, listedPAN).MaxGuests)
}

// TestListAge: from 26 h on a list is old and decides, from 48 h on it decides nothing, also after a restart with the
// device's clock moved back.
func TestListAge(t *testing.T) {
	t.Parallel()
	s, source := storeWithLists(t, nil)
	for _, step := range []struct {
		pass    time.Duration
		allowed bool
		old     bool
		reason  Reason
	}{
		{DefaultListWarnAge - 1, true, false, InWhitelist},
		{1, true, true, InWhitelist},
		{DefaultListMaxAge - DefaultListWarnAge - 1, true, true, InWhitelist},
		{1, false, true, ListStale},
	} {
		source.Advance(step.pass)
		d := decide(t, s, listedPAN)
		require.Equal(t, step.allowed, d.Allowed)
		require.Equal(t, step.old, d.ListOld)
		require.Equal(t, step.reason, d.Reason)
		require.Equal(t, step.old, s.Lists().Old)
		require.Equal(t, !step.allowed, s.Lists().Stale)
	}
	source.Move(-72 * time.Hour)
	s = reopen(t, s)
	require.Equal(t, ListStale, decide(t, s, listedPAN).Reason, "a clock moved back makes no list younger")
}

// TestRecentRefusal: a card that the server turned away stays turned away offline for 24 h, whatever the lists say.
func TestRecentRefusal(t *testing.T) {
	t.Parallel()
	s, source := storeWithLists(t, nil)
	hash, err := s.HashPAN([]byte(listedPAN))
	require.NoError(t, err)
	require.NoError(t, s.Refuse(hash, fault.LimitExceeded, false))
	require.True(t, decide(t, s, listedPAN).Allowed, "not to be remembered")
	require.NoError(t, s.Refuse(hash, fault.LimitExceeded, true))
	source.Advance(refusalLife - time.Second)
	for range 2 {
		d := decide(t, s, listedPAN)
		require.Equal(t, RecentRefusal, d.Reason)
		require.Equal(t, fault.LimitExceeded, d.RefusalCode)
		require.True(t, decide(t, s, rangedPAN).Allowed, "another card")
		s = reopen(t, s)
	}
	source.Advance(time.Second)
	require.True(t, decide(t, s, listedPAN).Allowed)
}

// TestPerCardPerDay: two entries of a card on one UTC day; a voided one does not count, and midnight UTC begins anew.
func TestPerCardPerDay(t *testing.T) {
	t.Parallel()
	s, source := storeWithLists(t, nil)
	first := enterPAN(t, s, listedPAN)
	require.True(t, decide(t, s, listedPAN).Allowed)
	enterPAN(t, s, listedPAN)
	require.Equal(t, Limit, decide(t, s, listedPAN).Reason)
	require.True(t, decide(t, s, rangedPAN).Allowed, "another card")
	s = reopen(t, s)
	require.Equal(t, Limit, decide(t, s, listedPAN).Reason, "a restart forgets nothing")
	_, err := s.Void(first)
	require.NoError(t, err)
	require.True(t, decide(t, s, listedPAN).Allowed)
	enterPAN(t, s, listedPAN)
	source.Advance(12*time.Hour - 1)
	require.Equal(t, Limit, decide(t, s, listedPAN).Reason)
	source.Advance(1)
	require.True(t, decide(t, s, listedPAN).Allowed, "a new UTC day")
}

// TestMaxPending: a full journal denies until an upload empties it.
func TestMaxPending(t *testing.T) {
	t.Parallel()
	s, _ := storeWithLists(t, func(o *Options) { o.MaxPending = 2 })
	enter(t, s, 1)
	require.True(t, decide(t, s, listedPAN).Allowed)
	enter(t, s, 1)
	require.Equal(t, Limit, decide(t, s, listedPAN).Reason)
	s = reopen(t, s)
	require.Equal(t, Limit, decide(t, s, listedPAN).Reason)
	client, _ := ServeMACS(t, newReportServer())
	_, err := s.Upload(t.Context(), client, 0, nil)
	require.NoError(t, err)
	require.True(t, decide(t, s, listedPAN).Allowed)
}
