package ws

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func numbered(seq int64) Event {
	return Event{ID: fmt.Sprintf("E%d", seq), Seq: seq, Name: "order.updated"}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	after := func(seqs ...int64) *order {
		o := &order{}
		for _, seq := range seqs {
			o.handled(numbered(seq))
		}
		return o
	}
	renamed := func(seq int64, id string) Event { return Event{ID: id, Seq: seq, Name: "x"} }
	tests := map[string]struct {
		o    *order
		e    Event
		want verdict
	}{
		"the first ever":                          {after(), numbered(7), deliver},
		"the next":                                {after(1, 2), numbered(3), deliver},
		"the last again":                          {after(1, 2), numbered(2), duplicate},
		"an older one again":                      {after(1, 2), numbered(1), duplicate},
		"older than this process":                 {&order{last: Position{"E9", 9}}, numbered(4), duplicate},
		"the last of the process before":          {&order{last: Position{"E9", 9}}, numbered(9), duplicate},
		"an id again under another number":        {after(1, 2), renamed(8, "E1"), duplicate},
		"one is missing":                          {after(1, 2), numbered(4), gap},
		"missing after the process before":        {&order{last: Position{"E9", 9}}, numbered(11), gap},
		"after resync anything goes":              {&order{last: Position{"E9", 9}, free: true}, numbered(40), deliver},
		"after resync the server may count anew":  {&order{last: Position{"E9", 9}, free: true}, renamed(1, "N1"), deliver},
		"two connections did not close the gap":   {&order{last: Position{"E9", 9}, gaps: gapsAllowed}, numbered(11), unclosed},
		"a gap that was closed is none":           {&order{last: Position{"E9", 9}, gaps: gapsAllowed}, numbered(10), deliver},
		"one connection may fail to close it yet": {&order{last: Position{"E9", 9}, gaps: 1}, numbered(11), gap},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, tt.o.judge(tt.e))
		})
	}
}

// A connection begins where the last one got to, also when resync_required freed that one.
func TestOrderJoinsOnAfterAReconnect(t *testing.T) {
	t.Parallel()
	o := &order{last: Position{"E9", 9}, free: true}
	o.begin()
	require.Equal(t, gap, o.judge(numbered(40)))
}

// A server that numbers an event anew does not make the ones after it a gap.
func TestOrderFollowsARenumberedEvent(t *testing.T) {
	t.Parallel()
	o := &order{}
	o.handled(numbered(1))
	require.Equal(t, duplicate, o.judge(Event{ID: "E1", Seq: 2, Name: "x"}))
	require.Equal(t, deliver, o.judge(numbered(3)))
}

func TestOrderRemembersABoundedNumberOfIDs(t *testing.T) {
	t.Parallel()
	o := &order{}
	for seq := range int64(10 * remembered) {
		o.handled(numbered(seq + 1))
	}
	require.Len(t, o.known, remembered)
	require.Equal(t, duplicate, o.judge(Event{ID: o.known[0], Seq: 1 << 40}))
}

// However a server repeats, reorders and resumes, each event is handled once and in order.
func TestOrderHandlesEachOnceAndInOrder(t *testing.T) {
	t.Parallel()
	for round := range 200 {
		random := rand.New(rand.NewPCG(uint64(round), 1))
		o := &order{}
		o.handled(numbered(1)) // the first ever may have any number
		const all = 40
		got := []int64{1}
		for at := int64(2); o.last.Seq < all; {
			switch random.IntN(10) {
			case 0: // repeats
				at = 1 + random.Int64N(at)
			case 1: // loses one, but not of a resume
				at += 1 - int64(o.gaps)
			}
			if at > all {
				at = all
			}
			switch o.judge(numbered(at)) {
			case deliver:
				o.handled(numbered(at))
				got = append(got, at)
				at++
			case duplicate:
				at++
			case gap: // resumes
				o.begin()
				at = o.last.Seq + 1
			case unclosed:
				t.Fatal("every gap can be closed here")
			}
		}
		for i, seq := range got {
			require.Equal(t, int64(i+1), seq)
		}
		require.Len(t, got, all)
	}
}
