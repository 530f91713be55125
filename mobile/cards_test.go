package mobile

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// counter is a device with a bill of 380 yen to pay by card.
type counter struct {
	*site
	dir         string
	terminal    *Terminal
	order, bill string
	payment     string
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{site: newSite(t), dir: filepath.Join(t.TempDir(), "data")}
	c.terminal = c.device(nil, c.dir)
	c.activate(c.terminal)
	c.order = c.post("/orders", orderJSON)["id"].(string)
	c.bill = c.post("/bills", `{"order_id":"`+c.order+`"}`)["id"].(string)
	c.payment = c.cardPayment()
	return c
}

func (c *counter) cardPayment() string {
	c.t.Helper()
	return c.post("/payments", `{"bill_id":"`+c.bill+`","amount":380,"payment_method":"credit_card"}`)["id"].(string)
}

func (c *counter) post(path, body string) map[string]any {
	c.t.Helper()
	return c.call("POST", path, []byte(body))
}

func (c *counter) call(method, path string, body []byte) map[string]any {
	c.t.Helper()
	text, err := c.terminal.Call(nil, method, "/api/v1"+path, body, "")
	require.NoError(c.t, err)
	var answer struct{ Body map[string]any }
	require.NoError(c.t, json.Unmarshal([]byte(text), &answer))
	return answer.Body
}

// killed opens the data folder anew.
func (c *counter) killed() {
	c.t.Helper()
	require.NoError(c.t, c.terminal.Close())
	c.terminal = c.device(nil, c.dir)
}

func (c *counter) request(paymentID string) string {
	c.t.Helper()
	text, err := c.terminal.EncodeCardRequest(nil, `{"v":1,"amount":380,"classificationCode":5,"authorizationID":"AUTH01","paymentId":"`+paymentID+`"}`)
	launch := object(c.t, "card-launch", text, err)
	extras := launch["extras"].(map[string]any)
	var request map[string]any
	require.NoError(c.t, json.Unmarshal([]byte(extras["request"].(string)), &request))
	require.Equal(c.t, map[string]any{
		"corr_id": launch["corrId"], "amount": 380.0, "classificationCode": 5.0, "authorizationID": "AUTH01", "terminal_id": extras["terminal_id"],
	}, request)
	return launch["corrId"].(string)
}

const approval = `{"status":"success","approval_code":"012345","card_slip_number":"00123","card_last_4":"0042","error_message":null,"card_brand":"VISA"}`

func (c *counter) settle(corrID string) map[string]any {
	c.t.Helper()
	text, err := c.terminal.DecodeCardResult(nil, corrID, "ok", approval)
	return object(c.t, "card-result-success", text, err)
}

// list gives what PendingCardPayments has of a kind.
func (c *counter) list(kind string) []any {
	c.t.Helper()
	text, err := c.terminal.PendingCardPayments(nil)
	require.NoError(c.t, err)
	var answer map[string]any
	require.NoError(c.t, json.Unmarshal([]byte(text), &answer))
	return answer[kind].([]any)
}

func (c *counter) fault(kind, path string) {
	c.t.Helper()
	c.admin(http.MethodPost, "/admin/api/faults", map[string]any{"kind": kind, "system": "mpac", "path": path}, nil)
}

func (c *counter) mend() {
	c.t.Helper()
	c.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
}

func (c *counter) status() map[string]any {
	c.t.Helper()
	text, err := c.terminal.Status()
	require.NoError(c.t, err)
	var status map[string]any
	require.NoError(c.t, json.Unmarshal([]byte(text), &status))
	return status
}

// paid says that the backend has the card's result, with its codes as text.
func (c *counter) paid() {
	c.t.Helper()
	row := c.call("GET", "/payments/"+c.payment, nil)
	require.Equal(c.t, []any{"completed", "012345", "0042", "00123"}, []any{row["status"], row["approval_code"], row["card_last_4"], row["card_slip_number"]})
	require.Equal(c.t, "completed", c.call("GET", "/orders/"+c.order, nil)["status"])
}

