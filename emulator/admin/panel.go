package admin

import (
	_ "embed" // the panel
	"net/http"
)

//go:embed panel.html
var panelPage []byte

//go:embed panel.js
var panelCode []byte

//go:embed mpac.js
var mpacCode []byte

//go:embed payments.js
var paymentsCode []byte

//go:embed posstream.js
var posStreamCode []byte

// panel is the page of the operator. It holds no secret: it asks for the token and keeps it in the browser's session.
func panel(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(panelPage) // a browser may hang up
}

// script serves code of the panel.
func script(code []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(code) // a browser may hang up
	}
}
