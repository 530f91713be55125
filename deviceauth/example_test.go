package deviceauth_test

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/deviceauth"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/keystore"
)

// storedKey is one key of a key store, as deviceauth wants it.
type storedKey struct{ store keystore.Store }

func (k storedKey) Signer() (crypto.Signer, error) {
	signer, err := k.store.Signer("device")
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, deviceauth.ErrNoKey
	}
	return signer, err
}

func (k storedKey) Generate() (crypto.Signer, error) {
	return k.store.Generate("device", keystore.P256)
}

func (k storedKey) Delete() error { return k.store.Delete("device") }

// notes is a Memory; in earnest it is the offline.Store, which keeps it on disk.
type notes map[string]string

func (n notes) Setting(key string) (string, error) { return n[key], nil }

func (n notes) SetSetting(key, value string) error {
	n[key] = value
	return nil
}

// A device shows a code, a person enters it in the portal, and from then on the device has tokens.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	folder, err := os.MkdirTemp("", "deviceauth")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	keys, err := keystore.OpenSoftware(filepath.Join(folder, "keys"), keystore.SoftwareOptions{Key: make([]byte, 32)})
	if err != nil {
		fmt.Println(err)
		return
	}
	env := world.Env().MPAC
	device, err := deviceauth.Open(deviceauth.Options{SerialNumber: "SN-0001", Audience: env.Issuer, Keys: storedKey{keys}, Memory: notes{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	portal, err := mpac.NewPortal(mpac.Options{BaseURL: env.URL, TrustedCA: world.CAPEM()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer portal.Close()

	activation, err := device.Request(ctx, portal)
	fmt.Println(activation.Status, len(activation.Code), "digits", err)
	err = world.Admin(ctx, http.MethodPost, "/admin/api/mpac/activate", map[string]any{"activationCode": activation.Code, "merchantId": 1, "storeId": 1}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	activation, err = device.Await(ctx, portal, 0) // in earnest as long as the person needs
	fmt.Println(activation.Status, err)

	tokens := deviceauth.NewSource(deviceauth.SourceOptions{Device: device, Portal: portal, Scope: []string{mpac.ScopeOrder}})
	defer tokens.Close()
	token, err := tokens.Token(ctx)
	fmt.Println(token, token.Scope, err)
	// Output:
	// pending 8 digits <nil>
	// active <nil>
	// [token] [order:create] <nil>
}
