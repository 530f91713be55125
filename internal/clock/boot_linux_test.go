package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The cheap reading stands only while nothing hints at a sleep: the wall clock runs on while the monotonic one stands still.
func TestTheKernelIsAskedAfterASleepAndOnceASecond(t *testing.T) {
	t.Parallel()
	now := time.Now()
	a := &anchor{now: now, boot: time.Hour}
	boot, ok := a.follow(now.Add(400 * time.Millisecond))
	require.True(t, ok)
	require.Equal(t, time.Hour+400*time.Millisecond, boot)
	_, ok = a.follow(now.Add(askEvery))
	require.False(t, ok, "a second has passed")
	_, ok = a.follow(now.Round(0).Add(8 * time.Hour))
	require.False(t, ok, "asleep for a night")
	_, ok = (*anchor)(nil).follow(now)
	require.False(t, ok)
	asleep := &anchor{now: now.Add(-8 * time.Hour).Round(0), boot: time.Hour}
	_, ok = asleep.follow(now)
	require.False(t, ok)
}

func TestElapsedFollowsTheKernelAndNeverGoesBack(t *testing.T) {
	t.Parallel()
	last := time.Duration(0)
	for range 10_000 {
		now := System{}.Elapsed()
		require.GreaterOrEqual(t, now, last)
		last = now
	}
	var ts unix.Timespec
	require.NoError(t, unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts))
	require.InDelta(t, float64(ts.Nano()), float64(last), float64(100*time.Millisecond))
}

func BenchmarkElapsed(b *testing.B) {
	for b.Loop() {
		_ = System{}.Elapsed()
	}
}
