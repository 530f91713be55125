package faults

import (
	"net"
	"net/http"
)

// refuse closes connections before TLS, when they have no path and no serial number yet.
var refuse = kind{check: func(f Fault) error {
	if f.Path != "" || f.SerialNumber != "" {
		return bad("refuse acts before TLS and takes neither path nor serialNumber")
	}
	return nil
}}

// Listener closes the accepted connections that a refuse fault hits.
type Listener struct {
	net.Listener
	Table  *Table
	System string
}

// Accept waits for a connection that no fault refuses.
func (l Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || len(l.Table.take(true, l.System, "", "")) == 0 {
			return conn, err
		}
		_ = conn.Close()
	}
}

// Refused ends a request on a connection that was open before a refuse fault came into force: while it stands there is no
// network, for kept connections too. It reports whether it did, which is a hit.
func (t *Table) Refused(system string, r *http.Request) bool {
	refused := len(t.take(true, system, "", "")) > 0
	if refused {
		abort(r)
	}
	return refused
}
