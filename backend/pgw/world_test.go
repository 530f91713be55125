package pgw_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/internal/ledgertest"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/emulator"
)

// lockedBuffer takes a log from many goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// payer is a terminal with a gateway and the server of the merchant.
type payer struct {
	*pgw.Client
	t      *testing.T
	world  *emulator.World
	server *merchant.Client
	memory *ledgertest.Memory
	log    *lockedBuffer
}

func newPayer(t *testing.T, change func(*pgw.Options)) *payer {
	t.Helper()
	w, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	env := w.Env().PGW
	server, err := merchant.New(merchant.Options{
		BaseURL: env.URL, TrustedCA: w.CAPEM(), ID: env.APIKey, Secret: merchant.Secret(env.SecretKey), Memory: &ledgertest.Memory{},
	})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	p := &payer{t: t, world: w, server: server, memory: &ledgertest.Memory{}, log: &lockedBuffer{}}
	p.Client = p.open(change)
	return p
}

// open is the terminal, started anew over the same memory.
func (p *payer) open(change func(*pgw.Options)) *pgw.Client {
	p.t.Helper()
	o := pgw.Options{
		BaseURL: p.world.Env().PGW.URL, TrustedCA: p.world.CAPEM(), Memory: p.memory, Timeout: 5 * time.Second,
		Log: slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	c, err := pgw.New(o)
	require.NoError(p.t, err)
	p.t.Cleanup(c.Close)
	return c
}

func (p *payer) admin(method, path string, in, out any) {
	p.t.Helper()
	require.NoError(p.t, p.world.Admin(p.t.Context(), method, path, in, out))
}

func (p *payer) fault(f map[string]any) {
	p.t.Helper()
	f["system"] = "pgw"
	p.admin(http.MethodPost, "/admin/api/faults", f, nil)
}

func (p *payer) provider(id, status string) {
	p.t.Helper()
	p.admin(http.MethodPost, "/admin/api/pgw/intents/"+id+"/provider", map[string]string{"status": status}, nil)
}

func (p *payer) transactions(made merchant.Created) []pgw.Transaction {
	p.t.Helper()
	list, err := p.Transactions(p.t.Context(), made.Intent.ID, made.Token)
	require.NoError(p.t, err)
	return list
}

// made is a PaymentIntent over 1200 yen by QR code.
func (p *payer) made(ref string) merchant.Created {
	p.t.Helper()
	made, err := p.server.Create(p.t.Context(), merchant.Request{
		Amount: 1200, Currency: "JPY", MerchantRefID: ref, PaymentMethodTypes: []string{"qr_mpm", "qr_cpm"}, ExpiresInMinutes: 5,
	})
	require.NoError(p.t, err)
	return made
}

var qr = pgw.Confirmation{Method: "qr_mpm", Provider: "PAYPAY"}

// fast is a polling that does not wait for people.
var fast = pgw.Polling{Interval: 5 * time.Millisecond, Tries: 400}
