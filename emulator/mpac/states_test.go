package mpac

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every pair of state and event, as protocol section 2.4 and conflict C6 have them: what is not named here is a conflict.
func TestEveryPairOfStateAndEvent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		machine machine
		states  string
		events  string
		moves   []string // state event next
	}{
		"device": {
			machine: deviceStates, states: "pending active suspended decommissioned", events: "activate resume suspend decommission release",
			moves: []string{
				"pending activate active",
				"active resume active", "active suspend suspended", "active decommission decommissioned", "active release pending",
				"suspended resume active", "suspended suspend suspended", "suspended decommission decommissioned", "suspended release pending",
				"decommissioned decommission decommissioned",
			},
		},
		"order": {
			machine: orderStates, states: "open billed completed cancelled", events: "change bill cancel settle",
			moves: []string{"open change open", "open bill billed", "open cancel cancelled", "billed settle completed"},
		},
		"bill": {
			machine: billStates, states: "pending partial paid cancelled", events: "part_pay full_pay split combine",
			moves: []string{
				"pending part_pay partial", "pending full_pay paid", "pending split pending", "pending combine cancelled",
				"partial part_pay partial", "partial full_pay paid",
			},
		},
		"payment": {
			machine: paymentStates, states: "pending processing completed failed refunded cancelled", events: "process complete fail cancel refund",
			moves: []string{
				"pending process processing", "pending complete completed", "pending fail failed", "pending cancel cancelled",
				"processing complete completed", "processing fail failed", "processing cancel cancelled",
				"completed refund refunded", "refunded refund refunded",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			states, events := strings.Fields(tt.states), strings.Fields(tt.events)
			require.Len(t, tt.machine, len(states), "states of the machine")
			moves := map[string]string{}
			for _, move := range tt.moves {
				parts := strings.Fields(move)
				moves[parts[0]+" "+parts[1]] = parts[2]
			}
			for state, row := range tt.machine {
				require.Contains(t, states, state)
				for event := range row {
					require.True(t, slices.Contains(events, event), "event %s", event)
				}
			}
			for _, state := range states {
				for _, event := range events {
					next, err := tt.machine.next(state, event)
					if want, allowed := moves[state+" "+event]; allowed {
						require.NoError(t, err, "%s %s", state, event)
						require.Equal(t, want, next, "%s %s", state, event)
						continue
					}
					var r *refusal
					require.True(t, errors.As(err, &r), "%s %s", state, event)
					require.Equal(t, 409, r.status)
					require.Equal(t, state, next, "a refused event leaves the state")
				}
			}
		})
	}
}
