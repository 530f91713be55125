package pgw_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/internal/ledgertest"
	"github.com/smartpos-go/terminal/fault"
)

func TestAPaymentByQRCode(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	got, err := p.Retrieve(ctx, made.Intent.ID, made.Token)
	require.NoError(t, err)
	require.Equal(t, pgw.RequiresPaymentMethod, got.Status)
	got, err = p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.NoError(t, err)
	require.Equal(t, pgw.RequiresAction, got.Status)
	require.NotEmpty(t, got.QRContent)
	require.NotEmpty(t, got.ProviderTransactionID)
	pending, err := p.PendingConfirmations()
	require.NoError(t, err)
	require.Empty(t, pending, "answered")
	again, err := p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.NoError(t, err, "confirming again answers the present state")
	require.Equal(t, got.ProviderTransactionID, again.ProviderTransactionID)
	p.provider(made.Intent.ID, "SUCCESS")
	end, err := p.Await(ctx, made.Intent.ID, made.Token, fast)
	require.NoError(t, err)
	require.Equal(t, pgw.Succeeded, end.Status)
	moved, err := p.Transactions(ctx, made.Intent.ID, made.Token)
	require.NoError(t, err)
	require.Len(t, moved, 1)
	require.Equal(t, "succeeded", moved[0].Status)
	require.Equal(t, got.ProviderTransactionID, moved[0].ProviderTransactionID)
	one, err := p.server.Transaction(ctx, moved[0].ID)
	require.NoError(t, err)
	require.Equal(t, moved[0], one)
	_, err = p.Cancel(ctx, made.Intent.ID, made.Token)
	require.ErrorIs(t, err, pgw.InvalidState)
	require.NotContains(t, p.log.String(), "payment_token", "no query in the log")
	require.NotContains(t, p.log.String(), string(made.Token))
	require.Contains(t, p.log.String(), "/v1/payment_intents/"+made.Intent.ID)
}

func TestCancelAndExpiry(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("CANCELLED")
	got, err := p.Cancel(ctx, made.Intent.ID, made.Token)
	require.NoError(t, err)
	require.Equal(t, pgw.Cancelled, got.Status)
	require.False(t, got.Expired())
	_, err = p.Cancel(ctx, made.Intent.ID, made.Token)
	require.NoError(t, err, "cancelling again is no error")
	_, err = p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.ErrorIs(t, err, fault.Conflict)
	late := p.made("EXPIRED")
	p.admin(http.MethodPut, "/admin/api/clock", map[string]any{"offsetSeconds": 301}, nil)
	_, err = p.Confirm(ctx, late.Intent.ID, late.Token, qr)
	require.ErrorIs(t, err, fault.PaymentExpired)
	require.ErrorIs(t, err, pgw.PaymentTokenExpired)
	got, err = p.Await(ctx, late.Intent.ID, late.Token, fast)
	require.NoError(t, err)
	require.True(t, got.Expired())
}

// A gateway that gives tokens of one use takes them as Bearer alone.
func TestStrictTokens(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, func(o *pgw.Options) { o.Bearer = true }), t.Context()
	p.admin(http.MethodPut, "/admin/api/pgw/settings", map[string]any{"strictToken": true}, nil)
	made := p.made("REF")
	_, err := p.open(nil).Retrieve(ctx, made.Intent.ID, made.Token)
	require.ErrorIs(t, err, fault.TokenInvalid, "in the query")
	_, err = p.Retrieve(ctx, made.Intent.ID, made.Token)
	require.NoError(t, err)
	_, err = p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.NoError(t, err)
	_, err = p.Await(ctx, made.Intent.ID, made.Token, fast)
	require.ErrorIs(t, err, fault.TokenInvalid, "used up, and told at once")
	lost := p.made("LOST")
	p.fault(map[string]any{"kind": "drop_answer", "times": 1, "path": "/v1/payment_intents/" + lost.Intent.ID + "/confirm"})
	_, err = p.Confirm(ctx, lost.Intent.ID, lost.Token, qr)
	require.ErrorIs(t, err, fault.OutcomeUnknown)
	got, err := p.open(func(o *pgw.Options) { o.Bearer = true }).Confirm(ctx, lost.Intent.ID, lost.Token, qr)
	require.ErrorIs(t, err, fault.OutcomeUnknown, "the token may be used up by the first try: the merchant's server has to ask")
	require.Empty(t, got.ID)
}

