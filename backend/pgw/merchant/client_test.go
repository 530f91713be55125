package merchant_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/backend/pgw/internal/ledgertest"
	"github.com/smartpos-go/terminal/backend/pgw/merchant"
	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
)

// shop is a merchant's server and its gateway.
type shop struct {
	*merchant.Client
	t      *testing.T
	world  *emulator.World
	memory *ledgertest.Memory
}

func start(t *testing.T) *emulator.World {
	t.Helper()
	w, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

// open is the merchant's server, started anew over the same memory.
func open(t *testing.T, w *emulator.World, m *ledgertest.Memory, change func(*merchant.Options)) *shop {
	t.Helper()
	o := merchant.Options{
		BaseURL: w.Env().PGW.URL, TrustedCA: w.CAPEM(), ID: w.Env().PGW.APIKey, Secret: merchant.Secret(w.Env().PGW.SecretKey), Memory: m,
		Timeout: 5 * time.Second,
	}
	if change != nil {
		change(&o)
	}
	c, err := merchant.New(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return &shop{c, t, w, m}
}

func newShop(t *testing.T) *shop { t.Helper(); return open(t, start(t), &ledgertest.Memory{}, nil) }

func (s *shop) restarted() *shop { s.t.Helper(); return open(s.t, s.world, s.memory, nil) }

func (s *shop) admin(method, path string, in, out any) {
	s.t.Helper()
	require.NoError(s.t, s.world.Admin(s.t.Context(), method, path, in, out))
}

func (s *shop) fault(f map[string]any) {
	s.t.Helper()
	f["system"] = "pgw"
	s.admin(http.MethodPost, "/admin/api/faults", f, nil)
}

// count is how many PaymentIntents the gateway has for a merchant_ref_id.
func (s *shop) count(ref string) int {
	s.t.Helper()
	list, _, err := s.List(s.t.Context(), merchant.Filter{MerchantRefID: ref})
	require.NoError(s.t, err)
	return len(list)
}

func request(ref string) merchant.Request {
	return merchant.Request{Amount: 1200, Currency: "JPY", MerchantRefID: ref, PaymentMethodTypes: []string{"qr_mpm"}}
}

func TestCreateListAndSync(t *testing.T) {
	t.Parallel()
	s, ctx := newShop(t), t.Context()
	r := request("REF-1")
	r.Description, r.OrderID, r.MerchantStoreID, r.ExpiresInMinutes = "コーヒー é", "ORDER-1", "S-0001", 10
	made, err := s.Create(ctx, r)
	require.NoError(t, err)
	require.Equal(t, pgw.RequiresPaymentMethod, made.Intent.Status)
	require.EqualValues(t, 1200, made.Intent.Amount)
	require.Equal(t, "コーヒー é", made.Intent.Description)
	require.Equal(t, "pgw_processed", made.Intent.ProcessingMode)
	require.True(t, strings.HasPrefix(string(made.Token), made.Intent.ID+"_secret_"))
	require.WithinDuration(t, time.Now().Add(10*time.Minute), made.Intent.ExpiresAt, time.Minute)
	for i := range 3 {
		_, err := s.Create(ctx, request(fmt.Sprintf("REF-1-%d", i))) // ids that begin alike
		require.NoError(t, err)
	}
	page, more, err := s.List(ctx, merchant.Filter{Limit: 3})
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, "REF-1-2", page[0].MerchantRefID, "newest first")
	page, more, err = s.List(ctx, merchant.Filter{StartingAfter: page[2].ID, Status: pgw.RequiresPaymentMethod})
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, page, 1)
	require.Equal(t, made.Intent.ID, page[0].ID)
	n, err := s.SyncMerchants(ctx, []merchant.Merchant{
		{ID: "M-9", Code: "C9", Name: "Nine", Status: "active", Stores: []merchant.Store{{ID: "S-9", Code: "S", Name: "S", Status: "inactive"}}},
		{ID: "M-10", Code: "C10", Name: "Ten", Status: "inactive", Stores: []merchant.Store{}},
	})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	r = request("REF-2")
	r.MerchantID = "M-9"
	_, err = s.Create(ctx, r)
	require.NoError(t, err)
	for _, id := range []string{"M-10", "M-77"} {
		r := request("REF-3")
		r.MerchantID = id
		_, err = s.Create(ctx, r)
		require.ErrorIs(t, err, pgw.ValidationError)
		require.ErrorIs(t, err, fault.ProtocolError)
	}
	_, err = s.Create(ctx, request("REF-3"))
	require.NoError(t, err, "a refused request leaves its merchant_ref_id free")
}

