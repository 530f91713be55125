// Package deviceauth is a device's identity at MPAC: its activation and its access tokens (protocol sections 2.2 to 2.4).
//
// A [Device] has an EC P-256 key, made once in the key store. [Device.Request] asks the portal for an activation code, which a
// person enters there, and [Device.Await] polls until that happened; what is known is on disk, so both go on after a kill. A
// server that registers clients by hand gives a client id instead: then there is nothing to activate.
//
// A [Source] gives tokens that live a minute or two. It asks for one with an assertion signed by the device's key (RFC 7523,
// ES256, the strictest form), refreshes it on use once 70 % of its life are over, and never gives one out with less than 10 s
// left. One request is under way at a time, on a goroutine of its own: a caller that leaves takes nothing with it, and no caller
// waits longer than its own context. A failure makes the next request wait, 1 s doubling to 60 s with jitter, and is forgotten
// with the first success. Nothing needs a restart, whatever the server, the clock or the key store do.
//
// [Transport] adds tokens to requests and renews one that was refused, once.
//
// Everything is safe for concurrent use.
package deviceauth
