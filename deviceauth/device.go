package deviceauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// Keys is the one key of the device. The key store implements it.
type Keys interface {
	// Signer gives the key. Absent is ErrNoKey; unreadable is a fault key_lost.
	Signer() (crypto.Signer, error)
	// Generate makes the EC P-256 key; it is durable when the call returns.
	Generate() (crypto.Signer, error)
	// Delete removes the key; absent is no error.
	Delete() error
}

// settingKey is the key under which it is remembered that a key was made.
const settingKey = "device.key"

// ErrNoKey says that no key was made yet.
var ErrNoKey = errors.New("deviceauth: no key")

// Memory remembers small values durably; the offline.Store is one.
type Memory interface {
	// Setting gives a value, "" when there is none.
	Setting(key string) (string, error)
	// SetSetting stores a value; it is on disk when the call returns.
	SetSetting(key, value string) error
}

// Options set up a Device. SerialNumber, Audience, Keys and Memory are needed.
type Options struct {
	SerialNumber string
	// Name is shown in the portal. Optional.
	Name string
	// Audience is the issuer of the token server, the aud of every assertion.
	Audience string
	// ClientID is that of a device registered by hand; there is nothing to activate then.
	ClientID string
	Keys     Keys
	Memory   Memory
	// Clock is trusted time: the one of the offline.Store, which remembers it. Nil: a new one over the machine's.
	Clock *clock.Clock
}

// Device is the device's key and its standing with the portal.
type Device struct {
	options Options
	// activating holds one token, taken through a whole Request and each poll of Await, so that two of them never ask for two
	// codes. It is a channel so that who waits for it can leave.
	activating chan struct{}

	// making guards the key against being made twice, and kept.
	making sync.Mutex
	kept   bool

	mu    sync.Mutex
	state Activation
}

// Open reads what is known of the device. Nothing is sent. Errors: invalid_config, storage faults.
func Open(o Options) (*Device, error) {
	const op = "deviceauth: open"
	if o.SerialNumber == "" || o.Audience == "" || o.Keys == nil || o.Memory == nil {
		return nil, fault.New(fault.InvalidConfig, op, "SerialNumber, Audience, Keys and Memory are needed")
	}
	if o.Clock == nil {
		o.Clock = clock.New(clock.System{}, clock.State{})
	}
	text, err := o.Memory.Setting(settingActivation)
	if err != nil {
		return nil, fmt.Errorf("%s: read activation: %w", op, err)
	}
	key, err := o.Memory.Setting(settingKey)
	if err != nil {
		return nil, fmt.Errorf("%s: read key's mark: %w", op, err)
	}
	d := &Device{options: o, activating: make(chan struct{}, 1), kept: key != ""}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &d.state); err != nil {
			return nil, fault.Wrap(fault.StorageDamaged, op, err)
		}
	}
	if o.ClientID != "" {
		d.state = Activation{Status: mpac.ActivationActive, ClientID: o.ClientID}
	}
	return d, nil
}

// Key makes the device's key when there never was one. Errors: key_lost, which Request mends, and storage faults.
func (d *Device) Key() (crypto.Signer, error) {
	d.making.Lock()
	defer d.making.Unlock()
	signer, err := d.options.Keys.Signer()
	switch {
	case err == nil:
		return signer, d.keep()
	case !errors.Is(err, ErrNoKey):
		return nil, fmt.Errorf("deviceauth: key: %w", err)
	case d.kept:
		return nil, fault.Wrap(fault.KeyLost, "deviceauth: key",
			fmt.Errorf("release the device in the portal, then activate it again: %w", err))
	}
	return d.generateKey()
}

// workingKey is the key for a new activation: the one there is, or a new one when there is none or it is lost.
func (d *Device) workingKey() (crypto.Signer, error) {
	d.making.Lock()
	defer d.making.Unlock()
	signer, err := d.options.Keys.Signer()
	if err == nil {
		err = trySign(signer)
	}
	switch {
	case err == nil:
		return signer, d.keep()
	case errors.Is(err, fault.KeyLost):
		if err := d.options.Keys.Delete(); err != nil {
			return nil, fmt.Errorf("deviceauth: remove lost key: %w", err)
		}
	case !errors.Is(err, ErrNoKey):
		return nil, fmt.Errorf("deviceauth: key: %w", err)
	}
	return d.generateKey()
}

// generateKey is for holders of making.
func (d *Device) generateKey() (crypto.Signer, error) {
	signer, err := d.options.Keys.Generate()
	if err != nil {
		return nil, fmt.Errorf("deviceauth: make key: %w", err)
	}
	return signer, d.keep()
}

// keep remembers that there was a key, so that one that is gone is not quietly replaced. It is for holders of making.
func (d *Device) keep() error {
	if d.kept {
		return nil
	}
	if err := d.options.Memory.SetSetting(settingKey, "made"); err != nil {
		return fmt.Errorf("deviceauth: remember the key: %w", err)
	}
	d.kept = true
	return nil
}

// PublicKey is the public half of the device's key in the forms that people and servers take.
type PublicKey struct {
	// Key is on P-256.
	Key *ecdsa.PublicKey
	// PEM is the SubjectPublicKeyInfo.
	PEM string
	// X and Y are the coordinates of its JWK (RFC 7518 section 6.2.1), base64url.
	X, Y string
}

// PublicKey gives the public key, made when there is none.
func (d *Device) PublicKey() (PublicKey, error) {
	signer, err := d.Key()
	if err != nil {
		return PublicKey{}, err
	}
	return publicKey(signer)
}

func publicKey(signer crypto.Signer) (PublicKey, error) {
	const op = "deviceauth: public key"
	key, ok := signer.Public().(*ecdsa.PublicKey)
	if !ok {
		return PublicKey{}, fault.New(fault.KeyLost, op, "the key is not on P-256")
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fault.Wrap(fault.KeyLost, op, err)
	}
	point, err := key.Bytes()
	if err != nil || len(point) != 65 {
		return PublicKey{}, fault.New(fault.KeyLost, op, "the key is not on P-256")
	}
	return PublicKey{
		Key: key, PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		X: base64.RawURLEncoding.EncodeToString(point[1:33]), Y: base64.RawURLEncoding.EncodeToString(point[33:]),
	}, nil
}

// lock waits for its turn to activate, no longer than ctx.
func (d *Device) lock(ctx context.Context) error {
	select {
	case d.activating <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("deviceauth: activate: %w", ctx.Err())
	}
}

func (d *Device) unlock() { <-d.activating }
