package merchant_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/internal/ledgertest"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/fault"
)

func TestALostAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]map[string]any{
		"answer dropped":       {"kind": "drop_answer", "times": 2}, // the client asks twice by itself
		"answer cut":           {"kind": "cut", "bytes": 40, "times": 2},
		"request reset":        {"kind": "reset", "times": 2},
		"server error":         {"kind": "status", "status": 500, "times": 2},
		"login page":           {"kind": "status", "status": 200, "body": "<html>", "times": 2},
		"still in progress":    {"kind": "status", "status": 409, "body": `{"error":{"code":"idempotency_in_progress","message":""}}`, "times": 2},
		"provider unavailable": {"kind": "status", "status": 503, "body": `{"error":{"code":"provider_unavailable"}}`, "times": 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.fault(f)
			_, err := s.Create(t.Context(), request("REF"))
			require.ErrorIs(t, err, fault.OutcomeUnknown)
			pending, err := s.Pending()
			require.NoError(t, err)
			require.Equal(t, []string{"REF"}, pending)
			s = s.restarted()
			resolved, err := s.Resolve(t.Context(), "REF")
			require.NoError(t, err)
			require.NotEmpty(t, resolved.Token)
			again, err := s.Create(t.Context(), request("REF"))
			require.NoError(t, err)
			require.Equal(t, resolved, again, "creating again is asking again")
			require.Equal(t, 1, s.count("REF"))
			other := request("REF")
			other.Amount++
			_, err = s.Create(t.Context(), other)
			require.ErrorIs(t, err, fault.Conflict, "another payment under the same id")
			require.NoError(t, s.Done("REF"))
			_, err = s.Resolve(t.Context(), "REF")
			require.ErrorIs(t, err, fault.PaymentUnknown)
			_, err = s.Create(t.Context(), request("REF"))
			require.ErrorIs(t, err, pgw.DuplicateMerchantRefID)
			require.ErrorIs(t, err, fault.Conflict)
		})
	}
}

// slow is a Memory whose disk takes its time, so that callers meet.
type slow struct{ *ledgertest.Memory }

func (m slow) SetSetting(key, value string) error {
	time.Sleep(2 * time.Millisecond)
	return m.Memory.SetSetting(key, value)
}

// However many callers create one payment at once: it is created once, nobody is told that it belongs to somebody else, and who got
// no answer gets one later.
func TestManyCallersCreateOnePayment(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s = open(t, s.world, s.memory, func(o *merchant.Options) { o.Memory = slow{s.memory} })
	var wait sync.WaitGroup
	for range 12 {
		wait.Go(func() {
			made, err := s.Create(t.Context(), request("REF"))
			if err != nil {
				require.ErrorIs(t, err, fault.OutcomeUnknown, "another caller's request is under way")
				return
			}
			require.NotEmpty(t, made.Token)
		})
	}
	wait.Wait()
	made, err := s.Create(t.Context(), request("REF"))
	require.NoError(t, err)
	require.NotEmpty(t, made.Token)
	require.Equal(t, 1, s.count("REF"))
}

func TestNothingIsPendingWhenNothingWentOut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.fault(map[string]any{"kind": "refuse"})
	_, err := s.Create(t.Context(), request("REF"))
	require.NotErrorIs(t, err, fault.OutcomeUnknown)
	require.Error(t, err)
	pending, err := s.Pending()
	require.NoError(t, err)
	require.Empty(t, pending)
}

// The gateway forgets a key after 24 hours; the merchant_ref_id still finds the PaymentIntent.
func TestResolveAfterTheKeyHasRunOut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.fault(map[string]any{"kind": "drop_answer", "times": 2})
	_, err := s.Create(t.Context(), request("REF"))
	require.ErrorIs(t, err, fault.OutcomeUnknown)
	s.admin(http.MethodPut, "/admin/api/clock", map[string]any{"offsetSeconds": 25 * 3600}, nil)
	_, err = s.Resolve(t.Context(), "REF")
	require.ErrorIs(t, err, pgw.ExpiredSignature, "the first answer tells the time")
	found, err := s.Resolve(t.Context(), "REF")
	require.NoError(t, err)
	require.Empty(t, found.Token)
	require.True(t, found.Intent.Expired())
	require.Equal(t, 1, s.count("REF"))
}

// An organisation's merchants may use the same merchant_ref_id: what is found by it later is this merchant's PaymentIntent, or none.
func TestResolveFindsNoOtherMerchantsPayment(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.SyncMerchants(t.Context(), []merchant.Merchant{{ID: "M-OTHER", Code: "O", Name: "Other", Status: "active", Stores: []merchant.Store{}}})
	require.NoError(t, err)
	mine, other := request("NAMED"), request("NAMED")
	mine.MerchantID, other.MerchantID = s.world.Env().PGW.MerchantID, "M-OTHER"
	s.fault(map[string]any{"kind": "drop_answer", "times": 4})
	for _, r := range []merchant.Request{mine, request("UNNAMED")} {
		_, err = s.Create(t.Context(), r)
		require.ErrorIs(t, err, fault.OutcomeUnknown)
	}
	second := open(t, s.world, &ledgertest.Memory{}, nil)
	theirs, err := second.Create(t.Context(), other)
	require.NoError(t, err)
	other.MerchantRefID = "UNNAMED"
	_, err = second.Create(t.Context(), other)
	require.NoError(t, err)
	s.admin(http.MethodPut, "/admin/api/clock", map[string]any{"offsetSeconds": 25 * 3600}, nil)
	_, err = s.Resolve(t.Context(), "NAMED")
	require.ErrorIs(t, err, pgw.ExpiredSignature, "the first answer tells the time")
	found, err := s.Resolve(t.Context(), "NAMED")
	require.NoError(t, err)
	require.NotEqual(t, theirs.Intent.ID, found.Intent.ID)
	_, err = s.Resolve(t.Context(), "UNNAMED")
	require.ErrorIs(t, err, fault.OutcomeUnknown, "which of the two it is cannot be told")
}