func TestALostAnswerToConfirmIsResolvedByRetrieving(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]map[string]any{
		"answer dropped": {"kind": "drop_answer", "times": 2},
		"answer cut":     {"kind": "cut", "bytes": 10, "times": 2},
		"login page":     {"kind": "status", "status": 200, "body": "<html>", "times": 1},
		"request reset":  {"kind": "reset", "times": 2},
		"bad gateway":    {"kind": "status", "status": 502, "times": 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ctx := newPayer(t, nil), t.Context()
			made := p.made("REF")
			f["path"] = "/v1/payment_intents/" + made.Intent.ID + "/confirm"
			p.fault(f)
			got, err := p.Confirm(ctx, made.Intent.ID, made.Token, qr)
			switch f["kind"] {
			case "drop_answer", "cut": // it was carried out
				require.NoError(t, err)
				require.Equal(t, pgw.RequiresAction, got.Status)
			case "status":
				if f["status"] == 200 { // asked once more
					require.NoError(t, err)
					break
				}
				require.ErrorIs(t, err, fault.OutcomeUnknown)
			default:
				require.ErrorIs(t, err, fault.OutcomeUnknown)
			}
			if err != nil {
				pending, err := p.PendingConfirmations()
				require.NoError(t, err)
				require.Equal(t, []string{made.Intent.ID}, pending)
				got, err = p.open(nil).Confirm(ctx, made.Intent.ID, made.Token, qr)
				require.NoError(t, err)
				require.Equal(t, pgw.RequiresAction, got.Status)
			}
			moved, err := p.Transactions(ctx, made.Intent.ID, made.Token)
			require.NoError(t, err)
			require.Len(t, moved, 1, "one payment at the provider")
		})
	}
}

func TestConfirmWithoutAnyAnswer(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	p.fault(map[string]any{"kind": "drop_answer"})
	_, err := p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.ErrorIs(t, err, fault.OutcomeUnknown)
	require.NotContains(t, err.Error(), string(made.Token))
	_, err = p.Cancel(ctx, made.Intent.ID, made.Token)
	require.ErrorIs(t, err, fault.OutcomeUnknown)
	p.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
	got, err := p.open(nil).Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.NoError(t, err)
	require.Equal(t, pgw.Cancelled, got.Status, "the cancel that nobody heard of came through, and an old answer is not believed")
}

func TestConfirmRefused(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	other := p.made("OTHER")
	for name, tt := range map[string]struct {
		id    string
		token pgw.Token
		how   pgw.Confirmation
		want  fault.Code
	}{
		"another method":    {made.Intent.ID, made.Token, pgw.Confirmation{Method: "cash"}, fault.ProtocolError},
		"another provider":  {made.Intent.ID, made.Token, pgw.Confirmation{Method: "qr_mpm", Provider: "NOBODY"}, fault.ProtocolError},
		"another's token":   {made.Intent.ID, other.Token, qr, fault.TokenInvalid},
		"no token":          {made.Intent.ID, "", qr, fault.TokenInvalid},
		"a token with line": {made.Intent.ID, "a\nb", qr, fault.TokenInvalid},
		"no such intent":    {"pi_NONE", made.Token, qr, fault.NotFound},
		"an id with a path": {"pi/../x", made.Token, qr, fault.InvalidRequest},
	} {
		_, err := p.Confirm(ctx, tt.id, tt.token, tt.how)
		require.ErrorIs(t, err, tt.want, name)
	}
	p.admin(http.MethodPut, "/admin/api/pgw/settings", map[string]any{"unavailableProviders": []string{"paypay"}}, nil)
	_, err := p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.ErrorIs(t, err, pgw.ProviderUnavailable)
	require.ErrorIs(t, err, fault.ServerError)
	p.memory.Full = true
	_, err = p.Confirm(ctx, made.Intent.ID, made.Token, pgw.Confirmation{Method: "qr_mpm", Provider: "LINEPAY"})
	require.ErrorIs(t, err, fault.StorageFull)
	p.memory.Full = false
	got, err := p.Confirm(ctx, made.Intent.ID, made.Token, pgw.Confirmation{Method: "qr_cpm", Provider: "LINEPAY"})
	require.NoError(t, err, "another provider, when the first one is down")
	require.Equal(t, pgw.Processing, got.Status)
	require.Equal(t, "LINEPAY", got.Provider)
}

