package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newTill is a desk whose device is activated, with a bill of 380 yen.
func newTill(t *testing.T) (d *desk, bill string) {
	t.Helper()
	d = newDesk(t)
	code := d.json(exitDone, "activate")["activationCode"]
	d.admin(http.MethodPost, "/admin/api/mpac/activate", map[string]any{"activationCode": code, "merchantId": 1, "storeId": 1}, nil)
	d.json(exitDone, "activate", "--wait", "20s")
	order := d.post("/orders", `{"order_type":"takeaway","items":[{"sequence":1,"item_name":"Tea","quantity":1,"unit_price":380,"subtotal":380}]}`)
	return d, d.post("/bills", `{"order_id":"`+order["id"].(string)+`"}`)["id"].(string)
}

func (d *desk) post(path, body string) map[string]any {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "body.json")
	require.NoError(d.t, os.WriteFile(file, []byte(body), 0o600))
	return d.json(exitDone, "call", "POST", "/api/v1"+path, "--body", file)["body"].(map[string]any)
}

// piped runs a command line with standard input, and gives what it printed.
func piped(t *testing.T, want int, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	require.Equal(t, want, run(args, strings.NewReader(stdin), &out, &errs), "%v: %s%s", args, &out, &errs)
	return out.String()
}

// A card payment by script, with cardapp in the place of the Credit Card App.
func TestACardPaymentByScript(t *testing.T) {
	t.Parallel()
	d, bill := newTill(t)
	payment := d.post("/payments", `{"bill_id":"`+bill+`","amount":380,"payment_method":"credit_card"}`)["id"].(string)
	asked := d.has("card-launch", d.json(exitDone, "card", "request", "--amount", "380", "--classification", "5", "--authorization", "AUTH01", "--payment", payment))
	id, request := asked["corrId"].(string), asked["extras"].(map[string]any)["request"].(string)
	require.Len(t, d.has("card-pending", d.json(exitDone, "card", "pending"))["pending"], 1)
	d.fails("card_app_result_invalid", "card", "result", "--corr-id", id)
	approved := piped(t, exitDone, request, "cardapp", "--decide", "approve", "--silent", "-")
	require.NotContains(t, approved, "corr_id")
	result := piped(t, exitDone, approved, "terminal", "--config", d.config, "--json", "card", "result", "-")
	require.Contains(t, result, `"corrId":"`+id+`","status":"success"`)
	d.has("card-recorded", d.json(exitDone, "card", "record", "--corr-id", id))
	d.fails("already_resolved", "card", "resolve", "--corr-id", id, "--status", "declined")
	row := d.json(exitDone, "call", "GET", "/api/v1/payments/"+payment)["body"].(map[string]any)
	require.Equal(t, []any{"completed", id}, []any{row["status"], row["corr_id"]})

	asked = d.json(exitDone, "card", "request", "--amount", "1", "--classification", "9", "--authorization", "AUTH01")
	cancelled := d.json(exitDone, "card", "result", "--result-code", "cancelled")
	require.Equal(t, []any{asked["corrId"], "cancelled"}, []any{cancelled["corrId"], cancelled["status"]})
	d.fails("invalid_amount", "card", "request", "--amount=-1", "--classification", "5", "--authorization", "A")
	d.fails("invalid_request", "card", "request", "--amount", "1", "--classification", "10", "--authorization", "A")
	for _, args := range [][]string{
		{"card"}, {"card", "request"}, {"card", "request", "--amount", "10.5", "--classification", "5", "--authorization", "A"},
		{"card", "result", "--result-code", "maybe"}, {"card", "resolve", "--corr-id", id, "--status", "approved"},
	} {
		d.run(exitUsage, args...)
	}
}

// A QR payment by script; the token is read from a file and printed nowhere.
func TestAQRPaymentByScript(t *testing.T) {
	t.Parallel()
	d, bill := newTill(t)
	payment := d.post("/payments", `{"bill_id":"`+bill+`","amount":380,"payment_method":"qr_mpm"}`)
	id, token := payment["payment_intent_id"].(string), payment["payment_token"].(string)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(token+"\n"), 0o600))
	status := func(args ...string) any {
		out, errs := d.run(exitDone, append([]string{"--json", "intent"}, append(args, id, "--token-file", file)...)...)
		require.NotContains(t, out+errs, token)
		var answer struct{ Intent map[string]any }
		require.NoError(t, json.Unmarshal([]byte(out), &answer))
		return answer.Intent["status"]
	}
	require.Equal(t, "requires_payment_method", status("get"))
	require.Equal(t, "requires_action", status("confirm", "--method", "qr_mpm", "--provider", "LINEPAY"))
	d.admin(http.MethodPost, "/admin/api/pgw/intents/"+id+"/provider", map[string]string{"status": "SUCCESS"}, nil)
	require.Equal(t, "succeeded", status("await"))
	d.fails("conflict", "intent", "cancel", id, "--token-file", file)
	d.fails("invalid_request", "intent", "get", id, "--token-file", filepath.Join(t.TempDir(), "none"))
	d.run(exitUsage, "intent", "get", id)
	d.run(exitUsage, "intent")
}

func TestTheCardAppByHand(t *testing.T) {
	t.Parallel()
	const request = `{"corr_id":"CORR-5-1706515200000","amount":1,"classificationCode":5,"authorizationID":"A","terminal_id":"t"}`
	require.JSONEq(t, `{"status":"declined","error_message":"the issuer declined the card","corr_id":"CORR-5-1706515200000"}`,
		piped(t, exitDone, "", "cardapp", "--decide", "decline", "--json", request))
	require.Contains(t, piped(t, exitFailed, "", "cardapp", "--decide", "approve", "--json", "nonsense"), `"code":"invalid_request"`)
	require.Empty(t, piped(t, exitFailed, request, "cardapp", "--decide", "kill"), "it dies before it answers")
	piped(t, exitUsage, request, "cardapp", "--decide", "maybe")
	piped(t, exitUsage, request, "cardapp")
}
