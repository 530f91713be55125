package entry_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/entry"
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/pairing"
)

// gate is a terminal put together from the packages, as package mobile does it for apps.
type gate struct {
	keys    keystore.Store
	store   *offline.Store
	client  *macs.Client
	pairing *pairing.Pairing
	checker *entry.Checker
}

// Signer, Generate and Delete are pairing.Keys over the key store.
func (g *gate) Signer() (crypto.Signer, error) {
	signer, err := g.keys.Signer("macs-pairing")
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, pairing.ErrNoKey
	}
	return signer, err
}

func (g *gate) Generate() (crypto.Signer, error) {
	return g.keys.Generate("macs-pairing", keystore.RSA2048)
}

func (g *gate) Delete() error { return g.keys.Delete("macs-pairing") }

func openGate(dir, url string, ca []byte, secret string) (*gate, error) {
	g := &gate{}
	var err error
	g.keys, err = keystore.OpenSoftware(filepath.Join(dir, "keys"), keystore.SoftwareOptions{Key: make([]byte, 32)}) // in earnest 32 secret bytes
	if err != nil {
		return nil, err
	}
	if err := errors.Join(g.keys.ImportMAC("whitelist", []byte(secret)), g.keys.GenerateMAC("journal")); err != nil {
		return nil, err
	}
	whitelist, err := g.keys.MAC("whitelist")
	if err != nil {
		return nil, err
	}
	chain, err := g.keys.MAC("journal")
	if err != nil {
		return nil, err
	}
	g.store, err = offline.Open(offline.Options{Dir: filepath.Join(dir, "data"), Whitelist: whitelist.Sum, Chain: chain.Sum})
	if err != nil {
		return nil, err
	}
	g.pairing, err = pairing.Open(pairing.Options{SerialNumber: "SN-0001", Keys: g, Memory: g.store})
	if err != nil {
		return nil, err
	}
	g.client, err = macs.New(macs.Options{
		BaseURL: url, TrustedCA: ca, Clock: g.store.Clock(),
		Sign: func(next http.RoundTripper) http.RoundTripper {
			return pairing.Transport{Next: next, Pairing: g.pairing, Clock: g.store.Clock()}
		},
	})
	if err != nil {
		return nil, err
	}
	g.checker = entry.New(entry.Options{MACS: g.client, Store: g.store})
	return g, nil
}

// A card is checked and let in with guests; then the network goes, and the lists decide.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	var code struct{ Code string }
	dir, err := os.MkdirTemp("", "entry")
	err = errors.Join(err,
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": "SN-0001", "location": "Gate"}, nil),
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals/SN-0001/pairing-code", nil, &code),
		world.Admin(ctx, http.MethodPut, "/admin/api/whitelist", map[string][]string{"pans": {"5555555555554444"}}, nil),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	g, err := openGate(dir, world.Env().MACS.URL, world.CAPEM(), world.Env().MACS.WhitelistSecret)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { g.client.Close(); _ = g.store.Close() }()
	fmt.Println(g.pairing.Pair(ctx, g.client, code.Code))
	_, err = g.store.Sync(ctx, g.client, nil)
	fmt.Println(err)

	card := entry.Card{PAN: []byte("5555555555554444")}
	decision, err := g.checker.Check(ctx, card, entry.PreferOnline)
	fmt.Println(decision.Outcome, decision.Mode, decision.MaxGuests, err)
	done, err := g.checker.Confirm(ctx, decision.AccessID, 2)
	fmt.Println(done.Known, done.Guests, err)

	err = world.Admin(ctx, http.MethodPost, "/admin/api/faults", map[string]string{"kind": "refuse"}, nil)
	fmt.Println(err)
	decision, err = g.checker.Check(ctx, card, entry.PreferOnline)
	fmt.Println(decision.Outcome, decision.Mode, decision.Reason, decision.OnlineError, err)
	// Output:
	// <nil>
	// <nil>
	// allowed online 3 <nil>
	// true 2 <nil>
	// <nil>
	// allowed offline whitelist network_unavailable <nil>
}
