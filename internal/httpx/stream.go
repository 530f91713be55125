package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// errIdle is why a stream that stood still was ended.
var errIdle = errors.New("no byte for too long")

// Stream is an answer whose body is read as it comes.
type Stream struct {
	Status int
	Header http.Header
	// Body ends with an error of the package's faults: timeout when it stood still, bad_response when it was cut or
	// went over the limit. Close it.
	Body io.ReadCloser
}

// A download has to keep this pace on average once it has run for slowAfter, so that it ends in bounded time.
const (
	slowAfter = time.Minute
	slowest   = 2 << 10 // bytes a second
)

// Stream sends a request and gives the answer's body unread, at most maxBytes of it. Request.Timeout is the deadline of the
// whole download. Without it a body of n bytes has a minute and a second for each 2 KiB, and must never stand still for longer than
// the idle timeout.
func (c *Client) Stream(ctx context.Context, r Request, maxBytes int64) (*Stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(nil) }
	if r.Timeout > 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeout(ctx, r.Timeout)
		stop = func() { done(); cancel(nil) }
	}
	idle := time.AfterFunc(c.options.IdleTimeout, func() { cancel(errIdle) })
	resp, err := c.send(ctx, r) //nolint:bodyclose // streamBody closes it.
	if err != nil {
		idle.Stop()
		stop()
		return nil, err
	}
	return &Stream{Status: resp.StatusCode, Header: resp.Header, Body: &streamBody{
		ctx: ctx, body: resp.Body, left: maxBytes, idle: idle, idleTimeout: c.options.IdleTimeout, stop: stop, began: time.Now(),
	}}, nil
}

type streamBody struct {
	ctx         context.Context //nolint:containedctx // the life of one download.
	body        io.ReadCloser
	left        int64
	idle        *time.Timer
	idleTimeout time.Duration
	stop        func()
	began       time.Time
	read        int64
}

func (b *streamBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		// One byte more is what tells a body at the limit from one beyond it.
		var one [1]byte
		switch n, err := io.ReadFull(b.body, one[:]); {
		case n == 0 && errors.Is(err, io.EOF):
			return 0, io.EOF
		case n == 0: // cut or idle right at the limit: not the end of the list
			return 0, classify(b.ctx, "httpx: read answer", err, true)
		}
		return 0, fault.New(fault.BadResponse, "httpx: read answer", "larger than the limit")
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.body.Read(p)
	if errors.Is(err, io.EOF) && b.ctx.Err() != nil {
		err = b.ctx.Err() // a server that sees us hang up may end its half list as if it were whole
	}
	b.left -= int64(n)
	b.read += int64(n)
	if n > 0 {
		b.idle.Reset(b.idleTimeout)
	}
	if spent := time.Since(b.began) - slowAfter; err == nil && spent > 0 && b.read < int64(spent.Seconds()*slowest) {
		return n, fault.New(fault.Timeout, "httpx: read answer", "the download is too slow to end")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, classify(b.ctx, "httpx: read answer", err, true)
	}
	return n, err //nolint:wrapcheck // io.EOF as it is.
}

func (b *streamBody) Close() error {
	b.idle.Stop()
	b.stop()
	return b.body.Close() //nolint:wrapcheck // nothing to add.
}
