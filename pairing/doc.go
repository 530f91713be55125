// Package pairing binds a terminal to MACS and signs its requests (protocol sections 1.2 and 1.3).
//
// [Pairing.Pair] makes the RSA-2048 key once, in the key store, and sends its public half with the 8-digit code. Its state is
// on disk before the first byte goes out: unpaired → pending → paired. A lost answer leaves it pending; the next Pair gets
// "already paired" from the server and proves with one signed request that the stored key is this one. A refusal is never
// repeated by itself: the server drops a code after five wrong ones.
//
// [Transport] signs every other request with a fresh RS256 JWT (sub, iat, exp = iat + 60 s) in trusted time.
//
// Pair and Unpair exclude each other; everything is safe for concurrent use.
package pairing
