package emulator_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// qrTill is a device that takes QR payments.
type qrTill struct{ *device }

func newQRTill(t *testing.T, w *emulator.World) qrTill {
	t.Helper()
	d := activated(t, w, "SN-QR")
	d.fetch()
	return qrTill{d}
}

// bill makes an order of 380 yen and its bill.
func (k qrTill) bill() (order, bill string) {
	k.t.Helper()
	order = k.order()
	var out map[string]any
	require.Equal(k.t, 201, k.must("POST", "/api/v1/bills", map[string]any{"order_id": order}, &out))
	return order, out["id"].(string)
}

// pay asks for a QR payment under an idempotency key.
func (k qrTill) pay(bill, key string) (int, map[string]any) {
	k.t.Helper()
	body, err := json.Marshal(map[string]any{"bill_id": bill, "amount": 380, "payment_method": "qr_mpm"})
	require.NoError(k.t, err)
	return k.send("POST", k.world.Env().MPAC.URL+"/api/v1/payments", body, map[string]string{"Authorization": "Bearer " + k.token, "Idempotency-Key": key})
}

func (k qrTill) send(method, url string, body []byte, header map[string]string) (int, map[string]any) {
	k.t.Helper()
	req, err := http.NewRequestWithContext(k.t.Context(), method, url, bytes.NewReader(body))
	require.NoError(k.t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := k.client.Do(req)
	require.NoError(k.t, err)
	defer func() { _ = resp.Body.Close() }()
	var out map[string]any
	require.NoError(k.t, json.NewDecoder(resp.Body).Decode(&out))
	return resp.StatusCode, out
}

// gateway makes a call with the payment's token.
func (k qrTill) gateway(p map[string]any, action string) map[string]any {
	k.t.Helper()
	status, out := k.send("POST", k.world.Env().PGW.URL+"/v1/payment_intents/"+p["payment_intent_id"].(string)+"/"+action,
		[]byte(`{"payment_method_type":"qr_mpm","provider":"PAYPAY"}`), map[string]string{"Authorization": "Bearer " + p["payment_token"].(string)})
	require.Equal(k.t, 200, status, "%v", out)
	return out
}

func (k qrTill) decide(p map[string]any, status string) {
	k.t.Helper()
	admin(k.t, k.world, "POST", "/admin/api/pgw/intents/"+p["payment_intent_id"].(string)+"/provider", map[string]string{"status": status}, nil)
}

func (k qrTill) get(kind, id string) map[string]any {
	k.t.Helper()
	var out map[string]any
	require.Equal(k.t, 200, k.must("GET", "/api/v1/"+kind+"/"+id, nil, &out))
	return out
}

func (k qrTill) halfAnHourLater() {
	k.t.Helper()
	k.ahead = 31 * time.Minute
	admin(k.t, k.world, "PUT", "/admin/api/clock", map[string]int{"offsetSeconds": int(k.ahead.Seconds())}, nil)
	k.fetch()
}

// becomes waits for a state of a resource, and gives it.
func (k qrTill) becomes(kind, id, status string) (out map[string]any) {
	k.t.Helper()
	require.Eventually(k.t, func() bool {
		out = k.get(kind, id)
		return out["status"] == status
	}, 10*time.Second, 20*time.Millisecond, "%s must become %s", kind, status)
	return out
}

// One key is one payment and one PaymentIntent; the provider's success completes payment, bill and order.
func TestAQRPaymentThroughTheGateway(t *testing.T) {
	t.Parallel()
	k := newQRTill(t, start(t, emulator.Options{}))
	order, bill := k.bill()
	key := uuid.NewString()
	status, p := k.pay(bill, key)
	require.Equal(t, 201, status, "%v", p)
	require.Equal(t, []any{"pending", "pgw_processed", 380.0}, []any{p["status"], p["processing_mode"], p["amount"]})
	require.InDelta(t, 1800, p["expires_in"], 5)
	status, again := k.pay(bill, key)
	require.Equal(t, 201, status)
	for _, name := range []string{"id", "payment_intent_id", "payment_token"} {
		require.Equal(t, p[name], again[name], name)
	}
	row := k.get("payments", p["id"].(string))
	require.NotContains(t, row, "payment_token", "the token is given to who asked for the payment alone")
	require.Equal(t, p["payment_intent_id"], row["payment_intent_id"])
	require.Equal(t, 409, k.must("PATCH", "/api/v1/payments/"+p["id"].(string), map[string]string{"status": "completed"}, nil), "a terminal does not say that a QR payment was made")
	status, _ = k.pay(bill, uuid.NewString())
	require.Equal(t, 409, status, "the bill is taken while a payment is under way")

	confirmed := k.gateway(p, "confirm")
	k.decide(p, "SUCCESS")
	row = k.becomes("payments", p["id"].(string), "completed")
	require.Equal(t, confirmed["provider_transaction_id"], row["transaction_id"])
	require.Equal(t, "paid", k.get("bills", bill)["status"])
	require.Equal(t, "completed", k.get("orders", order)["status"])
}

// Every terminal of the store hears how a payment ends, also of one that a person made; another store hears nothing.
func TestTheStoreHearsOfItsPayments(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	k, beside, away := newQRTill(t, w), activated(t, w, "SN-BESIDE"), activatedAt(t, w, "SN-AWAY", 2)
	beside.fetch()
	away.fetch()
	heard := map[string]*websocket.Conn{}
	for _, d := range []*device{k.device, beside} {
		heard[d.sn] = d.connect("")
		welcomed(t, heard[d.sn])
	}
	var person struct{ AccessToken string }
	admin(t, w, "POST", "/admin/api/mpac/human-tokens", map[string]any{"role": "STORE_MANAGER", "merchantId": 1, "storeId": 1}, &person)
	byPerson := qrTill{&device{t: t, world: w, client: k.client, token: person.AccessToken}}
	for who, till := range map[string]qrTill{"a terminal": k, "a person": byPerson} {
		_, bill := k.bill()
		_, p := till.pay(bill, uuid.NewString())
		k.gateway(p, "confirm")
		k.decide(p, "SUCCESS")
		for sn, conn := range heard {
			for status := ""; status != "completed"; {
				m, err := read(t, conn)
				require.NoError(t, err, "%s, %s", who, sn)
				data := m["data"].(map[string]any)
				require.Equal(t, "payment.updated", data["event"])
				payload := data["payload"].(map[string]any)
				require.Equal(t, []any{p["id"], bill}, []any{payload["payment_id"], payload["bill_id"]}, "%s, %s", who, sn)
				status = payload["status"].(string)
			}
		}
	}
	conn := away.connect("")
	welcomed(t, conn)
	mark := push(t, w, "SN-AWAY", map[string]any{})
	m, err := read(t, conn)
	require.NoError(t, err)
	require.Equal(t, []any{mark, 1.0}, []any{m["id"], m["seq"]}, "the first event it ever got")
}

// What ends at the gateway without money ends here too, and the bill can be paid otherwise.
func TestAQRPaymentThatComesToNothing(t *testing.T) {
	t.Parallel()
	k := newQRTill(t, start(t, emulator.Options{}))
	for name, tt := range map[string]struct {
		do              func(p map[string]any)
		status, because string
	}{
		"cancelled with its token": {func(p map[string]any) { k.gateway(p, "cancel") }, "cancelled", ""},
		"refused by the provider":  {func(p map[string]any) { k.gateway(p, "confirm"); k.decide(p, "FAILED") }, "failed", "FAILED"},
	} {
		_, bill := k.bill()
		status, p := k.pay(bill, uuid.NewString())
		require.Equal(t, 201, status, name)
		tt.do(p)
		row := k.becomes("payments", p["id"].(string), tt.status)
		if tt.because != "" {
			require.Equal(t, tt.because, row["error_code"], name)
		}
		require.Equal(t, "pending", k.get("bills", bill)["status"], name)
		require.Equal(t, 201, k.must("POST", "/api/v1/payments", map[string]any{"bill_id": bill, "amount": 380, "payment_method": "cash"}, nil), name)
	}
	_, bill := k.bill()
	_, p := k.pay(bill, uuid.NewString())
	k.halfAnHourLater()
	require.Equal(t, "expired", k.becomes("payments", p["id"].(string), "cancelled")["error_code"])
}

// While the gateway does not answer a payment waits for its caller; the same key goes on with it.
func TestAQRPaymentWhileTheGatewayIsDown(t *testing.T) {
	t.Parallel()
	k := newQRTill(t, start(t, emulator.Options{}))
	_, bill := k.bill()
	key := uuid.NewString()
	addFault(t, k.world, map[string]any{"kind": "refuse", "system": "pgw"})
	status, out := k.pay(bill, key)
	require.Equal(t, 503, status, "%v", out)
	admin(t, k.world, "DELETE", "/admin/api/faults", nil, nil)
	addFault(t, k.world, map[string]any{"kind": "drop_answer", "system": "pgw", "path": "/v1/payment_intents", "times": 1})
	for status == 503 { // the follower's own look may have met the fault
		status, out = k.pay(bill, key)
	}
	require.Equal(t, 201, status, "%v", out)
	var list struct {
		Items []map[string]any
	}
	status, raw := k.send("GET", k.world.Env().MPAC.URL+"/api/v1/payments", nil, map[string]string{"Authorization": "Bearer " + k.token})
	require.Equal(t, 200, status)
	text, err := json.Marshal(raw)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &list))
	require.Len(t, list.Items, 1, "one payment, however often it was asked for")
	k.gateway(out, "confirm")
	k.decide(out, "SUCCESS")
	k.becomes("payments", out["id"].(string), "completed")
}

