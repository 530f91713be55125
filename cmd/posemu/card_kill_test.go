package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/emulator/cardapp"
	"github.com/smartpos-go/terminal/mobile"
)

const cardKillChild = "card-kill-child"

// payByCardUntilKilled is the process that is killed: a Business App that takes card payments. Before each step that another process
// sees it prints a line: "begun CORR PAYMENT", then the Credit Card App's slip "charged CORR STATUS SLIP", "closed CORR STATUS",
// "recorded CORR STATUS".
func payByCardUntilKilled(config string) error {
	text, err := os.ReadFile(config) //nolint:gosec // a test's own file.
	if err != nil {
		return err
	}
	terminal, err := mobile.Open(string(text), nil)
	if err != nil {
		return err
	}
	app := cardapp.App{Rand: rand.Reader}
	for {
		payment, err := cardPayment(terminal)
		if err != nil {
			return err
		}
		asked, err := paidAnswer(terminal.EncodeCardRequest(nil, fmt.Sprintf(`{"v":1,"amount":380,"classificationCode":5,"authorizationID":"AUTH01","paymentId":%q}`, payment)))
		if err != nil {
			return err
		}
		fmt.Println("begun", asked.CorrID, payment)
		decide := []cardapp.Decision{cardapp.Approve, cardapp.Approve, cardapp.Decline, cardapp.Error, cardapp.Cancel}[mathrand.IntN(5)] //nolint:gosec // a test's choice.
		time.Sleep(time.Duration(mathrand.IntN(10)) * time.Millisecond)                                                                  //nolint:gosec // the payer looks for the card.
		result, err := app.Handle(context.Background(), decide, asked.Extras.Request, asked.Extras.TerminalID)
		if err != nil {
			return err
		}
		var slip struct {
			Status string
			Number string `json:"card_slip_number"`
		}
		if err := json.Unmarshal([]byte(result.Result), &slip); err != nil {
			return err
		}
		fmt.Println("charged", asked.CorrID, slip.Status, "slip:"+slip.Number)
		time.Sleep(time.Duration(mathrand.IntN(10)) * time.Millisecond) //nolint:gosec // and takes the slip.
		closed, err := paidAnswer(terminal.DecodeCardResult(nil, asked.CorrID, "ok", result.Result))
		if err != nil {
			return err
		}
		fmt.Println("closed", asked.CorrID, closed.Status)
		recorded, err := paidAnswer(terminal.RecordCardResult(nil, asked.CorrID, ""))
		if err != nil {
			return err
		}
		if recorded.Outcome == "recorded" {
			fmt.Println("recorded", asked.CorrID, recorded.Status)
		}
	}
}

// cardPayment makes an order, its bill, and the backend's payment that a card is to pay.
func cardPayment(terminal *mobile.Terminal) (string, error) {
	order, err := calledAnswer(terminal.Call(nil, "POST", "/api/v1/orders", []byte(`{"order_type":"takeaway","items":[{"sequence":1,"item_name":"Tea","quantity":1,"unit_price":380,"subtotal":380}]}`), ""))
	if err != nil {
		return "", err
	}
	bill, err := calledAnswer(terminal.Call(nil, "POST", "/api/v1/bills", []byte(`{"order_id":"`+order.Body.ID+`"}`), ""))
	if err != nil {
		return "", err
	}
	payment, err := calledAnswer(terminal.Call(nil, "POST", "/api/v1/payments", []byte(`{"bill_id":"`+bill.Body.ID+`","amount":380,"payment_method":"credit_card"}`), ""))
	if err == nil && payment.Body.ID == "" {
		err = fmt.Errorf("HTTP %d", payment.Status)
	}
	return payment.Body.ID, err
}

// cardDay is what the world outside the killed process knows of one life of it.
type cardDay struct {
	t        *testing.T
	world    *emulator.World
	config   string
	terminal *mobile.Terminal
	payments map[string]string // of each request that was printed, the backend's payment
	charged  map[string]string // the slips: status by request
	slips    map[string]string // their numbers
	closed   map[string]bool
	words    map[string]string // how each payment ended; it never changes
	unknown  int               // how many had no result after a kill
}

func (d *cardDay) admin(method, path string, in, out any) {
	d.t.Helper()
	require.NoError(d.t, d.world.Admin(d.t.Context(), method, path, in, out))
}

// trouble lays a bad line, or a good one, before the record of a result.
func (d *cardDay) trouble(path string) {
	d.t.Helper()
	kind := []string{"", "", "drop_answer", "cut", "reset", "status"}[mathrand.IntN(6)]
	if kind != "" {
		d.admin(http.MethodPost, "/admin/api/faults", map[string]any{"kind": kind, "status": 503, "bytes": 20, "system": "mpac", "path": path, "times": 1 + mathrand.IntN(3)}, nil)
	}
}

