package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/offline"
)

const qrKillChild = "qr-kill-child"

// qrShop is the configuration of the process that is killed: a merchant's server and its terminal, with one disk.
type qrShop struct {
	URL, CA, APIKey, SecretKey, Disk string
	// Finish makes it end when no payment is left open, instead of beginning others.
	Finish bool
}

// expected are the faults of a bad line; any other one is a mistake of the clients.
var expected = []fault.Code{
	fault.OutcomeUnknown, fault.NetworkUnavailable, fault.Timeout, fault.BadResponse, fault.ServerError, fault.Conflict,
}

// payByQRUntilKilled is that process. It goes on with the payment that it finds open, or begins another, and prints "made REF ID", and
// "word REF ID STATUS TRANSACTION" when it has read the end of one.
func payByQRUntilKilled(config string) error {
	text, err := os.ReadFile(config) //nolint:gosec // a test's own file.
	if err != nil {
		return err
	}
	var shop qrShop
	if err := json.Unmarshal(text, &shop); err != nil {
		return err
	}
	disk, err := offline.Open(offline.Options{Dir: shop.Disk})
	if err != nil {
		return err
	}
	server, err := merchant.New(merchant.Options{
		BaseURL: shop.URL, TrustedCA: []byte(shop.CA), ID: shop.APIKey, Secret: merchant.Secret(shop.SecretKey), Memory: disk, Timeout: 3 * time.Second,
	})
	if err != nil {
		return err
	}
	terminal, err := pgw.New(pgw.Options{BaseURL: shop.URL, TrustedCA: []byte(shop.CA), Memory: disk, Timeout: 3 * time.Second})
	if err != nil {
		return err
	}
	for {
		open, err := server.Pending()
		switch {
		case err != nil:
			return err
		case len(open) == 0 && shop.Finish:
			fmt.Println("finished")
			return disk.Close()
		case len(open) == 0:
			open = []string{"REF-" + uuid.NewString()}
		}
		err = payOnce(server, terminal, open[0])
		if code := fault.CodeOf(err); code != "" && !slices.Contains(expected, code) {
			return err
		}
		if err != nil {
			time.Sleep(5 * time.Millisecond) // before the next try
		}
	}
}

// payOnce takes a payment as far as the day lets it.
func payOnce(server *merchant.Client, terminal *pgw.Client, ref string) error {
	ctx := context.Background()
	made, err := server.Create(ctx, merchant.Request{Amount: 1200, Currency: "JPY", MerchantRefID: ref, PaymentMethodTypes: []string{"qr_mpm"}})
	if err != nil {
		return err
	}
	fmt.Println("made", ref, made.Intent.ID)
	id, token := made.Intent.ID, made.Token
	if rand.IntN(6) == 0 { //nolint:gosec // a test's choice.
		_, _ = terminal.Cancel(ctx, id, token) // whatever it says, the next answer counts
	}
	if err := confirmOnce(ctx, terminal, id, token); err != nil && fault.CodeOf(err) != fault.Conflict { // one that has ended is awaited
		return err
	}
	if rand.IntN(6) == 0 { //nolint:gosec // the same.
		_, _ = terminal.Cancel(ctx, id, token) // whoever is first
	}
	last, err := terminal.Await(ctx, id, token, pgw.Polling{Interval: 5 * time.Millisecond, Tries: 40})
	if err != nil {
		return err
	}
	fmt.Println("word", ref, id, last.Status, "tx:"+last.ProviderTransactionID)
	return server.Done(ref)
}

// confirmOnce confirms, or looks first whether that was done before the last kill.
func confirmOnce(ctx context.Context, terminal *pgw.Client, id string, token pgw.Token) error {
	if rand.IntN(2) == 0 { //nolint:gosec // a test's choice.
		now, err := terminal.Retrieve(ctx, id, token)
		if err != nil || now.Status != pgw.RequiresPaymentMethod {
			return err
		}
	}
	_, err := terminal.Confirm(ctx, id, token, pgw.Confirmation{Method: "qr_mpm", Provider: "PAYPAY"})
	return err
}

// word is how a payment ended, in the eyes of who says it.
type word struct{ id, status, tx string }

// qrDay is the world outside: the gateway, its providers, and what the killed process said.
type qrDay struct {
	*gateway
	shop  qrShop
	made  map[string]string // ids by merchant_ref_id
	words map[string]word
	mu    sync.Mutex
	calm  bool // no bad line any more
}

// try is an admin call to a gateway that may just be dead.
func (d *qrDay) try(method, path string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.env.Admin.URL+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+d.env.Admin.Token)
	resp, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode > 299 {
		return errors.New(resp.Status)
	}
	if out == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// provide plays the payers and their providers until ctx ends: it decides about what was confirmed, at once, so that webhooks come
