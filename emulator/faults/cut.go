package faults

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync"
)

// cut ends the connection within the answer's body; Content-Length still promises the whole, so that a client can tell.
var cut = kind{
	check: func(f Fault) error {
		if f.Bytes < 0 {
			return bad("bytes cannot be negative")
		}
		return nil
	},
	apply: func(f Fault, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&cutWriter{ResponseWriter: w, request: r, left: f.Bytes}, r)
		})
	},
}

type cutWriter struct {
	http.ResponseWriter
	request *http.Request
	left    int
	done    bool
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if c.done {
		return 0, http.ErrAbortHandler
	}
	if len(p) <= c.left {
		n, err := c.ResponseWriter.Write(p)
		c.left -= n
		return n, err
	}
	c.done = true
	n, err := c.ResponseWriter.Write(p[:c.left])
	// What was written has to leave before the connection ends.
	if flusher, ok := c.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	hangUp(c.request)
	return n, errors.Join(err, http.ErrAbortHandler)
}

// Hijack gives a connection that ends within what is written to it: of a socket, the bytes behind the upgrade count.
func (c *cutWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	cut := &cutConn{Conn: conn, left: c.left}
	return cut, bufio.NewReadWriter(buffered.Reader, bufio.NewWriter(cut)), nil
}

type cutConn struct {
	net.Conn
	mu   sync.Mutex
	left int
}

// NetConn is the connection below.
func (c *cutConn) NetConn() net.Conn { return c.Conn }

func (c *cutConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(p) <= c.left {
		n, err := c.Conn.Write(p)
		c.left -= n
		return n, err
	}
	n, err := c.Conn.Write(p[:c.left])
	c.left = 0
	return n, errors.Join(err, below(c.Conn).Close(), net.ErrClosed)
}
