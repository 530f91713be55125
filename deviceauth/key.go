package deviceauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

// settingKey is the key under which it is remembered that a key was made.
const settingKey = "device.key"

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

// CheckKey tells whether the key that the device's standing needs can sign; before an activation none is needed. Errors: key_lost,
// storage faults.
func (d *Device) CheckKey() error {
	if d.Activation().Status != mpac.ActivationActive {
		return nil
	}
	return d.signs()
}

// A key counts as lost when it fails lostTries times, lostPause apart: a key store that is busy fails now and then, and a key that was
// replaced for that is gone for good.
const (
	lostTries = 3
	lostPause = 300 * time.Millisecond
)

// insist signs, and does it again while the key seems lost.
func (d *Device) insist(ctx context.Context) error {
	for try := 1; ; try++ {
		err := d.signs()
		if fault.CodeOf(err) != fault.KeyLost || try == lostTries {
			return err
		}
		rest{pause: lostPause}.wait(ctx, ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("deviceauth: key: %w", ctx.Err())
		}
	}
}

// signs tells whether the key can sign. One that was never made is made.
func (d *Device) signs() error {
	signer, err := d.Key()
	if err != nil {
		return coded(err)
	}
	return trySign(signer)
}

// trySign tells whether a key that can be opened can sign.
func trySign(signer crypto.Signer) error {
	_, err := sign(signer, "", "", time.Time{})
	return err
}