func TestCaptureRecordsWhatWasPaidElsewhere(t *testing.T) {
	t.Parallel()
	s, ctx := newShop(t), t.Context()
	r := request("CARD")
	r.PaymentMethodTypes = []string{"credit_card"}
	made, err := s.Create(ctx, r)
	require.NoError(t, err)
	card := merchant.Outcome{ApprovalCode: "012345", CardLast4: "0042", CardSlipNumber: "00123", Amount: 1200}
	wrong := card
	wrong.Amount = 1199
	_, err = s.Capture(ctx, made.Intent.ID, uuid.NewString(), wrong)
	require.ErrorIs(t, err, fault.InvalidAmount)
	got, err := s.Capture(ctx, made.Intent.ID, uuid.NewString(), card)
	require.NoError(t, err)
	require.Equal(t, pgw.Succeeded, got.Status)
	_, err = s.Capture(ctx, made.Intent.ID, uuid.NewString(), card)
	require.NoError(t, err, "the same outcome is the same capture")
	card.ApprovalCode = "999999"
	_, err = s.Capture(ctx, made.Intent.ID, uuid.NewString(), card)
	require.ErrorIs(t, err, fault.Conflict)
	qr, err := s.Create(ctx, request("QR"))
	require.NoError(t, err)
	_, err = s.Capture(ctx, qr.Intent.ID, uuid.NewString(), merchant.Outcome{})
	require.ErrorIs(t, err, pgw.InvalidState)
	_, err = s.Capture(ctx, "pi_NONE", uuid.NewString(), merchant.Outcome{})
	require.ErrorIs(t, err, fault.NotFound)
	_, err = s.Capture(ctx, "../x", uuid.NewString(), merchant.Outcome{})
	require.ErrorIs(t, err, fault.InvalidRequest, "an id with a slash would be another call")
	_, err = s.Transaction(ctx, "nothing")
	require.ErrorIs(t, err, fault.NotFound)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	good := merchant.Options{BaseURL: "https://pgw.example", SystemRoots: true, ID: "pk_test_1", Secret: "s", Memory: &ledgertest.Memory{}}
	for name, change := range map[string]func(*merchant.Options){
		"plain http":       func(o *merchant.Options) { o.BaseURL = "http://pgw.example" },
		"id with a colon":  func(o *merchant.Options) { o.ID = "pk:test" },
		"id with a space":  func(o *merchant.Options) { o.ID = "pk test" },
		"no id":            func(o *merchant.Options) { o.ID = "" },
		"no secret":        func(o *merchant.Options) { o.Secret = "" },
		"no memory":        func(o *merchant.Options) { o.Memory = nil },
		"unknown scheme":   func(o *merchant.Options) { o.Scheme = "md5" },
		"negative timeout": func(o *merchant.Options) { o.Timeout = -1 },
	} {
		o := good
		change(&o)
		_, err := merchant.New(o)
		require.ErrorIs(t, err, fault.InvalidConfig, name)
	}
	c, err := merchant.New(good)
	require.NoError(t, err)
	c.Close()
}

func TestWhatCannotBeAPaymentIsNotSent(t *testing.T) {
	t.Parallel()
	s, ctx := newShop(t), t.Context()
	for name, tt := range map[string]struct {
		change func(*merchant.Request)
		want   fault.Code
	}{
		"amount 0":           {func(r *merchant.Request) { r.Amount = 0 }, fault.InvalidAmount},
		"negative amount":    {func(r *merchant.Request) { r.Amount = -5 }, fault.InvalidAmount},
		"amount 2^53":        {func(r *merchant.Request) { r.Amount = 1 << 53 }, fault.InvalidAmount},
		"no currency":        {func(r *merchant.Request) { r.Currency = "" }, fault.InvalidRequest},
		"currency in lower":  {func(r *merchant.Request) { r.Currency = "jpy" }, fault.InvalidRequest},
		"no merchant_ref_id": {func(r *merchant.Request) { r.MerchantRefID = "" }, fault.InvalidRequest},
		"no method":          {func(r *merchant.Request) { r.PaymentMethodTypes = nil }, fault.InvalidRequest},
		"expires in a year":  {func(r *merchant.Request) { r.ExpiresInMinutes = 525600 }, fault.InvalidRequest},
	} {
		r := request("REF")
		tt.change(&r)
		_, err := s.Create(ctx, r)
		require.ErrorIs(t, err, tt.want, name)
	}
	pending, err := s.Pending()
	require.NoError(t, err)
	require.Empty(t, pending)
	s.memory.Full = true
	_, err = s.Create(ctx, request("REF"))
	require.ErrorIs(t, err, fault.StorageFull)
	s.memory.Full = false
	require.Zero(t, s.count("REF"), "what could not be written down was not sent")
}

