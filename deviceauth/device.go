package deviceauth

import (
	"context"
	"crypto"
	"encoding/json"
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

// ErrNoKey says that no key was made yet.
var ErrNoKey = errors.New("deviceauth: no key")

// Memory remembers small values durably; the offline.Store is one. Its methods may be called at the same time.
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

	// saving is held while a state goes to the disk; mu guards the one that is known.
	saving sync.Mutex
	mu     sync.Mutex
	state  Activation
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