// schedule is one random day: what happens to each request, and when the server or the terminal is killed.
type schedule struct {
	s      *shop
	tokens *ledgertest.Memory
	random *rand.Rand
}

var badDays = []map[string]any{
	{"kind": "drop_answer"}, {"kind": "cut", "bytes": 30}, {"kind": "reset"}, {"kind": "status", "status": 500},
	{"kind": "status", "status": 502, "body": "<html>"}, {"kind": "status", "status": 200, "body": "<html>"}, {"kind": "latency", "latencyMs": 30},
}

// trouble lays out what goes wrong next, until it has been bad for long enough.
func (d schedule) trouble(try int) {
	if try > 5 {
		d.calm()
		return
	}
	for range d.random.IntN(4) {
		f := map[string]any{"times": 1 + d.random.IntN(3)}
		for key, value := range badDays[d.random.IntN(len(badDays))] {
			f[key] = value
		}
		d.s.fault(f)
	}
}

func (d schedule) calm() {
	d.s.t.Helper()
	d.s.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
}

// terminal is the payer's side, started anew over the same memory.
func (d schedule) terminal() *pgw.Client {
	d.s.t.Helper()
	c, err := pgw.New(pgw.Options{BaseURL: d.s.world.Env().PGW.URL, TrustedCA: d.s.world.CAPEM(), Memory: d.tokens, Timeout: 3 * time.Second})
	require.NoError(d.s.t, err)
	d.s.t.Cleanup(c.Close)
	return c
}

// pay goes through one payment in which everything may go wrong at any time, and gives the last word of the terminal.
func (d schedule) pay(ref string) (made merchant.Created, last pgw.Intent) {
	t, ctx := d.s.t, d.s.t.Context()
	t.Helper()
	for try := 0; ; try++ {
		d.trouble(try)
		created, err := d.s.Create(ctx, request(ref))
		if err == nil {
			made = created
			break
		}
		if d.random.IntN(2) == 0 {
			d.s = d.s.restarted()
		}
	}
	terminal := d.terminal()
	for try := 0; ; try++ {
		d.trouble(try)
		if d.random.IntN(3) == 0 {
			terminal = d.terminal()
		}
		intent, err := terminal.Confirm(ctx, made.Intent.ID, made.Token, pgw.Confirmation{Method: "qr_mpm", Provider: "PAYPAY"})
		if err == nil {
			require.NotEqual(t, pgw.RequiresPaymentMethod, intent.Status)
			break
		}
		require.NotErrorIs(t, err, fault.TokenInvalid)
	}
	d.calm()
	if d.random.IntN(4) == 0 { // webhooks get lost too, and come again
		d.s.fault(map[string]any{"kind": "reset", "path": "/v1/webhooks/paypay", "times": 1})
	}
	status := []string{"SUCCESS", "FAILED", "CANCELED"}[d.random.IntN(3)]
	d.s.admin(http.MethodPost, "/admin/api/pgw/intents/"+made.Intent.ID+"/provider", map[string]any{"status": status, "deliveries": 1 + d.random.IntN(3)}, nil)
	if d.random.IntN(4) == 0 {
		_, _ = terminal.Cancel(ctx, made.Intent.ID, made.Token) // whoever is first
	}
	for try := 0; ; try++ {
		require.Less(t, try, 50, "the payment does not end")
		intent, err := terminal.Await(ctx, made.Intent.ID, made.Token, pgw.Polling{Interval: 10 * time.Millisecond, Tries: 20})
		if err == nil {
			return made, intent
		}
		require.ErrorIs(t, err, fault.Timeout)
	}
}

// Whatever is cut, killed and repeated: one PaymentIntent for a merchant_ref_id, and the terminal's last word is the gateway's.
func TestAnyScheduleMakesOnePaymentAndOneTruth(t *testing.T) {
	t.Parallel()
	const lanes, days = 4, 5
	for lane := range lanes {
		t.Run(fmt.Sprint(lane), func(t *testing.T) {
			t.Parallel()
			seed := uint64(lane)                                                                               //nolint:gosec // a small number.
			d := schedule{s: newShop(t), tokens: &ledgertest.Memory{}, random: rand.New(rand.NewPCG(seed, 7))} //nolint:gosec // a schedule that can be repeated.
			for day := range days {
				ref := fmt.Sprintf("REF-%d-%d", lane, day)
				made, last := d.pay(ref)
				require.Equal(t, 1, d.s.count(ref))
				require.True(t, last.Status.Final())
				var truth struct {
					Status                string
					ProviderTransactionID string `json:"providerTransactionId"`
				}
				d.s.admin(http.MethodGet, "/admin/api/pgw/intents/"+made.Intent.ID, nil, &truth)
				require.EqualValues(t, truth.Status, last.Status)
				require.Equal(t, truth.ProviderTransactionID, last.ProviderTransactionID)
				moved, err := d.terminal().Transactions(t.Context(), made.Intent.ID, made.Token)
				require.NoError(t, err)
				succeeded := 0
				for _, m := range moved {
					if m.Status == "succeeded" && m.Type != "late" {
						succeeded++
					}
				}
				require.LessOrEqual(t, succeeded, 1)
				require.NoError(t, d.s.Done(ref))
			}
		})
	}
}
