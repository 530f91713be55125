package pairing_test

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
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/pairing"
)

// storedKey is one key of a key store, as pairing wants it.
type storedKey struct{ store keystore.Store }

func (k storedKey) Signer() (crypto.Signer, error) {
	signer, err := k.store.Signer("macs-pairing")
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, pairing.ErrNoKey
	}
	return signer, err
}

func (k storedKey) Generate() (crypto.Signer, error) {
	return k.store.Generate("macs-pairing", keystore.RSA2048)
}

func (k storedKey) Delete() error { return k.store.Delete("macs-pairing") }

// notes is a Memory; in earnest it is the offline.Store, which keeps it on disk.
type notes map[string]string

func (n notes) Setting(key string) (string, error) { return n[key], nil }

func (n notes) SetSetting(key, value string) error {
	n[key] = value
	return nil
}

// A terminal pairs with the code that an operator read out, and signs from then on.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	var code struct{ Code string }
	folder, err := os.MkdirTemp("", "pairing")
	err = errors.Join(err,
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": "SN-0001", "location": "Gate"}, nil),
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals/SN-0001/pairing-code", nil, &code),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()

	store, err := keystore.OpenSoftware(filepath.Join(folder, "keys"), keystore.SoftwareOptions{Key: make([]byte, 32)})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := pairing.Open(pairing.Options{SerialNumber: "SN-0001", Keys: storedKey{store}, Memory: notes{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := macs.New(macs.Options{
		BaseURL: world.Env().MACS.URL, TrustedCA: world.CAPEM(),
		Sign: func(next http.RoundTripper) http.RoundTripper { return pairing.Transport{Next: next, Pairing: p} },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	fmt.Println(p.State())
	fmt.Println(p.Pair(ctx, client, code.Code), p.State())
	access, err := client.CheckEntry(ctx, macs.Card{PAN: []byte("5555555555554444")}, "", 0)
	fmt.Println(access.MaxGuests, err)
	// Output:
	// unpaired
	// <nil> paired
	// 3 <nil>
}