// The three ways a key can be refused, and one that another merchant has.
func TestSignaturesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	var suspended struct{ APIKey, SecretKey string }
	require.NoError(t, w.Admin(t.Context(), http.MethodPost, "/admin/api/pgw/clients", map[string]string{"status": "suspended"}, &suspended))
	for name, tt := range map[string]struct {
		change func(*merchant.Options)
		want   pgw.ErrorCode
	}{
		"wrong secret":  {func(o *merchant.Options) { o.Secret = "sk_ひみつ_é" }, pgw.InvalidSignature},
		"other scheme":  {func(o *merchant.Options) { o.Scheme = merchant.Colon }, pgw.InvalidSignature},
		"unknown key":   {func(o *merchant.Options) { o.ID = "pk_test_nobody" }, pgw.ClientNotFound},
		"suspended key": {func(o *merchant.Options) { o.ID, o.Secret = suspended.APIKey, merchant.Secret(suspended.SecretKey) }, pgw.ClientSuspended},
	} {
		s := open(t, w, &ledgertest.Memory{}, tt.change)
		_, err := s.Create(t.Context(), request("REF"))
		require.ErrorIs(t, err, tt.want, name)
		require.ErrorIs(t, err, fault.NotAuthorized, name)
		var refused *pgw.Refused
		require.ErrorAs(t, err, &refused)
		require.NotEmpty(t, refused.RequestID)
	}
}

func TestLegacySchemes(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, scheme := range []merchant.Scheme{merchant.NewlineRaw, merchant.Colon} {
		var key struct{ APIKey, SecretKey, MerchantID string }
		require.NoError(t, w.Admin(t.Context(), http.MethodPost, "/admin/api/pgw/clients", map[string]any{"scheme": scheme}, &key))
		s := open(t, w, &ledgertest.Memory{}, func(o *merchant.Options) {
			o.Scheme, o.ID, o.Secret = scheme, key.APIKey, merchant.Secret(key.SecretKey)
			if scheme == merchant.NewlineRaw {
				o.ID = key.MerchantID
			}
		})
		_, err := s.Create(t.Context(), request("REF"))
		require.NoError(t, err, scheme)
	}
}

// A server whose clock is an hour off learns the gateway's time from its first refusal.
func TestAWrongClockIsHealedByTheGatewaysAnswer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.admin(http.MethodPut, "/admin/api/clock", map[string]any{"offsetSeconds": 3600}, nil)
	_, err := s.Create(t.Context(), request("REF"))
	require.ErrorIs(t, err, pgw.ExpiredSignature)
	require.ErrorIs(t, err, fault.NotAuthorized)
	_, err = s.Create(t.Context(), request("REF"))
	require.NoError(t, err)
}

func TestErrorsNameNoSecret(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	made, err := s.Create(t.Context(), request("REF"))
	require.NoError(t, err)
	token := string(made.Token)
	s.fault(map[string]any{"kind": "status", "status": 409, "body": `{"error":{"code":"invalid_state","message":"token ` + token + ` card 5555 5555 5555 4444\n!"}}`})
	_, err = s.Capture(t.Context(), made.Intent.ID, "key", merchant.Outcome{})
	require.ErrorIs(t, err, pgw.InvalidState)
	require.NotContains(t, err.Error(), token)
	require.NotContains(t, err.Error(), "5555 5555")
	require.NotContains(t, fmt.Sprintf("%v %+v %q", made, made, made.Token), token)
	require.NotContains(t, err.Error(), "\n")
	var refused *pgw.Refused
	require.True(t, errors.As(err, &refused))
	require.Equal(t, 409, refused.Status)
}
