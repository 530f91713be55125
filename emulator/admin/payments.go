package admin

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/smartpos-go/terminal/emulator/pay"
	"github.com/smartpos-go/terminal/emulator/pgw"
)

// addPayments adds the calls about the payment gateway and Pay.
func (a *api) addPayments(calls *http.ServeMux) {
	for pattern, call := range map[string]call{
		"POST /admin/api/pgw/clients":               a.addClient,
		"PUT /admin/api/pgw/clients/{key}":          a.setClient,
		"GET /admin/api/pgw/intents":                a.intents,
		"GET /admin/api/pgw/intents/{id}":           a.intent,
		"POST /admin/api/pgw/intents/{id}/provider": a.provider,
		"GET /admin/api/pgw/webhooks":               a.webhooks,
		"POST /admin/api/pgw/webhooks/{id}/replay":  a.replay,
		"GET /admin/api/pgw/events":                 a.events,
		"GET /admin/api/pgw/settings":               a.pgwSettings,
		"PUT /admin/api/pgw/settings":               a.setPGW,
		"PUT /admin/api/pay/access":                 a.setAccess,
		"PUT /admin/api/pay/settings":               a.setPay,
	} {
		calls.Handle(pattern, call)
	}
}

// paymentError gives an error of the two systems its answer, nil for any other error.
func paymentError(err error) *apiError {
	for status, kinds := range map[int][]error{
		http.StatusNotFound: {pgw.ErrUnknownIntent, pgw.ErrUnknownWebhook, pgw.ErrUnknownClient, pgw.ErrUnknownMerchant},
		http.StatusConflict: {pgw.ErrNotAtProvider, pgw.ErrRawKey},
		http.StatusUnprocessableEntity: {
			pgw.ErrNotice, pgw.ErrWebhookState, pgw.ErrSettings, pgw.ErrScheme, pgw.ErrClientStatus, pgw.ErrOrigin, pay.ErrAccess, pay.ErrFreshness,
		},
	} {
		for _, kind := range kinds {
			if errors.Is(err, kind) {
				return &apiError{status, paymentCodes[status], err.Error()}
			}
		}
	}
	return nil
}

var paymentCodes = map[int]string{http.StatusNotFound: "unknown", http.StatusConflict: "conflict", http.StatusUnprocessableEntity: "bad_body"}

func (a *api) addClient(r *http.Request) (int, any, error) {
	var in struct {
		Scheme         string   `json:"scheme"`
		Status         string   `json:"status"`
		MerchantID     string   `json:"merchantId"`
		AllowedOrigins []string `json:"allowedOrigins"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	made, err := a.PGW.AddClient(pgw.NewClient{Scheme: in.Scheme, Status: in.Status, MerchantID: in.MerchantID, Origins: in.AllowedOrigins})
	return http.StatusCreated, made, err
}

func (a *api) setClient(r *http.Request) (int, any, error) {
	var in struct {
		Status         string   `json:"status"`
		AllowedOrigins []string `json:"allowedOrigins"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Status == "" && in.AllowedOrigins == nil {
		return 0, nil, unprocessable("status or allowedOrigins is needed")
	}
	return http.StatusOK, in, a.PGW.SetClient(r.PathValue("key"), in.Status, in.AllowedOrigins)
}

func (a *api) intents(*http.Request) (int, any, error) {
	list, err := a.PGW.Intents()
	return http.StatusOK, map[string]any{"intents": list}, err
}

func (a *api) intent(r *http.Request) (int, any, error) {
	i, err := a.PGW.Intent(r.PathValue("id"))
	return http.StatusOK, i, err
}

func (a *api) provider(r *http.Request) (int, any, error) {
	var in struct {
		Status     string `json:"status"`
		Deliveries *int   `json:"deliveries"`
		Amount     *int64 `json:"amount"`
		Currency   string `json:"currency"`
		DelayMs    int64  `json:"delayMs"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if (in.Deliveries != nil && *in.Deliveries < 1) || in.DelayMs < 0 || in.DelayMs > 86_400_000 {
		return 0, nil, pgw.ErrNotice
	}
	d := pgw.Decision{Status: in.Status, Amount: in.Amount, Currency: in.Currency, Delay: time.Duration(in.DelayMs) * time.Millisecond}
	if in.Deliveries != nil {
		d.Deliveries = *in.Deliveries
	}
	return http.StatusAccepted, struct{}{}, a.PGW.Decide(r.PathValue("id"), d)
}

func (a *api) webhooks(r *http.Request) (int, any, error) {
	list, err := a.PGW.Webhooks(r.URL.Query().Get("state"))
	return http.StatusOK, map[string]any{"webhooks": list}, err
}

func (a *api) replay(r *http.Request) (int, any, error) {
	return http.StatusAccepted, struct{}{}, a.PGW.Replay(r.PathValue("id"))
}

func (a *api) events(r *http.Request) (int, any, error) {
	after := int64(0)
	if text := r.URL.Query().Get("after"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, nil, unprocessable("after must be a whole number")
		}
		after = n
	}
	list, err := a.PGW.Events(after)
	return http.StatusOK, map[string]any{"events": list}, err
}

func (a *api) pgwSettings(*http.Request) (int, any, error) {
	return http.StatusOK, a.PGW.Settings(), nil
}

// setPGW changes what the body names.
func (a *api) setPGW(r *http.Request) (int, any, error) {
	next := a.PGW.Settings()
	var in struct {
		StrictToken          *bool     `json:"strictToken"`
		RatePerMinute        *int      `json:"ratePerMinute"`
		UnavailableProviders *[]string `json:"unavailableProviders"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.StrictToken != nil {
		next.StrictToken = *in.StrictToken
	}
	if in.RatePerMinute != nil {
		next.RatePerMinute = *in.RatePerMinute
	}
	if in.UnavailableProviders != nil {
		next.UnavailableProviders = *in.UnavailableProviders
	}
	return http.StatusOK, next, a.PGW.Configure(next)
}

func (a *api) setAccess(r *http.Request) (int, any, error) {
	var in struct {
		Accounts *[]pay.Account `json:"accounts"`
		Services *[]pay.Service `json:"services"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Accounts == nil || in.Services == nil {
		return 0, nil, unprocessable("accounts and services are needed")
	}
	counts := map[string]int{"accounts": len(*in.Accounts), "services": len(*in.Services)}
	return http.StatusOK, counts, a.Pay.SetAccess(pay.Access{Accounts: *in.Accounts, Services: *in.Services})
}

func (a *api) setPay(r *http.Request) (int, any, error) {
	var in struct {
		FreshnessSeconds *int `json:"freshnessSeconds"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.FreshnessSeconds == nil {
		return 0, nil, unprocessable("freshnessSeconds is needed")
	}
	return http.StatusOK, in, a.Pay.SetFreshness(*in.FreshnessSeconds)
}
