// Package pgw is the wire client of the payment gateway mpac-pgw as a terminal or a payment page uses it (protocol section 4): with a
// payment token for one PaymentIntent. It retrieves, confirms and cancels the PaymentIntent, lists its transactions, and waits
// for its end. It knows no secret of a merchant; the calls that a merchant's server signs are in package merchant below it.
//
// A payment token travels in the query of a GET, as the gateway's guide has it. Queries are in no error and no log of this
// package; [Options.Bearer] keeps the token out of addresses altogether.
//
// A confirmation's idempotency key is on disk before its first byte goes out. When its answer is lost the PaymentIntent is asked;
// what cannot be told then is outcome_unknown, and confirming again, also after a restart, is safe: a PaymentIntent is
// confirmed at most once.
//
// Refusals of the gateway are [*Refused], with the gateway's own code and the fault it means. What the vendor left open is in wire.go.
//
// A [Client] is safe for concurrent use.
package pgw
