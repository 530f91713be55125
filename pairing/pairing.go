package pairing

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
)

// Keys under which the state is remembered, and whose it is.
const (
	settingState  = "pairing.state"
	settingSerial = "pairing.serialNumber"
)

// Keys is the one key of the terminal. The key store implements it.
type Keys interface {
	// Signer gives the key. Absent is ErrNoKey; unreadable is a fault key_lost.
	Signer() (crypto.Signer, error)
	// Generate makes the RSA-2048 key; it is durable when the call returns.
	Generate() (crypto.Signer, error)
	// Delete removes the key; absent is no error.
	Delete() error
}

// ErrNoKey says that no key was made yet.
var ErrNoKey = errors.New("pairing: no key")

// Memory remembers small values durably.
type Memory interface {
	// Setting gives a value, "" when there is none.
	Setting(key string) (string, error)
	// SetSetting stores a value; it is on disk when the call returns.
	SetSetting(key, value string) error
}

// Options set up a Pairing; all are needed.
type Options struct {
	SerialNumber string
	Keys         Keys
	Memory       Memory
}

// Pairing is the terminal's standing with MACS.
type Pairing struct {
	options Options
	// pairing is held through a whole Pair or Unpair, so that two of them never send two keys.
	pairing sync.Mutex

	mu    sync.Mutex
	state State
}

// Open reads the state. Nothing is sent. Errors: invalid_config when the state is that of another serial number; storage faults.
func Open(o Options) (*Pairing, error) {
	stored, err := o.Memory.Setting(settingState)
	if err != nil {
		return nil, fmt.Errorf("pairing: read state: %w", err)
	}
	serial, err := o.Memory.Setting(settingSerial)
	if err != nil {
		return nil, fmt.Errorf("pairing: read state: %w", err)
	}
	state := State(stored)
	switch {
	case state != Pending && state != Paired:
		state = Unpaired
	case serial != o.SerialNumber:
		return nil, fault.New(fault.InvalidConfig, "pairing: open",
			"serialNumber is another than the one this data folder was paired for: use a data folder of its own")
	}
	return &Pairing{options: o, state: state}, nil
}

// State is where the terminal stands.
func (p *Pairing) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *Pairing) happened(e event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	state, err := next(p.state, e)
	if err != nil {
		return fault.Wrap(fault.Internal, "pairing: state", err)
	}
	if state == p.state {
		return nil
	}
	if err := p.options.Memory.SetSetting(settingState, string(state)); err != nil {
		return fmt.Errorf("pairing: save state: %w", err)
	}
	p.state = state
	return nil
}

// PublicKey is the key the terminal has, for its fingerprint. Errors: not_paired when none was made, key_lost.
func (p *Pairing) PublicKey() (crypto.PublicKey, error) {
	signer, err := p.options.Keys.Signer()
	switch {
	case errors.Is(err, ErrNoKey) && p.State() == Paired:
		return nil, lost(err)
	case errors.Is(err, ErrNoKey):
		return nil, fault.New(fault.NotPaired, "pairing: public key", "no key was made yet")
	case err != nil:
		return nil, fmt.Errorf("pairing: public key: %w", err)
	}
	return signer.Public(), nil
}

// Signer is the key of a paired terminal. Errors: not_paired, key_lost.
func (p *Pairing) Signer() (crypto.Signer, error) {
	if p.State() != Paired {
		return nil, fault.New(fault.NotPaired, "pairing: sign", "pair the terminal first")
	}
	return p.anySigner()
}

// anySigner is the key whatever the state: the proof after a lost answer needs it while pending.
func (p *Pairing) anySigner() (crypto.Signer, error) {
	signer, err := p.options.Keys.Signer()
	switch {
	case errors.Is(err, ErrNoKey):
		return nil, lost(err)
	case err != nil:
		return nil, fmt.Errorf("pairing: sign: %w", err)
	}
	return signer, nil
}

func lost(err error) error {
	return fault.Wrap(fault.KeyLost, "pairing: key", fmt.Errorf("unpair the terminal in the admin panel and pair it again; the journal is kept: %w", err))
}

