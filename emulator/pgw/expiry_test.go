package pgw

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/state"
)

// idle is a gateway whose worker does not run, as one that was killed and is about to come back.
type idle struct {
	*Server
	t     *testing.T
	clock *state.Clock
}

func newIdle(t *testing.T) *idle {
	t.Helper()
	st, err := state.Open("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	base := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	clock := &state.Clock{Base: func() time.Time { return base }}
	s, err := New(st, clock)
	require.NoError(t, err)
	return &idle{s, t, clock}
}

func (g *idle) do(method, path, body, header, value string) intentView {
	g.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if header != "" {
		r.Header.Set(header, value)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	require.Less(g.t, w.Code, 300, w.Body.String())
	var v intentView
	require.NoError(g.t, json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

// shown is a PaymentIntent whose QR code the payer sees.
func (g *idle) shown() intentView {
	g.t.Helper()
	const path, body = "/v1/payment_intents", `{"amount":1200,"currency":"JPY","merchant_ref_id":"REF","payment_method_types":["qr_mpm"]}`
	at := fmt.Sprint(g.now().Unix())
	sum := signature(schemeNewline, g.origin.key, "POST", path, at, []byte(body))
	made := g.do("POST", path, body, "Authorization", "HMAC-SHA256 "+g.origin.apiKey+":"+at+":"+hex.EncodeToString(sum))
	shown := g.do("POST", path+"/"+made.ID+"/confirm", `{}`, "Authorization", "Bearer "+made.PaymentToken)
	shown.PaymentToken = made.PaymentToken
	return shown
}

func (g *idle) hook(i intentView, status string) {
	g.t.Helper()
	body := fmt.Sprintf(`{"transaction_id":%q,"status":%q,"amount":1200,"currency":"JPY","timestamp":"2026-01-28T10:00:00Z"}`, i.ProviderTransactionID, status)
	g.do("POST", "/v1/webhooks/paypay", body, "X-PayPay-Signature", hex.EncodeToString(sign(g.secrets["paypay"], []byte(body))))
}

func (g *idle) retrieve(i intentView) intentView {
	g.t.Helper()
	return g.do("GET", "/v1/payment_intents/"+i.ID, "", "Authorization", "Bearer "+i.PaymentToken)
}

// Who paid in time has paid, though the gateway was down until the time was up: what it had received counts.
func TestAWebhookReceivedInTimeCounts(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(g *idle, i intentView){
		"nobody looks":       func(*idle, intentView) {},
		"somebody retrieves": func(g *idle, i intentView) { require.Equal(t, requiresAction, g.retrieve(i).Status) },
		"somebody lists": func(g *idle, _ intentView) {
			_, err := g.Intents()
			require.NoError(t, err)
		},
	} {
		g := newIdle(t)
		i := g.shown()
		g.clock.Move(29 * time.Minute)
		g.hook(i, "SUCCESS")
		g.clock.Move(31 * time.Minute)
		look(g, i)
		require.NoError(t, g.processDue())
		require.Equal(t, succeeded, g.retrieve(i).Status, name)
	}
	g := newIdle(t)
	late := g.shown()
	g.clock.Move(31 * time.Minute)
	g.hook(late, "SUCCESS")
	require.NoError(t, g.processDue())
	require.Equal(t, cancelled, g.retrieve(late).Status, "who paid later is to be paid back")
}
