package offline

import (
	"io"
	"sync"
)

// Sizes of a readAhead: chunks of many TLS records, for waking the other side costs as much as reading one.
const (
	aheadChunks = 4
	aheadBytes  = 128 << 10
)

// readAhead reads a download in a goroutine of its own, so that decrypting and verifying it go on while what came before is
// sorted into partitions. Read is not safe for concurrent use; Close is called once, after the last Read.
type readAhead struct {
	body    io.ReadCloser
	spare   chan []byte // empty
	full    chan []byte // in order; closed after the last
	stop    chan struct{}
	running sync.WaitGroup

	chunk, rest []byte // rest is the unread end of chunk
	err         error  // of the body, final once full is closed
}

func newReadAhead(body io.ReadCloser) *readAhead {
	r := &readAhead{
		body: body, spare: make(chan []byte, aheadChunks), full: make(chan []byte, aheadChunks), stop: make(chan struct{}),
	}
	for range aheadChunks {
		r.spare <- make([]byte, aheadBytes)
	}
	r.running.Go(r.run)
	return r
}

func (r *readAhead) run() {
	defer close(r.full)
	for r.err == nil {
		var chunk []byte
		select {
		case chunk = <-r.spare:
		case <-r.stop:
			return
		}
		n := 0
		for n < len(chunk) && r.err == nil {
			var read int
			read, r.err = r.body.Read(chunk[n:])
			n += read
		}
		r.full <- chunk[:n]
	}
}

// Read gives the bytes of the body and then its error.
func (r *readAhead) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.chunk != nil {
			r.spare <- r.chunk[:aheadBytes]
			r.chunk = nil
		}
		chunk, more := <-r.full
		if !more {
			return 0, r.err
		}
		r.chunk, r.rest = chunk, chunk
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close closes the body, which ends a read under way, and waits for the goroutine.
func (r *readAhead) Close() error {
	close(r.stop)
	err := r.body.Close()
	r.running.Wait()
	return err //nolint:wrapcheck // nothing to add.
}
