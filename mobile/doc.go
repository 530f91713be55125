// Package mobile is the library as apps see it: the one package that gobind binds into the AAR.
//
// [Open] gives a [Terminal]. Every method that can wait takes an [Op], which cancels it from any thread, and has a deadline of
// its own. Requests and results that are more than a scalar are JSON with "v":1; testdata holds one golden file for each.
// Errors carry a stable code: hand a caught exception to [ErrorCode] or [ErrorInfo].
//
// The types follow gobind's rules: scalars, strings and []byte only, no exported fields, byte slices copied both ways. Panics
// become errors with code internal. Everything is safe for concurrent use; Close is idempotent, later calls fail with closed.
package mobile
