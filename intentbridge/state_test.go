package intentbridge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every pair of state and event, so that a new one has to be decided about.
func TestEveryPairOfStateAndEvent(t *testing.T) {
	t.Parallel()
	want := map[State]map[event]State{
		Open:      {settle: Settled},
		Settled:   {record: Recording},
		Recording: {record: Recording, answered: Recorded},
		Recorded:  {},
	}
	require.Len(t, want, len(states))
	for _, state := range states {
		for _, e := range []event{settle, record, answered} {
			got, err := next(state, e)
			to, allowed := want[state][e]
			if !allowed {
				require.ErrorContains(t, err, string(state), "%s when %s", e, state)
				require.Equal(t, state, got, "nothing moves")
				continue
			}
			require.NoError(t, err, "%s when %s", e, state)
			require.Equal(t, to, got, "%s when %s", e, state)
		}
	}
}