// Pair binds the terminal with an 8-digit code. When it returns nil the server has the key and the state is on disk. A code of
// another shape is invalid_code and nothing is sent. Errors: invalid_code, pairing_code_rejected, already_paired,
// key_rejected, and every fault of a call without an answer, after which Pair with the same code goes on where it was.
func (p *Pairing) Pair(ctx context.Context, client *macs.Client, code string) error {
	if !wellFormed(code) {
		return fault.New(fault.InvalidCode, "pairing: pair", "a pairing code has exactly 8 digits")
	}
	p.pairing.Lock()
	defer p.pairing.Unlock()
	if p.State() == Paired {
		if still, err := p.stillPaired(ctx, client); still || err != nil {
			return err
		}
	}
	signer, err := p.key()
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return fault.Wrap(fault.KeyRejected, "pairing: public key", err)
	}
	if err := p.options.Memory.SetSetting(settingSerial, p.options.SerialNumber); err != nil {
		return fmt.Errorf("pairing: save serial number: %w", err)
	}
	if err := p.happened(sending); err != nil {
		return err
	}
	err = client.Pair(ctx, p.options.SerialNumber, code, public)
	switch fault.CodeOf(err) {
	case "":
		return p.happened(accepted)
	case fault.AlreadyPaired:
		return p.prove(ctx, client, err)
	case fault.PairingCodeRejected, fault.KeyRejected, fault.ProtocolError:
		return errors.Join(err, p.happened(refused))
	default: // no answer: pending until the next Pair
		return err
	}
}

// stillPaired asks the server whether a terminal that thinks it is paired still is: an operator may have unpaired it. Only the
// server's own "I do not accept this key" opens the way to a new pairing.
func (p *Pairing) stillPaired(ctx context.Context, client *macs.Client) (bool, error) {
	already := fault.New(fault.AlreadyPaired, "pairing: pair", "this terminal is paired; unpair it in the admin panel first")
	_, keyErr := p.options.Keys.Signer()
	if errors.Is(keyErr, ErrNoKey) || errors.Is(keyErr, fault.KeyLost) {
		return false, nil // re-pairing is the way out of a lost key
	}
	if err := probe(ctx, client); fault.CodeOf(err) != fault.NotAuthorized {
		return true, already
	}
	return false, nil
}

// key is the terminal's key, made when there is none, and made anew when it is lost.
func (p *Pairing) key() (crypto.Signer, error) {
	signer, err := p.options.Keys.Signer()
	switch {
	case err == nil:
		return signer, nil
	case errors.Is(err, fault.KeyLost):
		if err := p.options.Keys.Delete(); err != nil {
			return nil, fmt.Errorf("pairing: remove lost key: %w", err)
		}
	case !errors.Is(err, ErrNoKey):
		return nil, fmt.Errorf("pairing: open key: %w", err)
	}
	signer, err = p.options.Keys.Generate()
	if err != nil {
		return nil, fmt.Errorf("pairing: make key: %w", err)
	}
	return signer, nil
}

// prove resolves a 409: an earlier answer may have been lost. One signed request tells whether the server has this key.
func (p *Pairing) prove(ctx context.Context, client *macs.Client, conflict error) error {
	err := probe(ctx, client)
	switch fault.CodeOf(err) {
	case "":
		return p.happened(accepted)
	case fault.NotAuthorized:
		return errors.Join(conflict, p.happened(refused))
	default: // no answer: still pending, the next Pair asks again
		return err
	}
}

// probe is one signed request without effect: 401 and 403 are not_authorized.
func probe(ctx context.Context, client *macs.Client) error {
	list, err := client.BINRanges(context.WithValue(ctx, proving{}, true), "")
	if err != nil {
		return err //nolint:wrapcheck // a fault of package macs.
	}
	return list.Body.Close() //nolint:wrapcheck // nothing to add.
}

// Unpair forgets key and state. The server is not told: only an operator unpairs there (protocol section 1.2).
func (p *Pairing) Unpair() error {
	p.pairing.Lock()
	defer p.pairing.Unlock()
	if err := p.happened(forgotten); err != nil {
		return err
	}
	if err := p.options.Keys.Delete(); err != nil {
		return fmt.Errorf("pairing: delete key: %w", err)
	}
	return nil
}

func wellFormed(code string) bool {
	if len(code) != 8 {
		return false
	}
	for _, c := range []byte(code) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
