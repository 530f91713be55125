package faults

import "net/http"

// dropAnswer processes the request and resets the connection instead of answering.
var dropAnswer = kind{apply: func(_ Fault, next http.Handler) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&discard{header: http.Header{}}, r)
		abort(r)
	})
}}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
