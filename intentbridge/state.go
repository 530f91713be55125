package intentbridge

import "fmt"

// State is where a card payment stands.
type State string

// States of a card payment.
const (
	// Open: the Intent went out, or was about to, and there is no result. Nobody here knows whether the card was charged.
	Open State = "open"
	// Settled: the result is known, from the Credit Card App or from the operator.
	Settled State = "settled"
	// Recording: the result is to be recorded in a payment of the backend, which has not answered yet.
	Recording State = "recording"
	// Recorded: the backend has the result.
	Recorded State = "recorded"
)

// states are all of them.
var states = []State{Open, Settled, Recording, Recorded}

// event is what happens to a card payment.
type event string

const (
	settle   event = "settle"   // a result came, or the operator said what happened
	record   event = "record"   // the result is to be recorded
	answered event = "answered" // the backend has it
)

// next is the state after an event. A result is never replaced by another one.
func next(s State, e event) (State, error) {
	switch {
	case e == settle && s == Open:
		return Settled, nil
	case e == record && (s == Settled || s == Recording):
		return Recording, nil
	case e == answered && s == Recording:
		return Recorded, nil
	}
	return s, fmt.Errorf("intentbridge: %s cannot happen to a card payment that is %s", e, s)
}
