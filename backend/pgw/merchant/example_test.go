package merchant_test

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
)

// table stands for a table of the server's database.
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

// A server creates a payment, hands its token to a terminal, and keeps it until that is safe.
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
	order := merchant.Request{Amount: 1200, Currency: "JPY", MerchantRefID: "ORDER-1", PaymentMethodTypes: []string{"qr_mpm"}}
	made, err := server.Create(ctx, order)
	fmt.Println(made.Intent.Status, made.Token != "", err)
	again, err := server.Create(ctx, order) // the server was restarted in between, say
	fmt.Println(again.Intent.ID == made.Intent.ID, err)
	fmt.Println(made.Token, server.Done("ORDER-1"))
	_, err = server.Create(ctx, order)
	fmt.Println(fault.CodeOf(err))
	// Output:
	// requires_payment_method true <nil>
	// true <nil>
	// (redacted) <nil>
	// conflict
}

func ExampleScheme_Sign() {
	m := merchant.Message{
		Method: "POST", Path: "/v1/payment_intents", Timestamp: 1706515200, Body: []byte(`{"merchant_ref_id":"REF123","amount":100000}`),
	}
	fmt.Println(merchant.Header("pk_test_1", m.Timestamp, merchant.Newline.Sign("secret_abc123", m)))
	// Output: HMAC-SHA256 pk_test_1:1706515200:e2f8c0aca2c2afd1295450de2eb6e61d04dd3b774592b4bfa38fd1a670539a88
}

var _ pgw.Memory = table{}
