// Package merchant is the wire client of the payment gateway mpac-pgw for a merchant's server (protocol section 4): it signs every
// request with the merchant's secret, creates PaymentIntents, lists them, captures payments that were made elsewhere, and
// hands the merchant's hierarchy over.
//
// It is for servers: a secret key does not belong on a terminal, and this package is not bound into the Android library. The
// terminal gets the payment token of a PaymentIntent and uses package pgw.
//
// The signature is a pure function ([Scheme.Sign], [Scheme.Verify]) with published vectors in testdata. The gateway's guide is the
// default; the two other forms its pages show are legacy, chosen by name for a client and never tried in turn.
//
// A secret's hash is as good as the secret: the gateway's column secret_key_hash is itself the key of the default scheme. Guard
// both alike.
//
// Creating is done at most once: its idempotency key is on disk before the first byte goes out, a lost answer is
// outcome_unknown, and creating again under the same merchant_ref_id asks for that answer.
//
// A [Client] is safe for concurrent use.
package merchant
