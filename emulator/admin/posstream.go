package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/smartpos-go/terminal/emulator/posstream"
)

// posStreamCalls are the calls of the POS Event Stream.
func (a *api) posStreamCalls() map[string]call {
	return map[string]call{
		"GET /admin/api/posstream/integrators":                a.integrators,
		"POST /admin/api/posstream/integrators":               a.addIntegrator,
		"POST /admin/api/posstream/clients":                   a.addStreamClient,
		"GET /admin/api/posstream/clients":                    a.streamClients,
		"DELETE /admin/api/posstream/clients/{id}":            a.deleteStreamClient,
		"GET /admin/api/posstream/clients/{id}/events":        a.waitingEvents,
		"DELETE /admin/api/posstream/clients/{id}/connection": a.cutStreamClient,
		"POST /admin/api/posstream/events":                    a.posEvents,
		"GET /admin/api/posstream/cloud":                      a.cloudState,
		"PUT /admin/api/posstream/cloud":                      a.cloud,
	}
}

// streamError is an error of package posstream as the API says it.
func streamError(err error) error {
	switch {
	case errors.Is(err, posstream.ErrUnknown):
		return &apiError{http.StatusNotFound, "unknown_client", err.Error()}
	case errors.Is(err, posstream.ErrPOS):
		return &apiError{http.StatusNotFound, "unknown_pos", err.Error()}
	case errors.Is(err, posstream.ErrNoConnection):
		return &apiError{http.StatusNotFound, "no_connection", err.Error()}
	case errors.Is(err, posstream.ErrBad):
		return unprocessable(err.Error())
	}
	return err
}

func (a *api) integrators(*http.Request) (int, any, error) {
	type integrator struct {
		KeyID string `json:"keyId"`
	}
	ids, err := a.POSStream.Integrators()
	list := make([]integrator, len(ids))
	for i, id := range ids {
		list[i].KeyID = id
	}
	return http.StatusOK, map[string]any{"integrators": list}, err
}

func (a *api) addIntegrator(r *http.Request) (int, any, error) {
	var in struct {
		KeyID     string `json:"keyId"`
		SecretKey string `json:"secretKey"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, map[string]string{"keyId": in.KeyID}, streamError(a.POSStream.Integrator(in.KeyID, in.SecretKey))
}

func (a *api) addStreamClient(r *http.Request) (int, any, error) {
	var in struct {
		Address          string   `json:"address"`
		POS              string   `json:"pos"`
		Events           []string `json:"events"`
		RSA              string   `json:"rsa"`
		AES              string   `json:"aes"`
		ReconnectSeconds float64  `json:"reconnectSeconds"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.ReconnectSeconds < 0 || in.ReconnectSeconds > 86400 {
		return 0, nil, unprocessable("reconnectSeconds must be 0.01 to 86400")
	}
	id, err := a.POSStream.AddClient(posstream.Config{
		POS: in.POS, Address: in.Address, Events: in.Events, RSA: in.RSA, AES: in.AES,
		Reconnect: time.Duration(in.ReconnectSeconds * float64(time.Second)),
	})
	return http.StatusCreated, map[string]string{"id": id}, streamError(err)
}

func (a *api) streamClients(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"clients": a.POSStream.Clients()}, nil
}

func (a *api) deleteStreamClient(r *http.Request) (int, any, error) {
	return http.StatusNoContent, nil, streamError(a.POSStream.DeleteClient(r.PathValue("id")))
}

func (a *api) waitingEvents(r *http.Request) (int, any, error) {
	list, err := a.POSStream.Waiting(r.PathValue("id"))
	return http.StatusOK, map[string]any{"events": list}, streamError(err)
}

func (a *api) cutStreamClient(r *http.Request) (int, any, error) {
	return http.StatusNoContent, nil, streamError(a.POSStream.Cut(r.PathValue("id")))
}

func (a *api) posEvents(r *http.Request) (int, any, error) {
	var in posstream.Events
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	queued, err := a.POSStream.Happen(in)
	return http.StatusAccepted, map[string]int{"queued": queued}, streamError(err)
}

func (a *api) cloudState(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]bool{"online": a.POSStream.Online()}, nil
}

func (a *api) cloud(r *http.Request) (int, any, error) {
	var in struct {
		Online *bool `json:"online"`
	}
	if err := decode(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Online == nil {
		return 0, nil, unprocessable("online must be true or false")
	}
	a.POSStream.Cloud(*in.Online)
	return http.StatusOK, map[string]bool{"online": *in.Online}, nil
}
