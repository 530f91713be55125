package macs_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
)

// A rig binds a key of its own to a terminal's serial number, against the emulated MACS.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	var code struct{ Code string }
	err = errors.Join(
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": "SN-0001", "location": "Gate"}, nil),
		world.Admin(ctx, http.MethodPost, "/admin/api/terminals/SN-0001/pairing-code", nil, &code),
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	client, err := macs.New(macs.Options{BaseURL: world.Env().MACS.URL, TrustedCA: world.CAPEM()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		fmt.Println(err)
		return
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.Pair(ctx, "SN-0001", code.Code, public))
	fmt.Println(fault.CodeOf(client.Pair(ctx, "SN-0001", code.Code, public)))
	_, err = client.CheckEntry(ctx, macs.Card{PAN: []byte("5555555555554444")}, "", 0) // Options.Sign was left out
	fmt.Println(fault.CodeOf(err))
	// Output:
	// <nil>
	// already_paired
	// not_authorized
}
