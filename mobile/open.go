package mobile

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/entry"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/pairing"
)

// Terminal is an open terminal. Get one with Open; Close it.
type Terminal struct {
	config  *config
	out     *outbox
	keys    keystore.Store
	store   *offline.Store
	macs    *macs.Client
	pairing *pairing.Pairing
	checker *entry.Checker

	// life ends with Close.
	life context.Context //nolint:containedctx // the life of the object, not of a call.
	end  context.CancelFunc
	// released is closed when everything is given back, with releaseErr.
	released   chan struct{}
	releaseErr error
	closeWait  time.Duration

	mu sync.Mutex
	// Guarded by mu: calls that run, and whether Close was called.
	running int
	shut    bool
}

// closeWait is how long Close waits for calls that the host holds up.
const closeWait = 5 * time.Second

// Open opens the terminal of a configuration (JSON, the schema of the parameters file) and takes its data folder. It sends
// nothing and works without network. host gives keys, a log and progress; nil keeps keys in sealed files of the data folder,
// for desktops and tests. Errors: invalid_config (the message names the key), data_dir_locked, storage_read_only,
// storage_full, storage_damaged, key_lost.
func Open(configJSON string, host Host) (t *Terminal, err error) {
	defer recovered("mobile: open", &err)
	c, err := parseConfig(configJSON, host != nil)
	if err != nil {
		return nil, err
	}
	t = &Terminal{config: c, out: startOutbox(host), released: make(chan struct{}), closeWait: closeWait}
	if err := t.assemble(host); err != nil {
		t.release()
		return nil, errors.Join(err, t.releaseErr)
	}
	t.life, t.end = context.WithCancel(context.Background())
	return t, nil
}

// assemble builds the house from the ground: keys, storage, network, pairing, entry.
func (t *Terminal) assemble(host Host) (err error) {
	log := slog.New(slog.DiscardHandler)
	if host != nil {
		log = slog.New(newHostLog(t.out))
	}
	c := t.config
	if _, err := httpx.ParseCA(c.trustedCA); err != nil {
		return badConfig("macs.trustedCa: %v", err)
	}
	if err := makeDataDir(c.DataDir); err != nil {
		return err
	}
	keys := keyOpener(sync.OnceValues(func() (keystore.Store, error) { return openKeys(c, host) }))
	t.store, err = offline.Open(offline.Options{
		Dir: c.DataDir, Time: clock.System{Offset: c.clockOffset}, Whitelist: whitelistMAC(keys, c), Chain: journalMAC(keys),
		ListWarnAge: c.warnAge, ListMaxAge: c.maxAge, MaxGuests: c.Offline.MaxGuests, MaxPending: or(c.Offline.MaxPending),
		PerCardPerDay: or(c.Offline.PerCardPerDay), Log: log,
	})
	if err != nil {
		return err //nolint:wrapcheck // a fault.
	}
	if t.keys, err = keys(); err != nil {
		return err
	}
	t.pairing, err = pairing.Open(pairing.Options{SerialNumber: c.SerialNumber, Keys: pairingKeys{t.keys}, Memory: t.store})
	if err != nil {
		return err //nolint:wrapcheck // a fault.
	}
	t.macs, err = macs.New(macs.Options{
		BaseURL: c.MACS.BaseURL, TrustedCA: c.trustedCA, Clock: t.store.Clock(), Log: log,
		Sign: func(next http.RoundTripper) http.RoundTripper {
			return pairing.Transport{Next: next, Pairing: t.pairing, Clock: t.store.Clock()}
		},
	})
	if err != nil {
		return badConfig("macs: %v", err)
	}
	t.checker = entry.New(entry.Options{
		MACS: t.macs, Store: t.store, Ready: t.ready, Timeout: c.online, AllowForce: c.Offline.AllowForce, SkipLuhn: c.Card.SkipLuhn,
	})
	return nil
}

// makeDataDir tells a path that cannot be a folder from a storage that does not take one now; the latter is found by whoever
// writes there.
func makeDataDir(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	for _, reason := range []error{syscall.ENOENT, syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL} {
		if errors.Is(err, reason) {
			return badConfig("dataDir cannot be a folder: %v", reason)
		}
	}
	return nil
}

// ready says why the terminal cannot sign.
func (t *Terminal) ready() error {
	_, err := t.pairing.Signer()
	return err //nolint:wrapcheck // a fault.
}

// Close cancels what runs, waits for it and gives everything back: the data folder, connections, the host. A second Close
// does nothing more; calls after it fail with closed. When the host holds a call up for longer than 5 s, or Close is called
// from within a method of the host, it fails with timeout, and the last call to end gives everything back.
func (t *Terminal) Close() (err error) {
	defer recovered("mobile: close", &err)
	t.mu.Lock()
	if t.life == nil {
		t.mu.Unlock()
		return nil
	}
	first, idle := !t.shut, t.running == 0
	t.shut = true
	t.mu.Unlock()
	t.end()
	if first && idle {
		t.release()
	}
	wait := time.NewTimer(t.closeWait)
	defer wait.Stop()
	select {
	case <-t.released:
	case <-wait.C:
		return fault.New(fault.Timeout, "mobile: close", "the host holds a call up; the data folder is given back when that call ends")
	}
	if first {
		return t.releaseErr
	}
	return nil
}

// release gives everything back, once: by Close, or by the last call that it did not wait for.
func (t *Terminal) release() {
	if t.macs != nil {
		t.macs.Close()
	}
	if t.store != nil {
		t.releaseErr = t.store.Close()
	}
	if !t.out.close(t.closeWait) {
		t.releaseErr = errors.Join(t.releaseErr, fault.New(fault.Timeout, "mobile: close", "the host does not return from its log or progress"))
	}
	close(t.released)
}

// recovered turns a panic into an error: it must not take the app down.
func recovered(op string, err *error) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Internal, op, "a panic was caught; please report what led to it")
	}
}
