package ws

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every pair of state and event has one outcome; nothing else moves a channel.
func TestNext(t *testing.T) {
	t.Parallel()
	allowed := map[State]map[event]State{
		Connecting: {upgraded: Greeting, lost: Waiting, refused: Ended, closed: Ended},
		Greeting:   {welcomed: Online, lost: Waiting, refused: Ended, closed: Ended},
		Online:     {lost: Waiting, refused: Ended, closed: Ended},
		Waiting:    {due: Connecting, closed: Ended},
		Ended:      {closed: Ended},
	}
	for _, state := range []State{Connecting, Greeting, Online, Waiting, Ended} {
		for _, e := range []event{upgraded, welcomed, lost, due, refused, closed} {
			want, ok := allowed[state][e]
			got, err := next(state, e)
			if !ok {
				require.Error(t, err, "%s while %s", e, state)
				require.Equal(t, state, got, "%s while %s", e, state)
				continue
			}
			require.NoError(t, err, "%s while %s", e, state)
			require.Equal(t, want, got, "%s while %s", e, state)
		}
	}
}

// Full jitter: anything from nothing to the window, which doubles from 1 s to 60 s and stays there.
func TestPauses(t *testing.T) {
	t.Parallel()
	most := func() float64 { return 1 }
	var p pauses
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		require.Equal(t, want*time.Second, p.next(most))
	}
	require.Zero(t, p.next(func() float64 { return 0 }))
	for range 10_000 { // a shift that overflows would be a pause of nothing, or of years
		require.LessOrEqual(t, p.next(most), lastWindow)
	}
	p.reset()
	require.Equal(t, 500*time.Millisecond, p.next(func() float64 { return 0.5 }))
}

func TestULID(t *testing.T) {
	t.Parallel()
	const ulid = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
	at := time.UnixMilli(1469918176385)
	id := newULID(at)
	require.Regexp(t, ulid, id)
	require.Equal(t, "01ARYZ6S41", id[:10], "the time of the ULID specification's example")
	require.NotEqual(t, id, newULID(at))
	require.Less(t, id, newULID(at.Add(time.Millisecond)), "sorts by time")
}