// before the answer to confirm too; and it lays the bad lines.
func (d *qrDay) provide(ctx context.Context) {
	tick := time.NewTicker(8 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var list struct{ Intents []struct{ ID, Status string } }
		if d.try(http.MethodGet, "/admin/api/pgw/intents", nil, &list) != nil {
			continue
		}
		for _, i := range list.Intents {
			if i.Status != "requires_action" && i.Status != "processing" {
				continue
			}
			status := []string{"SUCCESS", "SUCCESS", "FAILED", "CANCELED", "PENDING"}[rand.IntN(5)]
			_ = d.try(http.MethodPost, "/admin/api/pgw/intents/"+i.ID+"/provider", map[string]any{"status": status, "deliveries": 1 + rand.IntN(3)}, nil)
		}
		d.mu.Lock()
		if !d.calm && rand.IntN(12) == 0 {
			kind := []string{"drop_answer", "cut", "reset", "status", "latency"}[rand.IntN(5)]
			_ = d.try(http.MethodPost, "/admin/api/faults", map[string]any{
				"kind": kind, "status": []int{500, 503, 200}[rand.IntN(3)], "body": "<html>", "bytes": 30, "latencyMs": 20, "system": "pgw", "times": 1 + rand.IntN(3),
			}, nil)
		}
		d.mu.Unlock()
	}
}

// live runs the process. Unless it may finish, it is killed after some lines; the gateway sometimes is before.
func (d *qrDay) live(finish bool) (kills int) {
	t := d.t
	t.Helper()
	d.shop.Finish = finish
	text, err := json.Marshal(d.shop)
	require.NoError(t, err)
	config := filepath.Join(d.dir, "shop.json")
	require.NoError(t, os.WriteFile(config, text, 0o600))
	child, lines := startChild(t, qrKillChild, config)
	kill := func() { _ = child.Process.Kill() }
	late := time.AfterFunc(30*time.Second, kill)
	defer late.Stop()
	last := 1 + rand.IntN(4)
	finished := false
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		switch words[0] {
		case "made":
			had := d.made[words[1]]
			require.True(t, had == "" || had == words[2], "a second PaymentIntent for %s", words[1])
			d.made[words[1]] = words[2]
		case "word":
			said, had := word{words[2], words[3], words[4]}, d.words[words[1]]
			require.True(t, had == word{} || had == said, "%s ended as %v, and then as %v", words[1], had, said)
			d.words[words[1]] = said
		case "finished":
			finished = true
		default:
			require.Fail(t, "the child failed", lines.Text())
		}
		if n == last && !finish {
			if rand.IntN(4) == 0 {
				d.kill()
				d.start()
				kills++
			}
			time.AfterFunc(time.Duration(rand.IntN(30))*time.Millisecond, kill)
		}
	}
	err = child.Wait()
	if finish {
		require.NoError(t, err)
		require.True(t, finished)
		return kills
	}
	require.Error(t, err, "it ended by the kill")
	return kills + 1
}

// TestKilledInAQRPayment: SIGKILLs of a merchant's server with its terminal and of the gateway, under cut answers to create, confirm,
// cancel and retrieve, with webhooks that come before an answer does. One PaymentIntent for a merchant_ref_id, one success at most,
// and the terminal's last word is the gateway's.
func TestKilledInAQRPayment(t *testing.T) {
	t.Parallel()
	d := &qrDay{gateway: &gateway{t: t, dir: t.TempDir()}, made: map[string]string{}, words: map[string]word{}}
	d.start()
	ca, err := os.ReadFile(d.env.CAFile)
	require.NoError(t, err)
	d.shop = qrShop{URL: d.env.PGW.URL, CA: string(ca), APIKey: d.env.PGW.APIKey, SecretKey: d.env.PGW.SecretKey, Disk: filepath.Join(d.dir, "disk")}
	ctx, stop := context.WithCancel(t.Context())
	var providing sync.WaitGroup
	providing.Go(func() { d.provide(ctx) })
	for kills := 0; kills < payKills(t, 12); {
		kills += d.live(false)
	}
	d.mu.Lock()
	d.calm = true
	d.mu.Unlock()
	d.admin(http.MethodDelete, "/admin/api/faults", "", nil)
	d.live(true)
	stop()
	providing.Wait()
	require.NotEmpty(t, d.words)
	t.Logf("%d payments", len(d.words))
	d.agree()
	d.kill()
}

// agree compares what the terminal said with the gateway.
func (d *qrDay) agree() {
	t := d.t
	t.Helper()
	at := map[string][]pgw.Intent{}
	for after := ""; ; {
		page, more, err := d.server.List(t.Context(), merchant.Filter{Limit: 100, StartingAfter: after})
		require.NoError(t, err)
		for _, i := range page {
			at[i.MerchantRefID] = append(at[i.MerchantRefID], i)
			after = i.ID
		}
		if !more {
			break
		}
	}
	require.Len(t, at, len(d.words), "every payment came to its end")
	for ref, intents := range at {
		require.Len(t, intents, 1, ref)
		i := intents[0]
		require.Equal(t, d.words[ref], word{i.ID, string(i.Status), "tx:" + i.ProviderTransactionID}, ref)
	}
	disk, err := offline.Open(offline.Options{Dir: d.shop.Disk})
	require.NoError(t, err)
	defer func() { require.NoError(t, disk.Close()) }()
	left, err := disk.Settings("pgw.")
	require.NoError(t, err)
	require.Empty(t, left, "nothing is left open on the disk")
}
