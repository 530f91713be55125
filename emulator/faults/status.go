package faults

import (
	"encoding/json"
	"io"
	"net/http"
)

// status answers without processing the request.
var status = kind{
	ends: true,
	check: func(f Fault) error {
		if f.Status < 200 || f.Status > 599 {
			return bad("status must be 200 to 599")
		}
		return nil
	},
	apply: func(f Fault, _ http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if json.Valid([]byte(f.Body)) { // otherwise the server guesses, HTML or plain text
				w.Header().Set("Content-Type", "application/json")
			}
			w.WriteHeader(f.Status)
			_, _ = io.WriteString(w, f.Body) // a client that is gone needs no answer
		})
	},
}
