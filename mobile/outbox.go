package mobile

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// outboxSize is how many lines and progress reports wait for a slow host before new ones are dropped.
const outboxSize = 256

// outbox hands log lines and progress to the host on a goroutine of its own, so that a host that is slow, hangs, throws or calls
// back holds no call up.
type outbox struct {
	host  Host
	queue chan func(Host) error
	stop  chan struct{}
	done  chan struct{}
}

// startOutbox returns an outbox that Close must end. Without a host it takes everything and gives nothing.
func startOutbox(host Host) *outbox {
	o := &outbox{host: host, queue: make(chan func(Host) error, outboxSize), stop: make(chan struct{}), done: make(chan struct{})}
	if host == nil {
		close(o.done)
		return o
	}
	go o.run()
	return o
}

func (o *outbox) run() {
	defer close(o.done)
	for {
		select {
		case give := <-o.queue:
			o.give(give)
		case <-o.stop: // what was said before the end still goes out
			for {
				select {
				case give := <-o.queue:
					o.give(give)
				default:
					return
				}
			}
		}
	}
}

// give drops what the host throws: a log or a progress bar must not fail a call.
func (o *outbox) give(f func(Host) error) {
	defer func() { _ = recover() }()
	_ = f(o.host)
}

// put never waits; what does not fit is dropped.
func (o *outbox) put(f func(Host) error) {
	if o.host == nil {
		return
	}
	select {
	case o.queue <- f:
	default:
	}
}

// progress is an offline.Progress.
func (o *outbox) progress(kind string, done int64) {
	o.put(func(h Host) error { return h.Progress(kind, done) })
}

// close ends the outbox and reports whether the host returned within wait.
func (o *outbox) close(wait time.Duration) bool {
	close(o.stop)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-o.done:
		return true
	case <-timer.C:
		return false
	}
}

// hostLog is a slog.Handler that puts lines into the outbox.
type hostLog struct {
	out  *outbox
	mu   *sync.Mutex
	text *bytes.Buffer
	slog.Handler
}

func newHostLog(out *outbox) slog.Handler {
	text := &bytes.Buffer{}
	options := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{} // the device's log has both
		}
		return a
	}}
	return hostLog{out: out, mu: &sync.Mutex{}, text: text, Handler: slog.NewTextHandler(text, options)}
}

// Handle formats one record and hands it over.
func (h hostLog) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	h.text.Reset()
	err := h.Handler.Handle(ctx, r)
	line := strings.TrimSpace(h.text.String())
	h.mu.Unlock()
	if err != nil {
		return err //nolint:wrapcheck // slog drops it.
	}
	level := androidLevel(r.Level)
	h.out.put(func(host Host) error { return host.Log(level, line) })
	return nil
}

// WithAttrs keeps the hand-over.
func (h hostLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup keeps the hand-over.
func (h hostLog) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
func androidLevel(level slog.Level) int {
	switch {
	case level < slog.LevelInfo:
		return 3
	case level < slog.LevelWarn:
		return 4
	case level < slog.LevelError:
		return 5
	}
	return 6
}
