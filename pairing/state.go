package pairing

import "fmt"

// State is where a terminal stands.
type State string

// States of a terminal.
const (
	// Unpaired: no key of this terminal is known to be at the server.
	Unpaired State = "unpaired"
	// Pending: a key was sent and the answer is not known.
	Pending State = "pending"
	// Paired: the server has the key.
	Paired State = "paired"
)

// event is what happens to a terminal.
type event string

const (
	sending   event = "sending"   // the key is about to be sent
	accepted  event = "accepted"  // the server took the key, or proved to have it
	refused   event = "refused"   // the server refused code or key, or has another one's
	forgotten event = "forgotten" // Unpair
)

// next is the state after an event.
func next(s State, e event) (State, error) {
	switch e {
	case forgotten:
		return Unpaired, nil
	case sending: // also from paired: the server unpaired it meanwhile, or the key was lost
		return Pending, nil
	case accepted:
		if s == Pending {
			return Paired, nil
		}
	case refused:
		if s == Pending {
			return Unpaired, nil
		}
	}
	return s, fmt.Errorf("pairing: %s cannot happen while %s", e, s)
}
