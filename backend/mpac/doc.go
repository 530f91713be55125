// Package mpac is the wire client of MPAC behind its API gateway (protocol section 2): svc-portal, which makes a device known
// and gives it tokens ([Portal]), and svc-smarttab, which keeps orders, bills and payments ([Smarttab]).
//
// A [Portal] signs nothing: provisioning, token and key sets are called without a token. A [Smarttab] shares its connections
// and sends through a round tripper that adds the token, a deviceauth.Transport.
//
// Every call that changes something carries an idempotency key, and with a [Memory] the call is on disk before its first byte
// goes out. When no answer comes it is [Unanswered], code outcome_unknown: it may have been done. Asking again with the same
// key, by hand or with [Smarttab.Resolve], tells, and does it at most once.
//
// Amounts are integer yen ([Yen]); a fraction in an answer makes it unreadable. What the vendor left open is in wire.go.
//
// Everything is safe for concurrent use.
package mpac
