package pgw_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/emulator"
)

// table stands for what the device keeps on disk.
type table map[string]string

func (t table) SetSetting(key, value string) error {
	if value == "" {
		delete(t, key)
	} else {
		t[key] = value
	}
	return nil
}

func (t table) Settings(prefix string) (map[string]string, error) {
	found := maps.Clone(t)
	maps.DeleteFunc(found, func(key, _ string) bool { return !strings.HasPrefix(key, prefix) })
	return found, nil
}

// A terminal shows the QR code of a payment that a server made, and waits until it is paid.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	env := world.Env().PGW
	server, err := merchant.New(merchant.Options{
		BaseURL: env.URL, TrustedCA: world.CAPEM(), ID: env.APIKey, Secret: merchant.Secret(env.SecretKey), Memory: table{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	made, err := server.Create(ctx, merchant.Request{Amount: 1200, Currency: "JPY", MerchantRefID: "ORDER-1", PaymentMethodTypes: []string{"qr_mpm"}})
	if err != nil {
		fmt.Println(err)
		return
	}

	terminal, err := pgw.New(pgw.Options{BaseURL: env.URL, TrustedCA: world.CAPEM(), Memory: table{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer terminal.Close()
	shown, err := terminal.Confirm(ctx, made.Intent.ID, made.Token, pgw.Confirmation{Method: "qr_mpm", Provider: "PAYPAY"})
	fmt.Println(shown.Status, shown.QRContent != "", err)
	paid := map[string]string{"status": "SUCCESS"} // the payer's app, here the simulated provider
	if err := world.Admin(ctx, http.MethodPost, "/admin/api/pgw/intents/"+made.Intent.ID+"/provider", paid, nil); err != nil {
		fmt.Println(err)
		return
	}
	end, err := terminal.Await(ctx, made.Intent.ID, made.Token, pgw.Polling{Interval: 20 * time.Millisecond})
	fmt.Println(end.Status, end.Amount, end.Currency, err)
	// Output:
	// requires_action true <nil>
	// succeeded 1200 JPY <nil>
}
