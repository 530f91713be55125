// Package fault is the library's closed list of error codes and what to do about each.
//
// A [Code] is a stable string, append-only: apps, scripts and translations build on it. [Code.Info] says what it means,
// whether a retry can help, who must act, whether it needs the network, and carries a default English text and an
// i18n key. A [Fault] is an error with a code: the operation that failed and the cause behind it. [CodeOf] finds the
// code in any error chain, so callers never compare texts.
//
// The refusals of MACS check_entry (protocol section 1.5) are in the same list under the server's own upper-case names:
// [Refusal] reads a server's code, misspelt or unknown.
//
// The package is a leaf: standard library only. Everything in it is immutable and safe for concurrent use.
package fault
