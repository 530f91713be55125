package clock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/internal/clock"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestTimePasses(t *testing.T) {
	t.Parallel()
	src := clock.NewFake(noon)
	c := clock.New(src, clock.State{})
	require.Equal(t, noon, c.Now())
	src.Advance(90 * time.Minute)
	require.Equal(t, noon.Add(90*time.Minute), c.Now())
}

func TestClockMovedBackNeverMakesYounger(t *testing.T) {
	t.Parallel()
	src := clock.NewFake(noon)
	c := clock.New(src, clock.State{})
	src.Advance(72 * time.Hour)
	high := c.Now()
	src.Move(-720 * time.Hour)
	require.Equal(t, high, c.Now(), "within one run time goes on from where it was")
	require.True(t, c.Status().MovedBack)

	again := clock.New(src, c.State())
	require.False(t, again.Now().Before(high), "after a restart too")
	require.True(t, again.Status().MovedBack)
	src.Advance(time.Hour)
	require.Equal(t, high.Add(time.Hour), again.Now(), "and it goes on from there")
}

func TestClockMovedForwardIsBelievedUntilAServerSaysOtherwise(t *testing.T) {
	t.Parallel()
	src := clock.NewFake(noon)
	c := clock.New(src, clock.State{})
	src.Move(30 * 24 * time.Hour)
	require.Equal(t, noon.Add(30*24*time.Hour), c.Now())

	moved := c.Observe(noon, 0)
	require.Equal(t, -30*24*time.Hour, moved)
	require.Equal(t, noon, c.Now())
	require.Equal(t, -30*24*time.Hour, c.Status().Offset)
	require.Equal(t, noon, c.State().HighWater, "an observation may lower the high-water mark")

	src.Advance(time.Minute)
	require.Equal(t, noon.Add(time.Minute), clock.New(src, c.State()).Now(), "the offset survives a restart")
}

func TestEstimateDoesNotClimbToTheHighWaterMark(t *testing.T) {
	t.Parallel()
	src := clock.NewFake(noon)
	c := clock.New(src, clock.State{Offset: time.Minute, HighWater: noon.Add(72 * time.Hour)})
	require.Equal(t, noon.Add(72*time.Hour), c.Now())
	require.Equal(t, noon.Add(time.Minute), c.Estimate())
	c.Observe(noon.Add(5*time.Minute), 0)
	require.Equal(t, noon.Add(5*time.Minute), c.Estimate())
	require.Equal(t, c.Estimate(), c.Now())
}

func TestAfterAnObservationTheDeviceClockMovesNothing(t *testing.T) {
	t.Parallel()
	src := clock.NewFake(noon)
	c := clock.New(src, clock.State{})
	c.Observe(noon, 0)
	src.Move(5 * time.Hour)
	require.Equal(t, noon, c.Now())
	src.Move(-50 * time.Hour)
	src.Advance(time.Second)
	require.Equal(t, noon.Add(time.Second), c.Now())
}

func TestObserveKeepsAnEstimateThatAgrees(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		date  time.Time
		rtt   time.Duration
		moved time.Duration
	}{
		"same second":                  {date: noon},
		"date of a second ago":         {date: noon.Add(-time.Second)},
		"answer was 4 s on its way":    {date: noon.Add(-5 * time.Second), rtt: 4 * time.Second},
		"5 s behind, answered at once": {date: noon.Add(-5 * time.Second), moved: -5 * time.Second},
		"5 s ahead":                    {date: noon.Add(5 * time.Second), rtt: 4 * time.Second, moved: 5 * time.Second},
		"no date":                      {},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.New(clock.NewFake(noon), clock.State{})
			require.Equal(t, tt.moved, c.Observe(tt.date, tt.rtt))
			require.Equal(t, noon.Add(tt.moved), c.Now())
		})
	}
}

func TestSystemRuns(t *testing.T) {
	t.Parallel()
	s := clock.System{Offset: time.Hour}
	require.WithinDuration(t, time.Now().Add(time.Hour), s.Wall(), time.Minute)
	first := s.Elapsed()
	require.Eventually(t, func() bool { return s.Elapsed() > first }, time.Second, time.Millisecond)
}
