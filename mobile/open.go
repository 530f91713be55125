package mobile

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

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
	host    Host
	keys    keystore.Store
	store   *offline.Store
	http    *httpx.Client
	macs    *macs.Client
	pairing *pairing.Pairing
	checker *entry.Checker

	// life ends with Close; calls counts what still runs.
	life  context.Context //nolint:containedctx // the life of the object, not of a call.
	end   context.CancelFunc
	mu    sync.Mutex
	calls sync.WaitGroup
	shut  bool
}

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
	t = &Terminal{config: c, host: host}
	if err := t.assemble(); err != nil {
		return nil, errors.Join(err, t.release())
	}
	t.life, t.end = context.WithCancel(context.Background())
	return t, nil
}

// assemble builds the house from the ground: keys, storage, network, pairing, entry.
func (t *Terminal) assemble() (err error) {
	log := slog.New(slog.DiscardHandler)
	if t.host != nil {
		log = slog.New(newHostLog(t.host))
	}
	c := t.config
	if _, err := httpx.ParseCA(c.trustedCA); err != nil {
		return badConfig("macs.trustedCa: %v", err)
	}
	if t.keys, err = openKeys(c, t.host); err != nil {
		return err
	}
	t.store, err = offline.Open(offline.Options{
		Dir: c.DataDir, Time: clock.System{Offset: c.clockOffset}, Whitelist: whitelistMAC(t.keys, c), Chain: journalMAC(t.keys),
		ListWarnAge: c.warnAge, ListMaxAge: c.maxAge, MaxGuests: c.Offline.MaxGuests, MaxPending: or(c.Offline.MaxPending),
		PerCardPerDay: or(c.Offline.PerCardPerDay), Log: log,
	})
	if err != nil {
		return err //nolint:wrapcheck // a fault.
	}
	t.http, err = httpx.New(httpx.Options{BaseURL: c.MACS.BaseURL, TrustedCA: c.trustedCA, Clock: t.store.Clock(), Log: log})
	if err != nil {
		return badConfig("macs.baseUrl: %v", err)
	}
	t.pairing, err = pairing.Open(pairing.Options{SerialNumber: c.SerialNumber, Keys: pairingKeys{t.keys}, Memory: t.store})
	if err != nil {
		return err //nolint:wrapcheck // a fault.
	}
	t.macs = macs.New(macs.Options{HTTP: t.http, Sign: func(next http.RoundTripper) http.RoundTripper {
		return pairing.Transport{Next: next, Pairing: t.pairing, Clock: t.store.Clock()}
	}})
	t.checker = entry.New(entry.Options{
		MACS: t.macs, Store: t.store, Ready: t.ready, Timeout: c.online, AllowForce: c.Offline.AllowForce, SkipLuhn: c.Card.SkipLuhn,
	})
	return nil
}

// ready says why the terminal cannot sign.
func (t *Terminal) ready() error {
	_, err := t.pairing.Signer()
	return err //nolint:wrapcheck // a fault.
}

// progress hands a sync's progress to the host; what the host throws is dropped.
func (t *Terminal) progress(kind string, done int64) {
	if t.host == nil {
		return
	}
	defer func() { _ = recover() }()
	_ = t.host.Progress(kind, done) // progress is for show
}

// Close cancels what runs, waits for it and gives everything back: the data folder, connections, the host. A second Close
// does nothing; calls after it fail with closed.
func (t *Terminal) Close() (err error) {
	defer recovered("mobile: close", &err)
	t.mu.Lock()
	if t.shut {
		t.mu.Unlock()
		return nil
	}
	t.shut = true
	t.mu.Unlock()
	t.end()
	t.calls.Wait()
	return t.release()
}

func (t *Terminal) release() error {
	if t.http != nil {
		t.http.Close()
	}
	if t.store == nil {
		return nil
	}
	return t.store.Close() //nolint:wrapcheck // a fault.
}

// recovered turns a panic into an error: it must not take the app down.
func recovered(op string, err *error) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Internal, op, "a panic was caught; please report what led to it")
	}
}
