package ws

import "slices"

// remembered is how many handled events are known by their id: as many as can come again because an acknowledgement was lost.
const remembered = 256

// gapsAllowed is how many connections in a row may fail to bring the events that are missing.
const gapsAllowed = 2

// verdict is what to do with an event.
type verdict string

const (
	deliver   verdict = "deliver"
	duplicate verdict = "duplicate" // handled before: acknowledge it again
	gap       verdict = "gap"       // events are missing before it: resume on a new connection
	unclosed  verdict = "unclosed"  // they are missing for good: the listener must read the state anew, then deliver
)

// order judges events as they come: each once and in order. It is used by one goroutine.
type order struct {
	last Position
	// known holds the ids of the last handled events, at the end the newest.
	known []string
	// free: the next event need not join on to last, as after resync_required.
	free bool
	// gaps counts connections that ended in a gap since the last handled event.
	gaps int
}

// begin is for the first event of a connection: it must join on to the last handled one.
func (o *order) begin() { o.free = false }

// judge says what to do with an event of the current connection.
func (o *order) judge(e Event) verdict {
	seq := o.last.Seq
	switch {
	case e.ID == o.last.ID || slices.Contains(o.known, e.ID):
		if e.Seq == seq+1 { // the server numbered it anew; what follows joins on to this number
			o.last.Seq = e.Seq
		}
		return duplicate
	case seq == 0, o.free, e.Seq == seq+1:
		return deliver
	case e.Seq <= seq:
		return duplicate
	case o.gaps < gapsAllowed:
		o.gaps++
		return gap
	}
	return unclosed
}

// handled makes e the last event.
func (o *order) handled(e Event) {
	o.last, o.free, o.gaps = Position{ID: e.ID, Seq: e.Seq}, false, 0
	if len(o.known) == remembered {
		o.known = slices.Delete(o.known, 0, 1)
	}
	o.known = append(o.known, e.ID)
}
