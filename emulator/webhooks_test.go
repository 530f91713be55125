package emulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// A webhook that comes before its transaction is known is looked for again, 1 s·4^n, five times, and is then a dead letter; its
// provider may send it again, and an operator may replay it.
func TestAWebhookForAnUnknownTransaction(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	require.Equal(t, 404, p.hook("PAYPAY-TXN-NONE", "SUCCESS", 1200, "JPY").status)
	for tries, after := range []time.Duration{0, time.Second, 5 * time.Second, 21 * time.Second, 85 * time.Second} {
		p.clock(after)
		if tries < 4 {
			p.eventually("a try", func() bool { list := p.webhooks("retrying"); return len(list) == 1 && list[0].Attempts == tries+1 })
		}
	}
	p.eventually("a dead letter", func() bool { list := p.webhooks("dead"); return len(list) == 1 && list[0].Attempts == 5 })
	require.Contains(t, p.webhooks("dead")[0].Alert, "no PaymentIntent")
	p.admin("POST", "/admin/api/pgw/webhooks/"+p.webhooks("dead")[0].ID+"/replay", nil, nil)
	p.eventually("tried again", func() bool { list := p.webhooks("retrying"); return len(list) == 1 && list[0].Attempts == 1 })
	require.Equal(t, 404, p.hook("PAYPAY-TXN-NONE", "SUCCESS", 1200, "JPY").status, "a repeated one is counted, not stored")
	require.Len(t, p.webhooks(""), 1)
	require.Equal(t, 2, p.webhooks("")[0].Deliveries)
	require.Error(t, p.w.Admin(t.Context(), "POST", "/admin/api/pgw/webhooks/wh_none/replay", nil, nil))
	require.Error(t, p.w.Admin(t.Context(), "GET", "/admin/api/pgw/webhooks?state=lost", nil, nil))
}

func TestWebhooksThatComeTwiceLateOrWrong(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	paid := p.confirmed("PAID")
	for range 3 {
		require.Equal(t, 200, p.hook(paid.Tx, "SUCCESS", 1200, "JPY").status)
	}
	p.reaches(paid, "succeeded")
	require.Equal(t, 200, p.hook(paid.Tx, "PENDING", 1200, "JPY").status, "out of order")
	require.Equal(t, 200, p.hook(paid.Tx, "FAILED", 1200, "JPY").status)
	wrong := p.confirmed("WRONG")
	require.Equal(t, 200, p.hook(wrong.Tx, "SUCCESS", 1199, "JPY").status)
	require.Equal(t, 200, p.hook(wrong.Tx, "SUCCESS", 1200, "USD").status)
	odd := p.confirmed("ODD")
	require.Equal(t, 200, p.hook(odd.Tx, "ON_THE_WAY", 1200, "JPY").status)
	gone := p.confirmed("GONE")
	require.Equal(t, "cancelled", p.act(gone, "cancel", "").Status)
	require.Equal(t, 200, p.hook(gone.Tx, "SUCCESS", 1200, "JPY").status)
	stuck := p.confirmed("STUCK")
	require.Equal(t, 200, p.hook(stuck.Tx, "PENDING", 1200, "JPY").status)
	require.Equal(t, 200, p.hook(stuck.Tx, "EXPIRED", 1200, "JPY").status)
	p.reaches(stuck, "failed")
	p.eventually("all done", func() bool { return len(p.webhooks("retrying")) == 0 })

	require.Equal(t, "succeeded", p.retrieve(paid).Status)
	require.Equal(t, "requires_action", p.retrieve(wrong).Status)
	require.Equal(t, "requires_action", p.retrieve(odd).Status)
	require.Equal(t, "cancelled", p.retrieve(gone).Status)
	require.Len(t, p.webhooks("dead"), 2)
	list := p.do("GET", intents+"/"+gone.ID+"/transactions?payment_token="+gone.Token, "", nil)
	require.Len(t, list.Data, 2)
	require.Equal(t, "late", list.Data[1].Type, "somebody has the money")
	for _, w := range p.webhooks("processed") {
		if w.TransactionID == gone.Tx {
			p.admin("POST", "/admin/api/pgw/webhooks/"+w.ID+"/replay", nil, nil)
		}
	}
	p.eventually("replayed", func() bool { return len(p.webhooks("retrying")) == 0 })
	require.Len(t, p.do("GET", intents+"/"+gone.ID+"/transactions?payment_token="+gone.Token, "", nil).Data, 2, "a replay changes nothing")
	alerts := 0
	for _, w := range p.webhooks("processed") {
		if w.Alert != "" {
			alerts++
		}
		if w.TransactionID == paid.Tx && w.Status == "SUCCESS" {
			require.Equal(t, 3, w.Deliveries)
		}
	}
	require.Equal(t, 4, alerts, "late success, two after the end, a status nobody knows")
	var emitted []string
	for _, e := range p.events() {
		emitted = append(emitted, e.Status)
	}
	require.Equal(t, []string{"succeeded", "processing", "failed"}, emitted)
	require.Equal(t, 200, p.hook(wrong.Tx, "SUCCESS", 1200, "JPY").status)
	p.reaches(wrong, "succeeded")
	future := `{"transaction_id":"T","status":"SUCCESS","amount":1,"currency":"JPY","timestamp":"2099-01-01T00:00:00Z"}`
	require.Equal(t, 401, p.do("POST", "/v1/webhooks/paypay", future, nil).status)
}

