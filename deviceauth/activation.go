package deviceauth

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

// settingActivation is the key under which the activation is remembered.
const settingActivation = "device.activation"

// Activation is where the device stands with the portal. The zero value: nothing was asked for yet.
type Activation struct {
	// Status is one of mpac's Activation constants, or empty.
	Status string `json:"status"`
	// Code is to be entered in the portal while pending.
	Code      string    `json:"code,omitempty"`
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// DeviceID is empty for a device that was registered by hand.
	DeviceID   string        `json:"deviceId,omitempty"`
	ClientID   string        `json:"clientId,omitempty"`
	MerchantID int64         `json:"merchantId,omitempty"`
	StoreID    int64         `json:"storeId,omitempty"`
	PollEvery  time.Duration `json:"pollEvery,omitempty"`
	// Refused: the token server did not take the device's last assertion.
	Refused bool `json:"refused,omitempty"`
}

// Activation is what is known without asking.
func (d *Device) Activation() Activation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// Identity is the activation of an active device. Errors: not_activated, activation_expired.
func (d *Device) Identity() (Activation, error) {
	const op = "deviceauth: identity"
	a := d.Activation()
	switch a.Status {
	case mpac.ActivationActive:
		return a, nil
	case mpac.ActivationExpired:
		return a, fault.New(fault.ActivationExpired, op, "ask for a new activation code")
	}
	return a, fault.New(fault.NotActivated, op, "activate the device first")
}

// save makes a state durable, then known.
func (d *Device) save(a Activation) error {
	d.saving.Lock()
	defer d.saving.Unlock()
	return d.store(a)
}

// noteRefused remembers whether an active device's assertion was refused.
func (d *Device) noteRefused(refused bool) {
	d.saving.Lock()
	defer d.saving.Unlock()
	a := d.Activation()
	if a.Status != mpac.ActivationActive || a.Refused == refused || d.options.ClientID != "" {
		return
	}
	a.Refused = refused
	_ = d.store(a) // what cannot be remembered is noted the next time
}

