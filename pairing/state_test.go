package pairing

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNext: every pair of state and event has one outcome; nothing else moves a terminal.
func TestNext(t *testing.T) {
	t.Parallel()
	allowed := map[State]map[event]State{
		Unpaired: {sending: Pending, forgotten: Unpaired},
		Pending:  {sending: Pending, accepted: Paired, refused: Unpaired, forgotten: Unpaired},
		Paired:   {sending: Pending, forgotten: Unpaired},
	}
	for _, state := range []State{Unpaired, Pending, Paired} {
		for _, e := range []event{sending, accepted, refused, forgotten} {
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
