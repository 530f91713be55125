// Package posstream is the client application of the POS Event Stream (protocol section 7): it listens, every POS terminal on site
// connects to it, and orders, order changes and tenders arrive as encrypted events.
//
// [Listen] gives a [Client], which serves many POS at once until Close. For each connection it takes the POS's RSA key, answers
// with a new AES-256 key and the integrator's key id and secret under it, and then opens, checks, gives out and acknowledges
// events. What an event means is left to [Handler]; names of events beside create_order are open, so every name is passed on.
//
// Order is kept per connection and a handler runs once at a time per connection; handlers of different connections run side by
// side. An event is acknowledged after the handler returned nil, and a POS sends again what was not acknowledged: delivery is at
// least once on the wire and once to the handler, for the last 65,536 msg_ids of all connections. Nothing is stored: after a
// restart an event can come again, so handle it by its msg_id.
//
// Whoever connects is given the secret. Options.Allow says who may; without it that is loopback alone. docs/event-stream.md is the
// protocol in full and says which of it is ours; wire.go holds all of that.
//
// [RSA] and [Cipher] are the two layers of encryption by themselves, for whoever writes a POS side in Go.
//
// All methods of a Client and a Cipher are safe for concurrent use.
package posstream