// Every code of protocol sections 4.1, 4.6 and 4.7 is told apart, and means a fault.
func TestEveryCodeIsTyped(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	for _, tt := range []struct {
		status int
		code   pgw.ErrorCode
		want   fault.Code
	}{
		{401, pgw.MissingAuthorization, fault.NotAuthorized}, {401, pgw.InvalidSignature, fault.NotAuthorized},
		{401, pgw.ExpiredSignature, fault.NotAuthorized}, {401, pgw.ClientNotFound, fault.NotAuthorized},
		{403, pgw.ClientSuspended, fault.NotAuthorized}, {401, pgw.InvalidPaymentToken, fault.TokenInvalid},
		{401, pgw.PaymentTokenExpired, fault.PaymentExpired}, {403, pgw.PaymentTokenMismatch, fault.TokenInvalid},
		{409, pgw.IdempotencyConflict, fault.Conflict}, {409, pgw.IdempotencyInProgress, fault.OutcomeUnknown},
		{400, pgw.InvalidRequest, fault.ProtocolError}, {422, pgw.ValidationError, fault.ProtocolError},
		{404, pgw.PaymentIntentNotFound, fault.NotFound}, {409, pgw.InvalidState, fault.Conflict},
		{409, pgw.DuplicateMerchantRefID, fault.Conflict}, {502, pgw.ProviderError, fault.ServerError},
		{503, pgw.ProviderUnavailable, fault.ServerError}, {429, pgw.RateLimited, fault.RateLimited}, {500, pgw.InternalError, fault.ServerError},
		{402, "brand_new", fault.BadResponse}, {404, "", fault.NotFound}, {418, "", fault.BadResponse}, {408, "", fault.Timeout}, {302, "", fault.BadResponse},
	} {
		p.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
		body := fmt.Sprintf(`{"error":{"code":%q,"message":"m","param":null,"request_id":"req_1"}}`, tt.code)
		if tt.code == "" {
			body = "<html>"
		}
		p.fault(map[string]any{"kind": "status", "status": tt.status, "body": body})
		_, err := p.Retrieve(ctx, made.Intent.ID, made.Token)
		require.Equal(t, tt.want, fault.CodeOf(err), "%d %s", tt.status, tt.code)
		var refused *pgw.Refused
		require.ErrorAs(t, err, &refused)
		require.Equal(t, tt.code, refused.Code)
		require.Equal(t, tt.status, refused.Status)
		if tt.code != "" {
			require.ErrorIs(t, err, tt.code)
			require.Equal(t, "req_1", refused.RequestID)
		}
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	got, err := p.Await(ctx, made.Intent.ID, made.Token, pgw.Polling{Interval: time.Millisecond, Tries: 3})
	require.ErrorIs(t, err, fault.Timeout)
	require.Equal(t, pgw.RequiresPaymentMethod, got.Status, "as it was read last")
	cancelled, cancel := context.WithCancel(ctx)
	time.AfterFunc(30*time.Millisecond, cancel)
	_, err = p.Await(cancelled, made.Intent.ID, made.Token, pgw.Polling{Interval: time.Hour})
	require.ErrorIs(t, err, fault.Cancelled)
	p.fault(map[string]any{"kind": "status", "status": 503, "times": 4})
	_, err = p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.Error(t, err)
	_, err = p.Confirm(ctx, made.Intent.ID, made.Token, qr)
	require.NoError(t, err)
	p.provider(made.Intent.ID, "FAILED")
	p.fault(map[string]any{"kind": "reset", "times": 4, "path": "/v1/payment_intents/" + made.Intent.ID})
	got, err = p.Await(ctx, made.Intent.ID, made.Token, fast)
	require.NoError(t, err, "missing answers are waited out")
	require.Equal(t, pgw.Failed, got.Status)
	require.Equal(t, "FAILED", got.LastError.Code)
	p.fault(map[string]any{"kind": "refuse"})
	_, err = p.Await(ctx, made.Intent.ID, made.Token, pgw.Polling{Interval: time.Millisecond, Tries: 2})
	require.ErrorIs(t, err, fault.NetworkUnavailable)
	_, err = p.Await(ctx, made.Intent.ID, made.Token, pgw.Polling{Interval: -1})
	require.ErrorIs(t, err, fault.InvalidRequest)
}

func TestAnAnswerAboutAnotherPaymentIsNone(t *testing.T) {
	t.Parallel()
	p, ctx := newPayer(t, nil), t.Context()
	made := p.made("REF")
	for name, body := range map[string]string{
		"another id":      `{"id":"pi_OTHER","status":"succeeded","amount":1,"currency":"JPY"}`,
		"no status":       `{"id":"` + made.Intent.ID + `","amount":1}`,
		"fractional yen":  `{"id":"` + made.Intent.ID + `","status":"succeeded","amount":10.5,"currency":"JPY"}`,
		"amount as text":  `{"id":"` + made.Intent.ID + `","status":"succeeded","amount":"10","currency":"JPY"}`,
		"a list":          `[]`,
		"null":            `null`,
		"broken":          `{"id":`,
		"nothing":         ``,
		"more than 1 MiB": `{"id":"` + string(make([]byte, 2<<20)) + `"}`,
	} {
		p.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
		p.fault(map[string]any{"kind": "status", "status": 200, "body": body})
		_, err := p.Retrieve(ctx, made.Intent.ID, made.Token)
		require.ErrorIs(t, err, fault.BadResponse, name)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]pgw.Options{
		"no memory":  {BaseURL: "https://pgw.example", SystemRoots: true},
		"no CA":      {BaseURL: "https://pgw.example", Memory: &ledgertest.Memory{}},
		"plain http": {BaseURL: "http://pgw.example", SystemRoots: true, Memory: &ledgertest.Memory{}},
	} {
		_, err := pgw.New(o)
		require.ErrorIs(t, err, fault.InvalidConfig, name)
	}
}
