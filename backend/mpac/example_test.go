package mpac_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/deviceauth"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
)

// rigKey is a key of a test rig; a terminal's stays in its key store.
type rigKey struct{ key *ecdsa.PrivateKey }

func (k *rigKey) Signer() (crypto.Signer, error) {
	if k.key == nil {
		return nil, deviceauth.ErrNoKey
	}
	return k.key, nil
}

func (k *rigKey) Generate() (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k.key = key
	return key, err
}

func (k *rigKey) Delete() error { k.key = nil; return nil }

// notes remembers; in earnest it is the offline.Store, which keeps it on disk.
type notes map[string]string

func (n notes) Setting(key string) (string, error) { return n[key], nil }

func (n notes) SetSetting(key, value string) error { n[key] = value; return nil }

// A test rig becomes a device of the emulated MPAC, takes an order and splits its bill.
func Example() {
	ctx := context.Background()
	world, err := emulator.Start(ctx, emulator.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = world.Close() }()
	env := world.Env().MPAC
	portal, err := mpac.NewPortal(mpac.Options{BaseURL: env.URL, TrustedCA: world.CAPEM()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer portal.Close()
	device, err := deviceauth.Open(deviceauth.Options{SerialNumber: "SN-0001", Audience: env.Issuer, Keys: &rigKey{}, Memory: notes{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	activation, err := device.Request(ctx, portal)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = world.Admin(ctx, http.MethodPost, "/admin/api/mpac/activate",
		map[string]any{"activationCode": activation.Code, "merchantId": 1, "storeId": 1}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if activation, err = device.Await(ctx, portal, 0); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(activation.Status, activation.MerchantID, activation.StoreID)

	tokens := deviceauth.NewSource(deviceauth.SourceOptions{Device: device, Portal: portal})
	defer tokens.Close()
	shop := mpac.NewSmarttab(portal, mpac.SmarttabOptions{
		Authorize: func(next http.RoundTripper) http.RoundTripper {
			return deviceauth.Transport{Next: next, Source: tokens}
		},
		Scopes: tokens.Scopes,
	})
	order, err := shop.CreateOrder(ctx, mpac.NewOrder{Type: "dine_in", TableNumber: "A1", Items: []mpac.Item{
		{Sequence: 1, Name: "Coffee", Quantity: 2, UnitPrice: 450, Subtotal: 900},
	}}, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	bill, err := shop.CreateBill(ctx, order.ID, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	if bill, err = shop.SplitBill(ctx, bill.ID, []mpac.Yen{400, 500}, ""); err != nil {
		fmt.Println(err)
		return
	}
	for _, part := range bill.Splits {
		payment, err := shop.CreatePayment(ctx, mpac.NewPayment{BillID: bill.ID, SplitID: part.ID, Amount: part.Amount, Method: "cash"}, "")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(payment.Amount, payment.Status)
	}
	if order, err = shop.Order(ctx, order.ID); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.Status)
	fmt.Println(fault.CodeOf(shop.CancelOrder(ctx, order.ID, "")))
	// Output:
	// active 1 1
	// 400 completed
	// 500 completed
	// completed
	// conflict
}