// From the Intent to the completed order, with a kill while the Credit Card App is in front.
func TestACardPaymentOverAKill(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	id := c.request(c.payment)
	c.killed()
	text, err := c.terminal.PendingCardPayments(nil)
	require.NoError(t, err)
	require.Contains(t, text, `"corrId":"`+id+`","amount":380,"state":"unknown"`)
	require.Equal(t, []any{1.0, 0.0, false}, []any{c.status()["unknownCards"], c.status()["unrecordedCards"], c.status()["safeToWipe"]})
	text, err = c.terminal.Readiness(nil)
	require.NoError(t, err)
	require.Contains(t, text, `"unknown_card_payments"`)

	result := c.settle(id)
	require.Equal(t, []any{id, "success", "012345", "00123", "0042", nil, c.payment, map[string]any{"card_brand": `"VISA"`}},
		[]any{result["corrId"], result["status"], result["approvalCode"], result["cardSlipNumber"], result["cardLast4"], result["errorMessage"], result["paymentId"], result["unknown"]})
	text, err = c.terminal.RecordCardResult(nil, id, "")
	require.Equal(t, "recorded", object(t, "card-recorded", text, err)["outcome"])
	c.paid()
	require.Empty(t, c.list("unrecorded"))
	require.Equal(t, true, c.status()["safeToWipe"])
	_, err = c.terminal.DecodeCardResult(nil, id, "ok", approval)
	require.Equal(t, "already_resolved", ErrorCode(err))
}

// While the network is gone a result waits on disk; the daily job, or the network's return, brings it to the backend.
func TestAResultWaitsForTheNetwork(t *testing.T) {
	t.Parallel()
	for name, bring := range map[string]func(c *counter){
		"the daily job": func(c *counter) {
			text, err := c.terminal.RunDue(nil)
			require.Equal(t, map[string]any{"recorded": 1.0, "unrecorded": 0.0}, object(t, "run-due-cards", text, err)["cards"])
		},
		"the network's return": func(c *counter) { require.NoError(t, c.terminal.NetworkAvailable()) },
		"the channel": func(c *counter) {
			require.NoError(t, c.terminal.Connect(listenerFunc(func(string) error { return nil })))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			id := c.request("")
			c.settleAlone(id)
			c.fault("refuse", "")
			text, err := c.terminal.RecordCardResult(nil, id, c.payment)
			require.Equal(t, "waiting", object(t, "card-record-waiting", text, err)["outcome"])
			require.Regexp(t, `"code":"(network_unavailable|outcome_unknown)"`, text, "a kept connection may have carried it")
			c.killed()
			require.Len(t, c.list("unrecorded"), 1)
			require.Equal(t, []any{1.0, false}, []any{c.status()["unrecordedCards"], c.status()["safeToWipe"]})
			c.mend()
			bring(c)
			require.Eventually(t, func() bool { return len(c.list("unrecorded")) == 0 }, 10*time.Second, 10*time.Millisecond)
			c.paid()
		})
	}
}

// settleAlone settles a card payment for which no payment of the backend was named.
func (c *counter) settleAlone(corrID string) {
	c.t.Helper()
	_, err := c.terminal.DecodeCardResult(nil, corrID, "ok", approval)
	require.NoError(c.t, err)
}

type listenerFunc func(string) error

func (f listenerFunc) Receive(notice string) error { return f(notice) }

// The answer to the record gets lost: it was done once, and is known to be done.
func TestALostAnswerToARecord(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	id := c.request("")
	c.settleAlone(id)
	c.fault("drop_answer", "/api/v1/payments/"+c.payment)
	text, err := c.terminal.RecordCardResult(nil, id, c.payment)
	require.Equal(t, "waiting", object(t, "card-record-waiting", text, err)["outcome"])
	require.Contains(t, text, `"code":"outcome_unknown"`)
	c.mend()
	c.paid()
	text, err = c.terminal.RecordCardResult(nil, id, "")
	require.Equal(t, "recorded", object(t, "card-recorded", text, err)["outcome"])
}