// store is for holders of saving.
func (d *Device) store(a Activation) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fault.Wrap(fault.Internal, "deviceauth: save activation", err)
	}
	if err := d.options.Memory.SetSetting(settingActivation, string(text)); err != nil {
		return fmt.Errorf("deviceauth: save activation: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state = a
	return nil
}

// Request gives the activation as it stands, and asks for a code when there is none: at first, after the one before it ran out, for
// a device whose last assertion was refused (a portal gives it a code only when it released it), and for one whose key is lost, with
// a new key: when that was active it is so no more. A pending one is asked about; without an answer it is given as it is known.
// Errors: conflict when the serial number is active at the portal under another key, and those of a call without an answer.
func (d *Device) Request(ctx context.Context, portal *mpac.Portal) (Activation, error) {
	if err := d.lock(ctx); err != nil {
		return Activation{}, err
	}
	defer d.unlock()
	switch a := d.Activation(); a.Status {
	case mpac.ActivationActive:
		switch err := d.insist(ctx); {
		case err == nil && a.Refused:
			return d.renew(ctx, portal)
		case fault.CodeOf(err) != fault.KeyLost:
			return a, err
		}
		if d.options.ClientID != "" { // there is no code to ask for: the new key is to be registered by hand
			_, err := d.workingKey()
			return a, err
		}
		// The portal knows the lost key alone. It is forgotten first: a device with another key, and no code for it, must not be
		// taken for an active one.
		if err := d.save(Activation{}); err != nil {
			return Activation{}, err
		}
	case mpac.ActivationPending:
		if err := d.poll(ctx, portal); err != nil && !noAnswer(err) {
			return Activation{}, err
		}
		if a := d.Activation(); a.Status != mpac.ActivationPending || fault.CodeOf(d.insist(ctx)) != fault.KeyLost {
			return a, nil
		}
	}
	signer, err := d.workingKey()
	if err != nil {
		return Activation{}, err
	}
	return d.generate(ctx, portal, signer)
}

// renew asks for a code for a device whose assertions are refused: the portal may have released it. One that is active there gets
// none, and stays as it is. It takes no other key than the one there is: the portal may still know that.
func (d *Device) renew(ctx context.Context, portal *mpac.Portal) (Activation, error) {
	signer, err := d.Key()
	if err != nil {
		return Activation{}, err
	}
	a, err := d.generate(ctx, portal, signer)
	if fault.CodeOf(err) == fault.Conflict || noAnswer(err) {
		return d.Activation(), nil
	}
	return a, err
}

// generate asks for a code for a key.
func (d *Device) generate(ctx context.Context, portal *mpac.Portal, signer crypto.Signer) (Activation, error) {
	public, err := publicKey(signer)
	if err != nil {
		return Activation{}, err
	}
	code, err := portal.GenerateActivationCode(ctx, d.options.SerialNumber, public.PEM, d.options.Name)
	if err != nil {
		return Activation{}, err //nolint:wrapcheck // a fault of package mpac.
	}
	a := Activation{
		Status: mpac.ActivationPending, Code: code.Code, ExpiresAt: code.ExpiresAt, DeviceID: code.DeviceID, ClientID: code.ClientID,
		PollEvery: code.PollEvery,
	}
	return a, d.save(a)
}

// poll asks about a pending code once and saves the answer.
func (d *Device) poll(ctx context.Context, portal *mpac.Portal) error {
	a := d.Activation()
	if a.Status != mpac.ActivationPending {
		return nil
	}
	status, err := portal.ActivationStatus(ctx, a.DeviceID, a.Code)
	switch {
	case fault.CodeOf(err) == fault.NotFound: // replaced or forgotten: nobody can enter it any more
		return d.save(Activation{Status: mpac.ActivationExpired})
	case refuses(err) && !d.options.Clock.Now().Before(a.ExpiresAt):
		return d.save(Activation{Status: mpac.ActivationExpired})
	case err != nil: // without an answer the code stays, also past its time: it may have been entered, and then there is no other one
		return err //nolint:wrapcheck // a fault of package mpac.
	case status.Status == mpac.ActivationExpired:
		return d.save(Activation{Status: mpac.ActivationExpired})
	case status.Status == mpac.ActivationPending:
		return nil
	}
	a.Status, a.Code, a.ExpiresAt, a.PollEvery = mpac.ActivationActive, "", time.Time{}, 0
	a.MerchantID, a.StoreID = status.MerchantID, status.StoreID
	if status.ClientID != "" {
		a.ClientID = status.ClientID
	}
	return d.save(a)
}

// Await polls a pending activation until it is active or expired, or wait is over: then it is given as it stands. Missing
// answers are waited out; when the last poll had none, that is the error. It asks for no code: call Request first. Errors:
// not_activated when there is nothing to wait for, and those of Request.
func (d *Device) Await(ctx context.Context, portal *mpac.Portal, wait time.Duration) (Activation, error) {
	if d.Activation().Status == "" {
		return Activation{}, fault.New(fault.NotActivated, "deviceauth: await", "ask for an activation code first")
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		err := d.pollInTurn(ctx, portal)
		a := d.Activation()
		switch {
		case ctx.Err() != nil:
			return a, fmt.Errorf("deviceauth: await: %w", ctx.Err())
		case err != nil && !noAnswer(err):
			return a, err
		case a.Status != mpac.ActivationPending:
			return a, nil
		}
		next := time.NewTimer(max(a.PollEvery, time.Second))
		select {
		case <-next.C:
		case <-over.C:
			next.Stop()
			return a, err
		case <-ctx.Done():
			next.Stop()
			return a, fmt.Errorf("deviceauth: await: %w", ctx.Err())
		}
	}
}

func (d *Device) pollInTurn(ctx context.Context, portal *mpac.Portal) error {
	if err := d.lock(ctx); err != nil {
		return err
	}
	defer d.unlock()
	return d.poll(ctx, portal)
}

// refuses is a poll that the server answers without a word about the code.
func refuses(err error) bool {
	switch fault.CodeOf(err) {
	case fault.ProtocolError, fault.TokenRefused, fault.ScopeMissing, fault.Conflict:
		return true
	default:
		return false
	}
}

// noAnswer is a poll that says nothing about the code.
func noAnswer(err error) bool {
	switch fault.CodeOf(err) {
	case fault.NetworkUnavailable, fault.Timeout, fault.ServerError, fault.RateLimited, fault.BadResponse:
		return true
	default:
		return false
	}
}
