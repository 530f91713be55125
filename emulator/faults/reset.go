package faults

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// reset resets the connection; the request is not processed.
var reset = kind{ends: true, apply: func(Fault, http.Handler) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { abort(r) })
}}

type connectionKey struct{}

// WithConnection is the ConnContext of a server whose connections faults may end.
func WithConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// abort ends the request's connection with a TCP reset.
func abort(r *http.Request) {
	if tcp, ok := rawConnection(r).(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // Close then discards what is unsent and sends RST
		_ = tcp.Close()
	}
}

// hangUp closes the request's connection below TLS, without its goodbye.
func hangUp(r *http.Request) {
	if conn := rawConnection(r); conn != nil {
		_ = conn.Close()
	}
}

func rawConnection(r *http.Request) net.Conn {
	conn, _ := r.Context().Value(connectionKey{}).(net.Conn)
	if secured, ok := conn.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return conn
}