// live runs the process and kills it at a random moment.
func (d *cardDay) live() {
	t := d.t
	t.Helper()
	d.payments, d.charged, d.slips, d.closed = map[string]string{}, map[string]string{}, map[string]string{}, map[string]bool{}
	child, lines := startChild(t, cardKillChild, d.config)
	late := time.AfterFunc(20*time.Second, func() { _ = child.Process.Kill() })
	defer late.Stop()
	last := 1 + mathrand.IntN(7)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		require.GreaterOrEqual(t, len(words), 3, "the child failed: %s", lines.Text())
		if n == last {
			time.AfterFunc(time.Duration(mathrand.IntN(6000))*time.Microsecond, func() { _ = child.Process.Kill() })
		}
		switch corrID := words[1]; words[0] {
		case "begun":
			require.NotContains(t, d.words, corrID, "a corr_id repeats")
			d.payments[corrID] = words[2]
			d.trouble("/api/v1/payments/" + words[2])
		case "charged":
			d.charged[corrID], d.slips[corrID] = words[2], strings.TrimPrefix(words[3], "slip:")
		case "closed":
			require.Equal(t, d.charged[corrID], words[2])
			d.closed[corrID] = true
		}
	}
	require.Error(t, child.Wait(), "it ended by the kill")
	d.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
}

// reconcile is the next morning: every payment of that life is pending, until the operator says what the slip says, or closed with what
// the card app said; then the backend has the same.
func (d *cardDay) reconcile() {
	t := d.t
	t.Helper()
	text, err := os.ReadFile(d.config)
	require.NoError(t, err)
	d.terminal, err = mobile.Open(string(text), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, d.terminal.Close()) }()
	pending, err := paidAnswer(d.terminal.PendingCardPayments(nil))
	require.NoError(t, err)
	open := map[string]bool{}
	for _, p := range pending.Pending {
		require.Equal(t, "unknown", p.State)
		require.False(t, d.closed[p.CorrID], "a result that was acknowledged is lost")
		open[p.CorrID] = true
		word := d.charged[p.CorrID]
		if word == "" { // no slip was printed
			word = "cancelled"
		}
		_, err := d.terminal.ResolveCardPayment(nil, p.CorrID, word)
		require.NoError(t, err)
		d.words[p.CorrID] = word
		d.unknown++
	}
	if mathrand.IntN(2) == 0 {
		_, err := d.terminal.RunDue(nil)
		require.NoError(t, err)
	}
	for corrID, payment := range d.payments {
		recorded, err := paidAnswer(d.terminal.RecordCardResult(nil, corrID, ""))
		require.NoError(t, err, "%s is lost", corrID)
		require.Equal(t, "recorded", recorded.Outcome)
		if !open[corrID] {
			require.NotEmpty(t, d.charged[corrID], "closed without a result")
			d.words[corrID] = d.charged[corrID]
		}
		require.Equal(t, d.words[corrID], recorded.Status)
		row := d.row(payment)
		want := map[string]string{"success": "completed", "declined": "failed", "error": "failed", "cancelled": "cancelled"}[d.words[corrID]]
		require.Equal(t, []any{want, corrID}, []any{row["status"], row["corr_id"]})
		if want == "completed" && !open[corrID] {
			require.Equal(t, d.slips[corrID], row["card_slip_number"])
		}
	}
	left, err := d.terminal.PendingCardPayments(nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"v":1,"pending":[],"unrecorded":[]}`, left)
}

func (d *cardDay) row(payment string) map[string]any {
	d.t.Helper()
	text, err := d.terminal.Call(nil, "GET", "/api/v1/payments/"+payment, nil, "")
	require.NoError(d.t, err)
	var answer struct{ Body map[string]any }
	require.NoError(d.t, json.Unmarshal([]byte(text), &answer))
	return answer.Body
}

// TestKilledInACardPayment: SIGKILLs between the request, the Intent, its result and the record, on bad lines. After each restart every
// payment is pending or closed; none is lost, and none is recorded with another result than its own.
func TestKilledInACardPayment(t *testing.T) {
	t.Parallel()
	world, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	d := &cardDay{t: t, world: world, words: map[string]string{}, config: filepath.Join(t.TempDir(), "terminal.json")}
	env := world.Env().MPAC
	parameters, err := json.Marshal(map[string]any{
		"serialNumber": "SN-CARD", "dataDir": filepath.Join(t.TempDir(), "data"),
		"device": map[string]string{"baseUrl": env.URL, "wsUrl": env.WSURL, "audience": env.Issuer, "trustedCa": string(world.CAPEM())},
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(d.config, parameters, 0o600))
	terminal, err := mobile.Open(string(parameters), nil)
	require.NoError(t, err)
	code, err := calledAnswer(terminal.RequestActivation(nil))
	require.NoError(t, err)
	d.admin(http.MethodPost, "/admin/api/mpac/activate", map[string]any{"activationCode": code.ActivationCode, "merchantId": 1, "storeId": 1}, nil)
	_, err = terminal.AwaitActivation(nil, 20)
	require.NoError(t, err)
	require.NoError(t, terminal.Close())
	d.admin(http.MethodPut, "/admin/api/mpac/settings", map[string]any{"ratePerMinute": 0, "tokenSeconds": 120}, nil)
	kills := payKills(t, 12)
	for range kills {
		d.live()
		d.reconcile()
	}
	t.Logf("%d kills, %d payments, %d of them without a result after the kill", kills, len(d.words), d.unknown)
	require.NotEmpty(t, d.words)
	require.True(t, kills < 100 || d.unknown > 0, "a proof needs kills in between")
}
