package mobile

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// qrCounter is a counter whose terminal knows the payment gateway, with a QR payment under way.
type qrCounter struct {
	*counter
	host              *appHost
	intent, token, id string
}

func newQRCounter(t *testing.T) *qrCounter {
	t.Helper()
	c := &qrCounter{counter: &counter{site: newSite(t), dir: filepath.Join(t.TempDir(), "data")}, host: newAppHost()}
	c.terminal = c.openWith(c.host, c.dir, map[string]any{
		"device": c.deviceSection(), "pgw": map[string]any{"baseUrl": c.world.Env().PGW.URL, "trustedCa": string(c.world.CAPEM())},
	})
	c.activate(c.terminal)
	c.order = c.post("/orders", orderJSON)["id"].(string)
	c.bill = c.post("/bills", `{"order_id":"`+c.order+`"}`)["id"].(string)
	c.qr()
	return c
}

func (c *qrCounter) qr() {
	c.t.Helper()
	p := c.post("/payments", `{"bill_id":"`+c.bill+`","amount":380,"payment_method":"qr_mpm"}`)
	c.id, c.intent, c.token = p["id"].(string), p["payment_intent_id"].(string), p["payment_token"].(string)
}

func (c *qrCounter) decide(status string) {
	c.t.Helper()
	c.admin(http.MethodPost, "/admin/api/pgw/intents/"+c.intent+"/provider", map[string]string{"status": status}, nil)
}

func intentOf(t *testing.T, text string, err error) map[string]any {
	t.Helper()
	require.NoError(t, err)
	var answer struct {
		V      int
		Intent map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(text), &answer))
	require.Equal(t, 1, answer.V)
	return answer.Intent
}

// From the payment's token to the completed order; the token shows nowhere on the way.
func TestAQRPaymentOnATerminal(t *testing.T) {
	t.Parallel()
	c := newQRCounter(t)
	text, err := c.terminal.RetrievePayment(nil, c.intent, c.token)
	require.Equal(t, "requires_payment_method", intentOf(t, text, err)["status"])
	text, err = c.terminal.PaymentHandover(nil, c.intent, c.token)
	handed := object(t, "handover", text, err)
	require.Equal(t, []any{c.token, c.intent}, []any{handed["token"], handed["payment_intent_id"]})
	require.InDelta(t, 1800, handed["expires_in"], 10)
	text, err = c.terminal.ConfirmPayment(nil, c.intent, c.token, "qr_mpm", "PAYPAY")
	confirmed := intentOf(t, text, err)
	require.Equal(t, "requires_action", confirmed["status"])
	require.NotEmpty(t, confirmed["qr_content"])
	text, err = c.terminal.ConfirmPayment(nil, c.intent, c.token, "qr_mpm", "PAYPAY")
	require.Equal(t, confirmed["provider_transaction_id"], intentOf(t, text, err)["provider_transaction_id"], "confirming again is safe")
	c.decide("SUCCESS")
	text, err = c.terminal.AwaitPayment(nil, c.intent, c.token)
	require.Equal(t, "succeeded", intentOf(t, text, err)["status"])
	require.Eventually(t, func() bool { return c.call("GET", "/orders/"+c.order, nil)["status"] == "completed" }, 10*time.Second, 20*time.Millisecond)
	_, err = c.terminal.CancelPayment(nil, c.intent, c.token)
	require.Equal(t, "conflict", ErrorCode(err))

	require.NoError(t, c.terminal.Close())
	lines, _ := c.host.told()
	require.Contains(t, strings.Join(lines, "\n"), "/v1/payment_intents", "the calls are in the log")
	require.NotContains(t, strings.Join(lines, "\n"), c.token)
	require.NoError(t, filepath.WalkDir(c.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		require.NotContains(t, string(content), c.token, path)
		return err
	}))
}

