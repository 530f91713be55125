package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/emulator"
)

// webhooksPerLife is how many webhooks come in while the gateway is killed.
const webhooksPerLife = 4

// payKills is how often the tests of payments kill: a sample, or what make proof-pay asks for.
func payKills(t *testing.T, sample int) int {
	t.Helper()
	text := os.Getenv("POSEMU_PAY_KILLS")
	if text == "" {
		return sample
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// table remembers for clients.
type table struct {
	mu     sync.Mutex
	values map[string]string
}

func (m *table) SetSetting(key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return nil
}

func (m *table) Settings(prefix string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := maps.Clone(m.values)
	maps.DeleteFunc(found, func(key, _ string) bool { return !strings.HasPrefix(key, prefix) })
	return found, nil
}

// gateways counts those of this process: no two share a port, each has ten.
var gateways atomic.Int64

// gateway is a server that is killed and started again over one state folder.
type gateway struct {
	t      *testing.T
	dir    string
	port   int
	child  *exec.Cmd
	env    emulator.Env
	client *http.Client
	server *merchant.Client
	payer  *pgw.Client
}

// webhook is one that a provider has to bring through.
type webhook struct {
	intent string
	body   []byte
	status string
	acked  bool
}

func (g *gateway) start() {
	t := g.t
	t.Helper()
	if g.port == 0 { // below those that the system gives away, so that no other test takes them while the gateway is down
		g.port = 12_000 + 10*int((int64(os.Getpid())*8+gateways.Add(1))%2_000)
	}
	env := filepath.Join(g.dir, "env.json")
	g.child = exec.CommandContext(t.Context(), os.Args[0], "serve", "--state", filepath.Join(g.dir, "state"), "--env", env, //nolint:gosec // this test binary.
		"--listen", fmt.Sprintf("127.0.0.1:%d", g.port))
	said, err := g.child.StdoutPipe()
	require.NoError(t, err)
	g.child.Stderr = os.Stderr
	require.NoError(t, g.child.Start())
	lines := bufio.NewScanner(said)
	ready := false
	for !ready && lines.Scan() {
		ready = lines.Text() == "ready"
	}
	require.True(t, ready, "the gateway comes back")
	go func() { _, _ = io.Copy(io.Discard, said) }()
	if g.client != nil {
		return
	}
	text, err := os.ReadFile(env)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &g.env))
	ca, err := os.ReadFile(g.env.CAFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	g.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}}
	g.server, err = merchant.New(merchant.Options{
		BaseURL: g.env.PGW.URL, TrustedCA: ca, ID: g.env.PGW.APIKey, Secret: merchant.Secret(g.env.PGW.SecretKey), Memory: &table{values: map[string]string{}},
	})
	require.NoError(t, err)
	g.payer, err = pgw.New(pgw.Options{BaseURL: g.env.PGW.URL, TrustedCA: ca, Memory: &table{values: map[string]string{}}})
	require.NoError(t, err)
	g.admin(http.MethodPut, "/admin/api/pgw/settings", `{"ratePerMinute":0}`, nil)
}

func (g *gateway) kill() {
	g.t.Helper()
	_ = g.child.Process.Kill()
	require.Error(g.t, g.child.Wait(), "it ended by the kill")
	g.client.CloseIdleConnections()
}

