package admin

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/smartpos-go/terminal/emulator/mpac"
)

func (a *api) activate(r *http.Request) (int, any, error) {
	var in struct {
		ActivationCode string `json:"activationCode"`
		MerchantID     int64  `json:"merchantId"`
		StoreID        int64  `json:"storeId"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.ActivationCode == "" || in.MerchantID < 1 || in.StoreID < 1 {
		return 0, nil, unprocessable("activationCode must be text, merchantId and storeId whole numbers above 0")
	}
	device, err := a.MPAC.Activate(in.ActivationCode, in.MerchantID, in.StoreID)
	return http.StatusOK, device, err
}

func (a *api) devices(*http.Request) (int, any, error) {
	list, err := a.MPAC.Devices()
	return http.StatusOK, map[string]any{"devices": list}, err
}

func (a *api) deviceStatus(r *http.Request) (int, any, error) {
	var in struct {
		Status string `json:"status"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, in, a.MPAC.SetStatus(r.PathValue("sn"), in.Status)
}

func (a *api) releaseDevice(r *http.Request) (int, any, error) {
	return http.StatusOK, map[string]string{"status": "pending"}, a.MPAC.Release(r.PathValue("sn"))
}

func (a *api) rotateKeys(r *http.Request) (int, any, error) {
	var in struct {
		Set string `json:"set"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	kid, err := a.MPAC.Rotate(in.Set)
	return http.StatusOK, map[string]string{"kid": kid}, err
}

func (a *api) humanToken(r *http.Request) (int, any, error) {
	var in struct {
		Role       string `json:"role"`
		MerchantID int64  `json:"merchantId"`
		StoreID    int64  `json:"storeId"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	token, life, err := a.MPAC.HumanToken(in.Role, in.MerchantID, in.StoreID)
	return http.StatusCreated, map[string]any{"accessToken": token, "expiresIn": int(life.Seconds())}, err
}

func (a *api) mpacSettings(r *http.Request) (int, any, error) {
	var in struct {
		RatePerMinute *int `json:"ratePerMinute"`
		TokenSeconds  *int `json:"tokenSeconds"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.RatePerMinute == nil || in.TokenSeconds == nil {
		return 0, nil, unprocessable("ratePerMinute and tokenSeconds are needed")
	}
	settings := mpac.Settings{RatePerMinute: *in.RatePerMinute, TokenSeconds: *in.TokenSeconds}
	return http.StatusOK, settings, a.MPAC.Configure(settings)
}

func (a *api) pushEvent(r *http.Request) (int, any, error) {
	var in struct {
		Event   string          `json:"event"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	id, seq, err := a.MPAC.Push(r.PathValue("sn"), in.Event, in.Payload)
	return http.StatusAccepted, map[string]any{"id": id, "seq": seq}, err
}

func (a *api) sockets(*http.Request) (int, any, error) {
	list, err := a.MPAC.Sockets()
	return http.StatusOK, map[string]any{"sockets": list}, err
}

func (a *api) closeSocket(r *http.Request) (int, any, error) {
	text := r.URL.Query().Get("code")
	if text == "" {
		text = "1012"
	}
	code, err := strconv.Atoi(text)
	if err != nil {
		return 0, nil, unprocessable("code must be a number")
	}
	return http.StatusNoContent, nil, a.MPAC.CloseSocket(r.PathValue("sn"), code)
}