// The simulated provider sends again what the gateway did not take, also over a restart of both.
func TestWebhooksGoOnAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := emulator.Start(context.Background(), emulator.Options{StateDir: dir})
	require.NoError(t, err)
	p := &till{t: t, w: first, client: tillClient(t, first)}
	paid := p.confirmed("PAID")
	require.Equal(t, 404, p.hook("PAYPAY-TXN-NONE", "SUCCESS", 1200, "JPY").status)
	p.admin("POST", "/admin/api/faults", map[string]any{"kind": "status", "status": 500, "path": "/v1/webhooks/paypay"}, nil)
	p.admin("POST", "/admin/api/pgw/intents/"+paid.ID+"/provider", map[string]any{"status": "SUCCESS", "deliveries": 2}, nil)
	p.eventually("two tries", func() bool {
		var journal struct {
			Requests []struct{ Path, Fault string }
		}
		p.admin("GET", "/admin/api/requests", nil, &journal)
		hits := 0
		for _, r := range journal.Requests {
			if r.Path == "/v1/webhooks/paypay" && r.Fault == "status" {
				hits++
			}
		}
		return hits >= 2
	})
	require.NoError(t, first.Close())

	again := newTill(t, emulator.Options{StateDir: dir})
	require.Equal(t, p.w.Env().PGW, again.w.Env().PGW, "addresses, keys and secrets stay")
	require.Equal(t, p.w.Env().Pay, again.w.Env().Pay)
	again.clock(2 * time.Second)
	again.reaches(paid, "succeeded")
	again.eventually("its second try", func() bool { list := again.webhooks("retrying"); return len(list) == 1 && list[0].Attempts == 2 })
	for try := 3; try <= 5; try++ { // the rest of its tries
		again.clock(time.Duration(try) * 5 * time.Minute)
		again.eventually("a try", func() bool { list := again.webhooks(""); return list[len(list)-1].Attempts == try })
	}
	require.Len(t, again.webhooks("dead"), 1)
	require.Len(t, again.events(), 1)
}

func TestTheProvidersWordNeedsAConfirmedPayment(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	a := p.created("REF")
	path := "/admin/api/pgw/intents/" + a.ID + "/provider"
	require.ErrorContains(t, p.w.Admin(t.Context(), "POST", path, map[string]any{"status": "SUCCESS"}, nil), "409")
	require.ErrorContains(t, p.w.Admin(t.Context(), "POST", "/admin/api/pgw/intents/pi_NONE/provider", map[string]any{"status": "SUCCESS"}, nil), "404")
	for _, in := range []map[string]any{{"status": "PAID"}, {"status": "SUCCESS", "deliveries": 0}, {"status": "SUCCESS", "delayMs": -1}, {"status": "SUCCESS", "amount": "x"}} {
		require.ErrorContains(t, p.w.Admin(t.Context(), "POST", path, in, nil), "422", "%v", in)
	}
	var list struct{ Intents []struct{ ID string } }
	p.admin("GET", "/admin/api/pgw/intents", nil, &list)
	require.Len(t, list.Intents, 1)
}