func TestAQRPaymentThatIsGivenUp(t *testing.T) {
	t.Parallel()
	c := newQRCounter(t)
	text, err := c.terminal.CancelPayment(nil, c.intent, c.token)
	require.Equal(t, "cancelled", intentOf(t, text, err)["status"])
	text, err = c.terminal.CancelPayment(nil, c.intent, c.token)
	require.Equal(t, "cancelled", intentOf(t, text, err)["status"], "twice is once")
	_, err = c.terminal.ConfirmPayment(nil, c.intent, c.token, "qr_mpm", "PAYPAY")
	require.Equal(t, "conflict", ErrorCode(err))
	require.Eventually(t, func() bool { return c.call("GET", "/payments/"+c.id, nil)["status"] == "cancelled" }, 10*time.Second, 20*time.Millisecond)
	c.qr()
	text, err = c.terminal.RetrievePayment(nil, c.intent, c.token)
	require.Equal(t, "requires_payment_method", intentOf(t, text, err)["status"], "the bill is paid otherwise")
}

// Cancelling the operation ends the waiting at once, not the payment.
func TestWaitingForAPaymentCanBeLeft(t *testing.T) {
	t.Parallel()
	c := newQRCounter(t)
	op := NewOp()
	done := make(chan error, 1)
	go func() {
		_, err := c.terminal.AwaitPayment(op, c.intent, c.token)
		done <- err
	}()
	op.Cancel()
	select {
	case err := <-done:
		require.Equal(t, "cancelled", ErrorCode(err))
	case <-time.After(5 * time.Second):
		require.Fail(t, "it still waits")
	}
	text, err := c.terminal.RetrievePayment(nil, c.intent, c.token)
	require.Equal(t, "requires_payment_method", intentOf(t, text, err)["status"])
}

func TestPaymentCallsThatAreRefused(t *testing.T) {
	t.Parallel()
	c := newQRCounter(t)
	wrong := c.intent + "_secret_00000000000000000000000000000000"
	for name, call := range map[string]func(id, token string) (string, error){
		"retrieve": func(id, token string) (string, error) { return c.terminal.RetrievePayment(nil, id, token) },
		"confirm": func(id, token string) (string, error) {
			return c.terminal.ConfirmPayment(nil, id, token, "qr_mpm", "PAYPAY")
		},
		"cancel":   func(id, token string) (string, error) { return c.terminal.CancelPayment(nil, id, token) },
		"await":    func(id, token string) (string, error) { return c.terminal.AwaitPayment(nil, id, token) },
		"handover": func(id, token string) (string, error) { return c.terminal.PaymentHandover(nil, id, token) },
	} {
		for token, code := range map[string]string{wrong: "token_invalid", "": "token_invalid"} {
			_, err := call(c.intent, token)
			require.Equal(t, code, ErrorCode(err), name)
			require.NotContains(t, err.Error(), wrong, name)
		}
		_, err := call("../refund", c.token)
		require.Equal(t, "invalid_request", ErrorCode(err), name)
	}
	_, err := c.terminal.ConfirmPayment(nil, c.intent, c.token, "credit_card", "PAYPAY")
	require.Equal(t, "protocol_error", ErrorCode(err))
	c.admin(http.MethodPost, "/admin/api/faults", map[string]string{"kind": "refuse", "system": "pgw"}, nil)
	_, err = c.terminal.RetrievePayment(nil, c.intent, c.token)
	require.Equal(t, "network_unavailable", ErrorCode(err))

	without := c.device(nil, filepath.Join(t.TempDir(), "data"))
	_, err = without.RetrievePayment(nil, c.intent, c.token)
	require.Equal(t, "invalid_config", ErrorCode(err))
	alone := c.openWith(nil, filepath.Join(t.TempDir(), "data"), map[string]any{"pgw": map[string]any{"baseUrl": c.world.Env().PGW.URL, "trustedCa": string(c.world.CAPEM())}})
	_, err = alone.RunDue(nil)
	require.Equal(t, "invalid_config", ErrorCode(err))
	_, err = alone.Status()
	require.NoError(t, err, "a terminal may know the gateway alone")
}
