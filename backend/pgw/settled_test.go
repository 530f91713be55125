package pgw_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/internal/ledgertest"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/fault"
)

// A confirmation without an answer is settled by whatever tells how the payment stands, not by confirming again alone.
func TestAConfirmationIsSettledByWhateverTellsOfIt(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(p *payer, made merchant.Created) error{
		"retrieve": func(p *payer, made merchant.Created) error {
			_, err := p.Retrieve(t.Context(), made.Intent.ID, made.Token)
			return err
		},
		"await": func(p *payer, made merchant.Created) error {
			p.provider(made.Intent.ID, "SUCCESS")
			_, err := p.Await(t.Context(), made.Intent.ID, made.Token, fast)
			return err
		},
		"cancel": func(p *payer, made merchant.Created) error {
			_, err := p.Cancel(t.Context(), made.Intent.ID, made.Token)
			return err
		},
		"its end": func(p *payer, made merchant.Created) error {
			p.fault(map[string]any{"kind": "status", "status": 401, "body": `{"error":{"code":"payment_token_expired"}}`, "times": 1})
			_, err := p.Retrieve(t.Context(), made.Intent.ID, made.Token)
			require.ErrorIs(t, err, fault.PaymentExpired)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ctx := newPayer(t, nil), t.Context()
			made, open := p.made("REF"), p.made("OPEN")
			p.fault(map[string]any{"kind": "drop_answer"})
			for _, each := range []merchant.Created{made, open} {
				_, err := p.Confirm(ctx, each.Intent.ID, each.Token, qr)
				require.ErrorIs(t, err, fault.OutcomeUnknown)
			}
			p.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
			require.NoError(t, settle(p, made))
			pending, err := p.PendingConfirmations()
			require.NoError(t, err)
			require.Equal(t, []string{open.Intent.ID}, pending, "no other one is")
			p.memory.Full = true
			got, err := p.Retrieve(ctx, open.Intent.ID, open.Token)
			require.NoError(t, err, "a full disk keeps no answer from the payer")
			require.Equal(t, pgw.RequiresAction, got.Status)
		})
	}
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	p.fault(map[string]any{"kind": "reset", "times": 2, "path": "/v1/payment_intents/" + made.Intent.ID + "/confirm"})
	_, err := p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.ErrorIs(t, err, fault.OutcomeUnknown)
	_, err = p.Retrieve(ctx, made.Intent.ID, made.Token)
	require.NoError(t, err)
	pending, err := p.PendingConfirmations()
	require.NoError(t, err)
	require.Equal(t, []string{made.Intent.ID}, pending, "what was not carried out yet may still be on its way")
}

// filling is a Memory whose disk has room for one value.
type filling struct{ *ledgertest.Memory }

func (m filling) SetSetting(key, value string) error {
	err := m.Memory.SetSetting(key, value)
	m.Full = true
	return err
}

// A disk that is full by the time the answer comes must not keep the QR code from the payer.
func TestADiskThatFillsUpHidesNoConfirmation(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	got, err := p.open(func(o *pgw.Options) { o.Memory = filling{p.memory} }).Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.NoError(t, err)
	require.Equal(t, pgw.RequiresAction, got.Status)
	p.memory.Full = false
	_, err = p.Retrieve(ctx, made.Intent.ID, made.Token)
	require.NoError(t, err)
	pending, err := p.PendingConfirmations()
	require.NoError(t, err)
	require.Empty(t, pending, "it is forgotten the next time")
}

// What nobody asks about any more does not stay for ever: a PaymentIntent lives a day at most.
func TestOldConfirmationsAreForgotten(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	p.memory.Values = map[string]string{
		"pgw.confirm.pi_OLD":   `{"key":"k","body":"{}","startedAt":"` + time.Now().Add(-8*24*time.Hour).UTC().Format(time.RFC3339) + `"}`,
		"pgw.confirm.pi_YOUNG": `{"key":"k","body":"{}","startedAt":"` + time.Now().Add(-6*24*time.Hour).UTC().Format(time.RFC3339) + `"}`,
	}
	made := p.made("REF")
	_, err := p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.NoError(t, err)
	pending, err := p.PendingConfirmations()
	require.NoError(t, err)
	require.Equal(t, []string{"pi_YOUNG"}, pending)
}

// The provider's word comes before the answer to confirm does: the terminal learns the end, and the payer pays once.
func TestTheProviderIsFasterThanTheAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"SUCCESS", "FAILED"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			p, ctx := newPayer(t, nil), t.Context()
			made := p.made("REF")
			p.fault(map[string]any{"kind": "drop_answer", "times": 2, "path": "/v1/payment_intents/" + made.Intent.ID + "/confirm"})
			p.fault(map[string]any{"kind": "reset", "times": 2, "path": "/v1/payment_intents/" + made.Intent.ID})
			_, err := p.Confirm(ctx, made.Intent.ID, made.Token, qr)
			require.ErrorIs(t, err, fault.OutcomeUnknown)
			p.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
			p.provider(made.Intent.ID, status)
			want := map[string]pgw.Status{"SUCCESS": pgw.Succeeded, "FAILED": pgw.Failed}[status]
			require.Eventually(t, func() bool {
				now, err := p.server.Transaction(ctx, p.transactions(made)[0].ID)
				return err == nil && now.Status == string(want)
			}, 10*time.Second, 5*time.Millisecond)
			got, err := p.open(nil).Confirm(ctx, made.Intent.ID, made.Token, qr)
			require.NoError(t, err, "an old answer is not believed")
			require.Equal(t, want, got.Status)
			require.Len(t, p.transactions(made), 1)
		})
	}
}
