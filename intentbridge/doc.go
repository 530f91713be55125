// Package intentbridge is the contract between a Business App and the Credit Card App on one terminal: two JSON texts that travel
// in an Android Intent and its result (protocol section 6), and the ledger of card payments that were handed over.
//
// [Request] and [Result] are the two texts. [Ledger] gives every request a corr_id that never repeats, has it on disk before the
// Intent can go out, and closes it with the result, once. A payment whose result never came, because an app was killed or the
// result cannot be read, stays open: nobody but the operator, who has the slip, knows whether the card was charged. What was closed
// for a payment of the backend is recorded there, and tried again until the backend has it.
//
// The package imports nothing of Android: the app builds the Intent from a [Launch]. It knows no meaning of a classification code
// and of a corr_id: the vendor explains neither.
//
// A [Ledger] is safe for concurrent use; two ledgers over one memory are not. When a method returns nil, what it did is on disk.
package intentbridge
