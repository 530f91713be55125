package mobile

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// Host is what the app gives: keys that never leave its key store, a log sink, progress. Kotlin implements it. A method that
// throws fails the call it served and nothing else. Methods are called from several threads, also at the same time.
type Host interface {
	// GenerateKey makes a key inside the key store: keyType is "rsa-2048" or "ec-p256". An alias that exists is replaced.
	GenerateKey(alias, keyType string) error
	// PublicKey is the DER SubjectPublicKeyInfo of a key; empty when there is none.
	PublicKey(alias string) ([]byte, error)
	// Sign signs a message with SHA-256: PKCS#1 v1.5 for RSA, DER for ECDSA.
	Sign(alias string, message []byte) ([]byte, error)
	// GenerateMAC makes an HMAC-SHA256 key inside the key store.
	GenerateMAC(alias string) error
	// ImportMAC puts an HMAC-SHA256 key into the key store; an alias that exists is replaced.
	ImportMAC(alias string, secret []byte) error
	// HasMAC tells whether there is an HMAC key of this alias.
	HasMAC(alias string) (bool, error)
	// MAC is HMAC-SHA256 of a message, 32 bytes.
	MAC(alias string, message []byte) ([]byte, error)
	// DeleteKey removes a key of either kind; an absent one is no error.
	DeleteKey(alias string) error
	// Log takes one line: level as android.util.Log numbers it (3 debug, 4 info, 5 warning, 6 error). It holds no secret.
	Log(level int, line string) error
	// Progress tells how far a sync or an upload is: kind is "whitelist", "bin_ranges" or "upload", done counts rows.
	Progress(kind string, done int64) error
}

// hostLog is a slog.Handler that gives lines to the host.
type hostLog struct {
	host Host
	mu   *sync.Mutex
	text *bytes.Buffer
	slog.Handler
}

func newHostLog(host Host) slog.Handler {
	text := &bytes.Buffer{}
	options := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{} // the device's log has both
		}
		return a
	}}
	return hostLog{host: host, mu: &sync.Mutex{}, text: text, Handler: slog.NewTextHandler(text, options)}
}

// Handle formats one record and hands it over. What the host throws is dropped: a log must not fail a call.
func (h hostLog) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	h.text.Reset()
	err := h.Handler.Handle(ctx, r)
	line := strings.TrimSpace(h.text.String())
	h.mu.Unlock()
	if err != nil {
		return err //nolint:wrapcheck // slog drops it.
	}
	defer func() { _ = recover() }()
	return h.host.Log(androidLevel(r.Level), line) //nolint:wrapcheck // slog drops it.
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