func (g *gateway) admin(method, path, body string, out any) {
	g.t.Helper()
	req, err := http.NewRequestWithContext(g.t.Context(), method, g.env.Admin.URL+path, strings.NewReader(body))
	require.NoError(g.t, err)
	req.Header.Set("Authorization", "Bearer "+g.env.Admin.Token)
	resp, err := g.client.Do(req)
	require.NoError(g.t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Less(g.t, resp.StatusCode, 300)
	if out != nil {
		require.NoError(g.t, json.NewDecoder(resp.Body).Decode(out))
	}
}

// confirmed is a payment that waits for its provider's word.
func (g *gateway) confirmed(ref string) *webhook {
	t, ctx := g.t, g.t.Context()
	t.Helper()
	made, err := g.server.Create(ctx, merchant.Request{Amount: 1200, Currency: "JPY", MerchantRefID: ref, PaymentMethodTypes: []string{"qr_mpm"}, ExpiresInMinutes: 1440})
	require.NoError(t, err)
	shown, err := g.payer.Confirm(ctx, made.Intent.ID, made.Token, pgw.Confirmation{Method: "qr_mpm", Provider: "PAYPAY"})
	require.NoError(t, err)
	word := []struct{ status, end string }{{"SUCCESS", "succeeded"}, {"FAILED", "failed"}}[rand.IntN(2)] //nolint:gosec // a test's choice.
	body, err := json.Marshal(map[string]any{
		"transaction_id": shown.ProviderTransactionID, "status": word.status, "amount": 1200, "currency": "JPY", "timestamp": time.Now().UTC().Format(time.RFC3339),
	})
	require.NoError(t, err)
	return &webhook{intent: made.Intent.ID, body: body, status: word.end}
}

// send brings a webhook to the gateway; a lost answer is no acknowledgement.
func (g *gateway) send(ctx context.Context, w *webhook) {
	mac := hmac.New(sha256.New, []byte(g.env.PGW.WebhookSecrets["paypay"]))
	mac.Write(w.body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.env.PGW.URL+"/v1/webhooks/paypay", bytes.NewReader(w.body))
	if err != nil {
		return
	}
	req.Header.Set("X-PayPay-Signature", hex.EncodeToString(mac.Sum(nil)))
	resp, err := g.client.Do(req)
	if err != nil {
		return
	}
	_ = resp.Body.Close()
	w.acked = w.acked || resp.StatusCode == http.StatusOK
}

// waiting reads what the killed gateway had received and not processed yet.
func (g *gateway) waiting() (n int) {
	g.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(g.dir, "state", "state.db"))
	require.NoError(g.t, err)
	defer func() { require.NoError(g.t, db.Close()) }()
	require.NoError(g.t, db.QueryRow("SELECT count(*) FROM pgw_webhook WHERE state = 'retrying'").Scan(&n))
	return n
}

// TestKilledBetweenWebhookAndProcessing: the gateway is killed while webhooks come in. None that it acknowledged is lost, none is
// applied twice, although providers send what was not acknowledged again, and in the end everything once more.
func TestKilledBetweenWebhookAndProcessing(t *testing.T) {
	t.Parallel()
	g := &gateway{t: t, dir: t.TempDir()}
	kills, caught := payKills(t, 15), 0
	var all, open []*webhook
	for life := range kills {
		g.start()
		for i := range webhooksPerLife {
			w := g.confirmed(fmt.Sprintf("REF-%d-%d", life, i))
			all, open = append(all, w), append(open, w)
		}
		var sending sync.WaitGroup
		acked := make(chan struct{}, len(open))
		for _, w := range open {
			sending.Go(func() {
				g.send(t.Context(), w)
				acked <- struct{}{}
			})
		}
		for range 1 + rand.IntN(len(open)) { //nolint:gosec // a moment for a kill.
			<-acked
		}
		g.kill()
		sending.Wait()
		if n := g.waiting(); n > 0 {
			caught++
		}
		left := open[:0]
		for _, w := range open {
			if !w.acked {
				left = append(left, w)
			}
		}
		open = left
	}
	t.Logf("%d kills, %d of them with a webhook received and not processed", kills, caught)
	if kills >= 100 {
		require.NotZero(t, caught, "a proof needs kills in between")
	}

	g.start()
	for _, w := range all { // twice: what was not acknowledged, and what was
		g.send(t.Context(), w)
		require.True(t, w.acked)
	}
	require.Eventually(t, func() bool {
		var list struct{ Webhooks []struct{ ID string } }
		g.admin(http.MethodGet, "/admin/api/pgw/webhooks?state=retrying", "", &list)
		return len(list.Webhooks) == 0
	}, 30*time.Second, 20*time.Millisecond)
	events := map[string][]string{}
	for after := int64(0); ; {
		var feed struct {
			Events []struct {
				Seq              int64
				IntentID, Status string
			}
		}
		g.admin(http.MethodGet, fmt.Sprintf("/admin/api/pgw/events?after=%d", after), "", &feed)
		if len(feed.Events) == 0 {
			break
		}
		for _, e := range feed.Events {
			require.Greater(t, e.Seq, after)
			after = e.Seq
			events[e.IntentID] = append(events[e.IntentID], e.Status)
		}
	}
	require.Len(t, events, len(all))
	for _, w := range all {
		require.Equal(t, []string{w.status}, events[w.intent], "applied once")
		var intent struct{ Status string }
		g.admin(http.MethodGet, "/admin/api/pgw/intents/"+w.intent, "", &intent)
		require.Equal(t, w.status, intent.Status)
	}
	g.kill()
}
