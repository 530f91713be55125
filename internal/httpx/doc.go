// Package httpx is the one HTTP client under every backend of the library.
//
// HTTPS only, TLS 1.2 or newer, trusting the CA of the parameters and nothing else unless system roots are asked for. Every
// call has a deadline, every body a limit. Redirects are never followed: a redirect is an answer nobody promised. A call
// is repeated only when its caller says it is idempotent, once, after Retry-After or a short pause, and only within
// its deadline. The Date of each answer corrects trusted time.
//
// Errors are faults: network_unavailable, timeout, tls_untrusted, clock_wrong, bad_response, cancelled. They never hold a
// URL, a header or a body. Logs (log/slog, level debug) hold method, path without query, status and duration.
//
// A Client is safe for concurrent use.
package httpx
