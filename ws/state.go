package ws

import "fmt"

// State is where a channel stands.
type State string

// States of a channel.
const (
	// Connecting: a token is fetched and the upgrade is under way.
	Connecting State = "connecting"
	// Greeting: upgraded; hello is out and the welcome has not come.
	Greeting State = "greeting"
	// Online: welcomed; events arrive.
	Online State = "online"
	// Waiting: a pause before the next connection.
	Waiting State = "waiting"
	// Ended: closed, or refused for good.
	Ended State = "ended"
)

// event is what happens to a channel.
type event string

const (
	upgraded event = "upgraded" // the server took the connection
	welcomed event = "welcomed" // the server answered hello
	lost     event = "lost"     // an attempt failed or a connection ended; trying again can help
	due      event = "due"      // the pause is over, or the network came back
	refused  event = "refused"  // the server refused for good
	closed   event = "closed"   // Close
)

// next is the state after an event.
func next(s State, e event) (State, error) {
	switch {
	case e == closed:
		return Ended, nil
	case s == Ended:
	case e == refused && s != Waiting:
		return Ended, nil
	case e == lost && s != Waiting:
		return Waiting, nil
	case e == due && s == Waiting:
		return Connecting, nil
	case e == upgraded && s == Connecting:
		return Greeting, nil
	case e == welcomed && s == Greeting:
		return Online, nil
	}
	return s, fmt.Errorf("ws: %s cannot happen while %s", e, s)
}
