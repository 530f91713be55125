// Package pay is the wire client of the Pay service and of the Authorization service behind it (protocol section 8), for servers: a
// merchant's secret key does not belong on a terminal, and this package is not bound into the Android library.
//
// [Token] is the x-token as a pure function, with published vectors in testdata. [Client.Do] sends any call of Pay with the six
// headers and reads the error envelope; the single endpoints are not wrapped. [Authorizer] is the other side's question: may
// this request do that?
//
// Method, path and body of a request are not signed: nothing protects them but TLS, and a token can be used again within its time.
//
// What the vendor left open is in wire.go. Everything is safe for concurrent use.
package pay
