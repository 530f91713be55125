package pay_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/smartpos-go/terminal/backend/pay"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
)

// A shop's server asks Pay, and Pay's side asks the Authorization service.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	env := world.Env().Pay
	caller := pay.Caller{PublicKey: env.PublicKey, Secret: pay.Secret(env.SecretKey), ID: env.ID, Source: pay.SourceShop}
	client, err := pay.New(pay.Options{BaseURL: env.URL, TrustedCA: world.CAPEM(), Caller: caller})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	order := pay.Request{Method: http.MethodGet, Path: "/api/v3/orders/ABCD1234/result", BuyerIP: "203.0.113.7"}
	answer, err := client.Do(ctx, order)
	var data struct{ MerchantCode, Source string }
	fmt.Println(answer.Status, answer.Data(&data), data.Source, err)
	order.Source = pay.SourceStaff
	_, err = client.Do(ctx, order)
	fmt.Println(fault.CodeOf(err))

	authorizer, err := pay.NewAuthorizer(pay.AuthorizerOptions{URL: env.AuthorizeURL, TrustedCA: world.CAPEM()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer authorizer.Close()
	_, err = authorizer.Authorize(ctx, http.Header{"X-Source": {"shop"}}, http.MethodGet, "/api/v3/geoip/info")
	fmt.Println(fault.CodeOf(err)) // five headers are missing
	// Output:
	// 200 <nil> shop <nil>
	// not_authorized
	// protocol_error
}

func ExampleToken() {
	fmt.Println(pay.Token("secret-key-test123123123abc", "aa46a835-36fa-4f75-ba3d-dc8785912345", "10.10.10.10", "2024-01-27T23:59:59"))
	// Output: 5cdc01c2d66c52a513f58e077d85660468852fc141d305888416a151a05dc159
}