// A backend without a memory for idempotency keys answers a repeated record 409; its row tells that it has this very result, also when
// it was paid back meanwhile, or that it has another one.
func TestARepeatedRecordIsKnownByTheRow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ status, corrID, code string }{
		{"completed", "", ""}, {"refunded", "", ""}, {"failed", "", "conflict"}, {"completed", "CORR-5-1600000000000", "conflict"},
	} {
		t.Run(tt.status+tt.corrID, func(t *testing.T) {
			t.Parallel()
			c := newCounter(t)
			id := c.request("")
			c.settleAlone(id)
			path := "/api/v1/payments/" + c.payment
			row := map[string]string{"id": c.payment, "bill_id": c.bill, "status": tt.status, "corr_id": tt.corrID}
			if tt.corrID == "" {
				row["corr_id"] = id
			}
			text, err := json.Marshal(row)
			require.NoError(t, err)
			for _, f := range []map[string]any{{"status": 409, "body": `{"error":{"code":"conflict","message":"m"}}`}, {"status": 200, "body": string(text)}} {
				f["kind"], f["system"], f["path"], f["times"] = "status", "mpac", path, 1
				c.admin(http.MethodPost, "/admin/api/faults", f, nil)
			}
			said, err := c.terminal.RecordCardResult(nil, id, c.payment)
			require.Equal(t, tt.code, ErrorCode(err), "%v", err)
			if tt.code == "" {
				require.Equal(t, "recorded", object(t, "card-recorded", said, err)["outcome"])
			}
		})
	}
}

// A bill is not charged twice because somebody taps twice, or because the app was killed while the card app was in front.
func TestAPaymentIsHandedToTheCardAppOnce(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	id := c.request(c.payment)
	again := func(code string) {
		t.Helper()
		_, err := c.terminal.EncodeCardRequest(nil, `{"v":1,"amount":380,"classificationCode":5,"authorizationID":"AUTH01","paymentId":"`+c.payment+`"}`)
		require.Equal(t, code, ErrorCode(err))
	}
	again("conflict")
	c.killed()
	again("conflict")
	require.Len(t, c.list("pending"), 1)
	c.settle(id)
	again("already_resolved")
}

// A backend that refuses says so; the result stays in sight until it is recorded in a payment that takes it.
func TestARefusedRecordGoesIntoAnotherPayment(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	id := c.request("7f1c1e0a-3c53-4f44-9d0b-6a3f0d6e2b11")
	c.settle(id)
	_, err := c.terminal.RecordCardResult(nil, id, "")
	require.Equal(t, "not_found", ErrorCode(err))
	c.killed()
	require.Contains(t, c.list("unrecorded")[0], "code")
	text, err := c.terminal.RecordCardResult(nil, id, c.payment)
	require.Equal(t, "recorded", object(t, "card-recorded", text, err)["outcome"])
	c.paid()
}

// Declined and cancelled leave the bill to be paid; what the operator says counts as a result.
func TestCardPaymentsThatComeToNothing(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for name, tt := range map[string]struct {
		end  func(id string) (string, error)
		like string
		want string
	}{
		"declined": {func(id string) (string, error) {
			return c.terminal.DecodeCardResult(nil, id, "ok", `{"status":"declined","error_message":"Call the issuer."}`)
		}, "", "failed"},
		"cancelled":       {func(id string) (string, error) { return c.terminal.DecodeCardResult(nil, "", "cancelled", "") }, "", "cancelled"},
		"by the operator": {func(id string) (string, error) { return c.terminal.ResolveCardPayment(nil, id, "error") }, "card-resolved", "failed"},
	} {
		payment := c.payment
		id := c.request(payment)
		text, err := tt.end(id)
		require.NoError(t, err, name)
		if tt.like != "" {
			likeVector(t, tt.like, text)
		}
		_, err = c.terminal.RecordCardResult(nil, id, "")
		require.NoError(t, err, name)
		row := c.call("GET", "/payments/"+payment, nil)
		require.Equal(t, []any{tt.want, id}, []any{row["status"], row["corr_id"]}, name)
		require.Equal(t, "pending", c.call("GET", "/bills/"+c.bill, nil)["status"], name)
		c.payment = c.cardPayment()
	}
}

func TestCardCallsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	terminal := s.device(nil, filepath.Join(t.TempDir(), "data"))
	_, err := terminal.EncodeCardRequest(nil, `{"v":1,"amount":1,"classificationCode":5,"authorizationID":"A"}`)
	require.Equal(t, "not_activated", ErrorCode(err))
	s.activate(terminal)
	for text, code := range map[string]string{
		``:                      "invalid_request",
		`{"v":2,"amount":1}`:    "invalid_request",
		`{"v":1}`:               "invalid_amount",
		`{"v":1,"amount":"1"}`:  "invalid_amount",
		`{"v":1,"amount":10.5}`: "invalid_amount",
		`{"v":1,"amount":1e3}`:  "invalid_amount",
		`{"v":1,"amount":0,"classificationCode":5,"authorizationID":"A"}`:                 "invalid_amount",
		`{"v":1,"amount":-1,"classificationCode":5,"authorizationID":"A"}`:                "invalid_amount",
		`{"v":1,"amount":9007199254740992,"classificationCode":5,"authorizationID":"A"}`:  "invalid_amount",
		`{"v":1,"amount":99999999999999999999,"classificationCode":5}`:                    "invalid_amount",
		`{"v":1,"amount":1,"classificationCode":5.5,"authorizationID":"A"}`:               "invalid_request",
		`{"v":1,"amount":1,"classificationCode":10,"authorizationID":"A"}`:                "invalid_request",
		`{"v":1,"amount":1,"classificationCode":5}`:                                       "invalid_request",
		`{"v":1,"amount":1,"classificationCode":5,"authorizationID":"A","paymentId":"/"}`: "invalid_request",
		`{"v":1,"amount":1,"classificationCode":5,"authorizationID":"A","paymentID":"p"}`: "invalid_request",
		`{"v":1,"amount":1,"classificationCode":5,"authorizationID":"A","payment":"p"}`:   "invalid_request",
		`{"v":1,"amount":1,"amount":900,"classificationCode":5,"authorizationID":"A"}`:    "invalid_request",
		`{"v":1,"amount":1,"Amount":900,"classificationCode":5,"authorizationID":"A"}`:    "invalid_request",
		`{"v":1,"amount":-0,"classificationCode":5,"authorizationID":"A"}`:                "invalid_amount",
	} {
		_, err := terminal.EncodeCardRequest(nil, text)
		require.Equal(t, code, ErrorCode(err), text)
	}
	text, err := terminal.PendingCardPayments(nil)
	require.NoError(t, err)
	likeVector(t, "card-pending-nothing", text)
	for name, call := range map[string]func() (string, error){
		"decode":  func() (string, error) { return terminal.DecodeCardResult(nil, "", "ok", approval) },
		"resolve": func() (string, error) { return terminal.ResolveCardPayment(nil, "CORR-5-1600000000000", "declined") },
		"record":  func() (string, error) { return terminal.RecordCardResult(nil, "CORR-5-1600000000000", "p") },
	} {
		_, err := call()
		require.Equal(t, "payment_unknown", ErrorCode(err), name)
	}
	_, err = terminal.DecodeCardResult(nil, "", "ok", strings.Repeat("x", 1<<20))
	require.Equal(t, "card_app_result_invalid", ErrorCode(err))

	without := s.openWith(nil, filepath.Join(t.TempDir(), "data"), s.macsSections())
	_, err = without.PendingCardPayments(nil)
	require.Equal(t, "invalid_config", ErrorCode(err))
}
