package mpac

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Bounds of the server's poll interval; a server that names none means the first of protocol section 2.4.
const (
	defaultPoll = 5 * time.Second
	minPoll     = time.Second
	maxPoll     = time.Minute
)

// maxClientID is what the database holds, in characters (FACT).
const maxClientID = 50

// ActivationCode is a code to be entered in the portal, and the ids that the device will have.
type ActivationCode struct {
	DeviceID, ClientID string
	// Code is at most 12 characters, 8 digits by default.
	Code      string
	ExpiresAt time.Time
	// PollEvery is how often ActivationStatus may be asked: 1 s to 1 min.
	PollEvery time.Duration
}

// GenerateActivationCode makes the device known by its serial number and public key (PEM, EC P-256) and gives a code for it
// (protocol section 2.4). Asked again it replaces the code of a device that is not bound. Errors: conflict when the serial
// number is active, protocol_error when the key is not taken, and those of a call without an answer.
func (p *Portal) GenerateActivationCode(ctx context.Context, serialNumber, publicKeyPEM, deviceName string) (ActivationCode, error) {
	const op = "mpac: generate activation code"
	var answer codeAnswer
	err := p.post(ctx, op, p.paths.GenerateActivationCode, "", codeRequest{serialNumber, publicKeyPEM, deviceName}, &answer)
	if err != nil {
		return ActivationCode{}, err
	}
	expires, err := time.Parse(time.RFC3339, answer.ExpiresAt)
	switch {
	case err != nil:
		return ActivationCode{}, fault.New(fault.BadResponse, op, "no usable expires_at")
	case answer.DeviceID == "" || len(answer.DeviceID) > 64:
		return ActivationCode{}, fault.New(fault.BadResponse, op, "no usable device_id")
	case answer.ClientID == "" || len(answer.ClientID) > maxClientID:
		return ActivationCode{}, fault.New(fault.BadResponse, op, "no usable client_id")
	case answer.ActivationCode == "" || len(answer.ActivationCode) > 12:
		return ActivationCode{}, fault.New(fault.BadResponse, op, "no usable activation_code")
	}
	code := ActivationCode{
		DeviceID: answer.DeviceID, ClientID: answer.ClientID, Code: answer.ActivationCode, ExpiresAt: expires.UTC(), PollEvery: defaultPoll,
	}
	if answer.PollInterval != nil {
		code.PollEvery = max(minPoll, time.Duration(min(*answer.PollInterval, 3600))*time.Second)
		code.PollEvery = min(maxPoll, code.PollEvery)
	}
	return code, nil
}

// States of an activation.
const (
	ActivationPending = "pending"
	ActivationActive  = "active"
	ActivationExpired = "expired"
)

// ActivationStatus is where an activation stands. The ids are those of an active one; a server may leave them out.
type ActivationStatus struct {
	// Status is one of the Activation constants.
	Status              string
	ClientID            string
	MerchantID, StoreID int64
}

// ActivationStatus asks whether a code was entered. Errors: not_found when the server does not know the code any more, and
// those of a call without an answer.
func (p *Portal) ActivationStatus(ctx context.Context, deviceID, code string) (ActivationStatus, error) {
	const op = "mpac: activation status"
	query := url.Values{"device_id": {deviceID}, "activation_code": {code}}
	resp, err := p.api.Do(ctx, httpx.Request{Method: http.MethodGet, Path: p.paths.ActivationStatus + "?" + query.Encode(), Idempotent: true})
	if err != nil {
		return ActivationStatus{}, err
	}
	var answer statusAnswer
	if err := read(op, resp, &answer); err != nil {
		return ActivationStatus{}, err
	}
	if len(answer.ClientID) > maxClientID {
		return ActivationStatus{}, fault.New(fault.BadResponse, op, "no usable client_id")
	}
	switch answer.Status {
	case ActivationPending, ActivationActive, ActivationExpired:
		return ActivationStatus(answer), nil
	}
	return ActivationStatus{}, fault.New(fault.BadResponse, op, "a status that is neither pending, active nor expired")
}

// Activate binds the device of a code to a store, with the token of a person who may (protocol section 2.4). It is for
// back-office tools: a device cannot. Errors: not_found for an unknown or expired code, scope_missing for a role that may not.
func (p *Portal) Activate(ctx context.Context, person AccessToken, code string, merchantID, storeID int64, deviceName string) (deviceID string, err error) {
	const op = "mpac: activate"
	var answer activateAnswer
	err = p.post(ctx, op, p.paths.Activate, person, activateRequest{code, merchantID, storeID, deviceName}, &answer)
	if err != nil {
		return "", err
	}
	if answer.Status != ActivationActive || answer.DeviceID == "" {
		return "", fault.New(fault.BadResponse, op, "the answer does not say active")
	}
	return answer.DeviceID, nil
}

// post sends JSON once and reads a JSON answer.
func (p *Portal) post(ctx context.Context, op, path string, bearer AccessToken, in, out any) error {
	encoded, err := json.Marshal(in)
	if err != nil {
		return fault.Wrap(fault.Internal, op, err)
	}
	request := httpx.Request{Method: http.MethodPost, Path: path, Body: encoded}
	if bearer != "" {
		request.Header = http.Header{"Authorization": {"Bearer " + string(bearer)}}
	}
	resp, err := p.api.Do(ctx, request)
	if err != nil {
		return err
	}
	return read(op, resp, out)
}

// read decodes a 2xx and gives everything else its fault.
func read(op string, resp *httpx.Response, into any) error {
	if resp.Status < 200 || resp.Status > 299 {
		return fail(op, resp.Status, resp.Body)
	}
	return decode(op, resp.Body, into)
}
