package emulator

import (
	"context"
	"net"
	"net/http"

	"github.com/smartpos-go/terminal/emulator/mpac"
	"github.com/smartpos-go/terminal/emulator/pay"
	"github.com/smartpos-go/terminal/emulator/pgw"
	"github.com/smartpos-go/terminal/emulator/state"
)

// PGWEnv is how to reach the payment gateway.
type PGWEnv struct {
	URL        string `json:"url"`
	APIKey     string `json:"apiKey"`
	SecretKey  string `json:"secretKey"`
	MerchantID string `json:"merchantId"`
	StoreID    string `json:"storeId"`
	// WebhookSecrets are what the providers sign with: paypay, linepay, rakuten, dpayment.
	WebhookSecrets map[string]string `json:"webhookSecrets"`
}

// PayEnv is how to reach Pay and its Authorization service.
type PayEnv struct {
	URL string `json:"url"`
	// AuthorizeURL is the whole address of the Authorization service's call.
	AuthorizeURL string `json:"authorizeUrl"`
	PublicKey    string `json:"publicKey"`
	SecretKey    string `json:"secretKey"`
	ID           string `json:"id"`
	Source       string `json:"source"`
	MerchantCode string `json:"merchantCode"`
}

// payments are the two systems that move money.
type payments struct {
	pgw *pgw.Server
	pay *pay.Server
}

func newPayments(st *state.State, clock *state.Clock) (p payments, err error) {
	if p.pgw, err = pgw.New(st, clock); err != nil {
		return payments{}, err
	}
	p.pay, err = pay.New(st, clock)
	return p, err
}

func (p payments) systems() []system {
	nobody := func(string) bool { return false } // these know no terminals
	unnamed := func(*http.Request, []byte) string { return "" }
	return []system{
		{name: "pgw", handler: p.pgw, registered: nobody, serialNumber: unnamed, bodyError: pgw.BodyError},
		{name: "pay", handler: p.pay, registered: nobody, serialNumber: unnamed, bodyError: pay.BodyError},
	}
}

// forSmarttab is the payment gateway as svc-smarttab knows it: with the merchant's key of the env file.
func (p payments) forSmarttab(client *http.Client, at string) mpac.PaymentGateway {
	c, _ := p.pgw.Credentials()
	return mpac.PaymentGateway{BaseURL: at, Client: client, APIKey: c.APIKey, SecretKey: c.SecretKey}
}

// secrets are what the journal must not show.
func (p payments) secrets() []string {
	credentials, _ := p.pgw.Credentials()
	account, _ := p.pay.Credentials()
	all := []string{credentials.SecretKey, account.SecretKey}
	for _, secret := range p.pgw.WebhookSecrets() {
		all = append(all, secret)
	}
	return all
}

// open connects the systems with their own listeners, fills the env, and lets the gateway work until ctx ends.
func (p payments) open(ctx context.Context, w *World, host string, gateway, front net.Listener) error {
	client, err := clientFor(w.caPEM)
	if err != nil {
		return err
	}
	at, payAt := address(host, gateway), address(host, front)
	p.pay.Connect(pay.Wire{BaseURL: payAt, Client: client})
	w.running.Go(func() {
		defer client.CloseIdleConnections()
		p.pgw.Run(ctx, pgw.Wire{BaseURL: at, Client: client})
	})
	c, storeID := p.pgw.Credentials()
	w.env.PGW = PGWEnv{at, c.APIKey, c.SecretKey, c.MerchantID, storeID, p.pgw.WebhookSecrets()}
	account, service := p.pay.Credentials()
	w.env.Pay = PayEnv{payAt, payAt + pay.AuthorizePath, account.PublicKey, account.SecretKey, service.ID, service.Sources[0], account.MerchantCode}
	return nil
}
