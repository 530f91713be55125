package mobile

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/deviceauth"
	"github.com/smartpos-go/terminal/entry"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/intentbridge"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/pairing"
	"github.com/smartpos-go/terminal/ws"
)

// Terminal is an open terminal. Get one with Open; Close it.
type Terminal struct {
	config *config
	out    *outbox
	log    *slog.Logger
	store  *offline.Store

	// The entry job; nil without the section macs.
	macs    *macs.Client
	pairing *pairing.Pairing
	checker *entry.Checker

	// The device's identity; nil without the section device.
	device   *deviceauth.Device
	portal   *mpac.Portal
	tokens   *deviceauth.Source
	smarttab *mpac.Smarttab
	cards    *intentbridge.Ledger
	// recording is true while results of card payments are recorded in the background.
	recording atomic.Bool
	// pgw is the payment gateway; nil without the section pgw.
	pgw *pgw.Client
	// channel is the open real-time channel; nil before Connect and after Disconnect.
	channel atomic.Pointer[ws.Channel]
	// linking guards latest, the channel opened last, also when it is closed: its listener may not have returned yet.
	linking sync.Mutex
	latest  *ws.Channel

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
// nothing and works without network. host gives keys, a log and progress; nil, or one that keeps no keys, has them in sealed
// files of the data folder, for desktops and tests. Errors: invalid_config (the message names the key), data_dir_locked, storage_read_only,
// storage_full, storage_damaged, key_lost.
func Open(configJSON string, host Host) (t *Terminal, err error) {
	defer recovered("mobile: open", &err)
	keys, err := hostKeys(host)
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(configJSON, keys != nil)
	if err != nil {
		return nil, err
	}
	t = &Terminal{config: c, out: startOutbox(host), released: make(chan struct{}), closeWait: closeWait}
	if err := t.assemble(keys); err != nil {
		t.release()
		return nil, errors.Join(err, t.releaseErr)
	}
	t.life, t.end = context.WithCancel(context.Background())
	return t, nil
}

// assemble builds the house from the ground: storage, then what stands on it.
func (t *Terminal) assemble(host keystore.Host) (err error) {
	t.log = slog.New(slog.DiscardHandler)
	if t.out.host != nil {
		t.log = slog.New(newHostLog(t.out))
	}
	c := t.config
	storage := offline.Options{
		Dir: c.DataDir, Time: clock.System{Offset: c.clockOffset}, ListWarnAge: c.warnAge, ListMaxAge: c.maxAge,
		MaxGuests: c.Offline.MaxGuests, MaxPending: or(c.Offline.MaxPending), PerCardPerDay: or(c.Offline.PerCardPerDay), Log: t.log,
	}
	if err := makeDataDir(c.DataDir); err != nil {
		return err
	}
	keys := keyOpener(sync.OnceValues(func() (keystore.Store, error) { return entryKeys(c, host) }))
	if c.MACS != nil {
		if _, err := httpx.ParseCA(c.trustedCA); err != nil {
			return badConfig("macs.trustedCa: %v", err)
		}
		storage.Whitelist, storage.Chain = whitelistMAC(keys, c), journalMAC(keys)
	}
	if t.store, err = offline.Open(storage); err != nil {
		return err //nolint:wrapcheck // a fault.
	}
	if c.Device != nil {
		if err := t.assembleDevice(host); err != nil {
			return err
		}
	}
	if c.PGW != nil {
		t.pgw, err = pgw.New(pgw.Options{
			BaseURL: c.PGW.BaseURL, TrustedCA: c.PGW.trustedCA, SystemRoots: c.PGW.SystemRoots, Bearer: c.PGW.Bearer, Memory: t.store,
			Timeout: c.online, Clock: t.store.Clock(), Log: t.log,
		})
		if err != nil {
			return badConfig("pgw: %v", err)
		}
	}
	if c.MACS == nil {
		return nil
	}
	store, err := keys()
	if err != nil {
		return err
	}
	return t.assembleEntry(store)
}

// assembleEntry builds the entry job.
func (t *Terminal) assembleEntry(keys keystore.Store) (err error) {
	c := t.config
	t.pairing, err = pairing.Open(pairing.Options{SerialNumber: c.SerialNumber, Keys: pairingKeys{keys}, Memory: t.store})
	if err != nil {
		return err //nolint:wrapcheck // a fault.
	}
	t.macs, err = macs.New(macs.Options{
		BaseURL: c.MACS.BaseURL, TrustedCA: c.trustedCA, Clock: t.store.Clock(), Log: t.log,
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

// assembleDevice builds the device's identity and what it opens.
func (t *Terminal) assembleDevice(host keystore.Host) error {
	c := t.config.Device
	keys, err := deviceKeyStore(t.config, host)
	if err != nil {
		return err
	}
	t.device, err = deviceauth.Open(deviceauth.Options{
		SerialNumber: t.config.SerialNumber, Name: c.Name, Audience: c.Audience, ClientID: c.ClientID, Keys: deviceKeys{keys},
		Memory: t.store, Clock: t.store.Clock(),
	})
	if err != nil {
		return err //nolint:wrapcheck // a fault.
	}
	t.portal, err = mpac.NewPortal(mpac.Options{
		BaseURL: c.BaseURL, TrustedCA: c.trustedCA, SystemRoots: c.SystemRoots, TokenURL: c.TokenURL, Timeout: t.config.online,
		Clock: t.store.Clock(), Log: t.log,
	})
	if err != nil {
		return badConfig("device: %v", err)
	}
	t.tokens = deviceauth.NewSource(deviceauth.SourceOptions{
		Device: t.device, Portal: t.portal, Scope: c.Scope, Form: c.BodyFormat == "form", Timeout: t.config.online,
	})
	t.smarttab = mpac.NewSmarttab(t.portal, mpac.SmarttabOptions{
		Authorize: func(next http.RoundTripper) http.RoundTripper {
			return deviceauth.Transport{Next: next, Source: t.tokens}
		},
		Scopes: t.tokens.Scopes, Memory: t.store,
	})
	t.cards, err = intentbridge.New(intentbridge.Options{Memory: t.store, Now: t.store.Clock().Now})
	return err //nolint:wrapcheck // a fault.
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
// from within a method of the host, it fails with timeout, and the last call to end gives everything back. So it does when the
// listener does not return within 5 s; from within the listener Close does not wait for it.
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
	unheard := t.hangUp()
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
		return errors.Join(unheard, t.releaseErr)
	}
	return unheard
}

// release gives everything back, once: by Close, or by the last call that it did not wait for.
func (t *Terminal) release() {
	t.releaseErr = t.hangUp() // a Connect may have come between
	if t.macs != nil {
		t.macs.Close()
	}
	if t.tokens != nil {
		t.tokens.Close()
	}
	if t.portal != nil {
		t.portal.Close()
	}
	if t.pgw != nil {
		t.pgw.Close()
	}
	if t.store != nil {
		t.releaseErr = errors.Join(t.releaseErr, t.store.Close())
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
