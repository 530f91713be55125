// Package ws is the device's real-time channel: a WebSocket that tells a terminal at once what changed at the backend
// (protocol section 3; docs/realtime.md is the protocol in full and says which of it is ours).
//
// [Connect] gives a [Channel], which keeps itself connected until Close: it takes a device token into the upgrade, says hello
// with the last event it handled, hands events to the listener one at a time and in order, acknowledges each after the listener
// returned, pings, finds a connection that is dead without saying so, refreshes its token in band, and connects again after a
// pause that doubles from 1 s to 60 s with full jitter. [Channel.NetworkAvailable] ends a pause at once.
//
// Delivery is at least once on the wire and once to the listener, as far as [Memory] remembers: an event is in Memory after the
// listener returned and before the server hears of it, so a process killed in between gets that one event again. A server that
// cannot resume says so, and the listener gets [ResyncRequired]: read the state anew.
//
// What ends a connection for good (another connection of this device, a suspended or decommissioned device) is told once, as an
// [Offline] notice with Final set, and the channel stays down: connect anew when it should try again.
//
// The package does not know what an event means, where a token comes from or where the last event is kept: those are
// [TokenSource], [Memory] and [Listener]. All methods of a Channel are safe for concurrent use, also from within the listener.
package ws