// A payment that nobody asks for again frees its bill when its time is up.
func TestAQRPaymentThatNobodyAsksForAgain(t *testing.T) {
	t.Parallel()
	k := newQRTill(t, start(t, emulator.Options{}))
	_, bill := k.bill()
	key := uuid.NewString()
	addFault(t, k.world, map[string]any{"kind": "refuse", "system": "pgw"})
	status, _ := k.pay(bill, key)
	require.Equal(t, 503, status)
	admin(t, k.world, "DELETE", "/admin/api/faults", nil, nil)
	k.halfAnHourLater()
	require.Eventually(t, func() bool {
		return k.must("POST", "/api/v1/payments", map[string]any{"bill_id": bill, "amount": 380, "payment_method": "cash"}, nil) == 201
	}, 10*time.Second, 50*time.Millisecond)
	status, late := k.pay(bill, key)
	require.Equal(t, 409, status, "the bill is paid: nobody can be asked to pay it again: %v", late)
	var made struct{ Intents []struct{ Status string } }
	admin(t, k.world, "GET", "/admin/api/pgw/intents", nil, &made)
	require.Empty(t, made.Intents)
}

// What happens at the gateway while the server is down is found after the restart.
func TestAQRPaymentOverARestart(t *testing.T) {
	t.Parallel()
	o := emulator.Options{StateDir: filepath.Join(t.TempDir(), "state")}
	w := start(t, o)
	k := newQRTill(t, w)
	order, bill := k.bill()
	_, p := k.pay(bill, uuid.NewString())
	k.gateway(p, "confirm")
	addFault(t, w, map[string]any{"kind": "status", "system": "pgw", "path": "/v1/payment_intents", "status": 500})
	k.decide(p, "SUCCESS")
	require.NoError(t, w.Close())
	k.world = start(t, o)
	k.becomes("payments", p["id"].(string), "completed")
	require.Equal(t, "completed", k.get("orders", order)["status"])
}
