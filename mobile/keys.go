package mobile

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"sync"

	"github.com/smartpos-go/terminal/deviceauth"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/pairing"
)

// Aliases of the terminal's keys.
const (
	aliasPairing   = "macs-pairing"
	aliasWhitelist = "macs-whitelist"
	aliasJournal   = "journal"
	aliasDevice    = "device"
)

// hostKeys is the host's key store, nil when it keeps no keys.
func hostKeys(host Host) (keystore.Host, error) {
	if host == nil {
		return nil, nil //nolint:nilnil // what nil stands for is said above.
	}
	keeps, err := host.KeepsKeys()
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Internal, "mobile: host", err)
	case !keeps:
		return nil, nil //nolint:nilnil // the same.
	}
	return host, nil
}

// entryKeys is where the keys of the entry job are: the host's key store, or sealed files under the data folder when host is
// nil. The sealing key of those comes from the whitelist secret, so that the folder alone gives nothing away.
func entryKeys(c *config, host keystore.Host) (keystore.Store, error) {
	if host != nil {
		return keystore.NewHost(host), nil
	}
	seal, err := hkdf.Key(sha256.New, c.secret, nil, "smartpos terminal software keys 1", sha256.Size)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "mobile: sealing key", err)
	}
	return keystore.OpenSoftware(filepath.Join(c.DataDir, "keys"), keystore.SoftwareOptions{Key: seal}) //nolint:wrapcheck // a fault.
}

// keyOpener opens the key store at its first use, once. That is after the data folder was locked: before, another process may be
// writing there.
type keyOpener func() (keystore.Store, error)

// lazyMAC opens a MAC key at its first use.
func lazyMAC(keys keyOpener, open func(keystore.Store) (keystore.MAC, error)) offline.MAC {
	var mu sync.Mutex
	var mac keystore.MAC
	return func(message []byte) ([sha256.Size]byte, error) {
		mu.Lock()
		if mac == nil {
			store, err := keys()
			if err != nil {
				mu.Unlock()
				return [sha256.Size]byte{}, err
			}
			opened, err := open(store)
			if err != nil {
				mu.Unlock()
				return [sha256.Size]byte{}, err
			}
			mac = opened
		}
		m := mac
		mu.Unlock()
		return m.Sum(message) //nolint:wrapcheck // a fault of the store.
	}
}

// whitelistMAC is the key that hashes PANs: the one the app imported, or the secret of the configuration, put into the store
// when it is not there yet.
func whitelistMAC(opener keyOpener, c *config) offline.MAC {
	return lazyMAC(opener, func(keys keystore.Store) (keystore.MAC, error) {
		if c.WhitelistKey != "" {
			mac, err := keys.MAC(c.WhitelistKey)
			if errors.Is(err, keystore.ErrNotFound) {
				return nil, fault.New(fault.KeyLost, "mobile: whitelist key", "import the whitelist secret into the key store again")
			}
			return mac, err //nolint:wrapcheck // a fault.
		}
		probe := []byte("whitelist key check")
		want := hmac.New(sha256.New, c.secret)
		want.Write(probe)
		if mac, err := keys.MAC(aliasWhitelist); err == nil {
			if sum, err := mac.Sum(probe); err == nil && hmac.Equal(sum[:], want.Sum(nil)) {
				return mac, nil
			}
		}
		if err := keys.ImportMAC(aliasWhitelist, c.secret); err != nil {
			return nil, err //nolint:wrapcheck // a fault.
		}
		return keys.MAC(aliasWhitelist) //nolint:wrapcheck // a fault.
	})
}

// journalMAC is the key that proves journal rows; a lost one is made anew, and the rows of before count as unverified.
func journalMAC(opener keyOpener) offline.MAC {
	return lazyMAC(opener, func(keys keystore.Store) (keystore.MAC, error) {
		mac, err := keys.MAC(aliasJournal)
		switch {
		case err == nil:
			return mac, nil
		case errors.Is(err, keystore.ErrNotFound):
		case errors.Is(err, fault.KeyLost):
			if err := keys.Delete(aliasJournal); err != nil {
				return nil, err //nolint:wrapcheck // a fault.
			}
		default:
			return nil, err //nolint:wrapcheck // a fault.
		}
		if err := keys.GenerateMAC(aliasJournal); err != nil {
			return nil, err //nolint:wrapcheck // a fault.
		}
		return keys.MAC(aliasJournal) //nolint:wrapcheck // a fault.
	})
}

// pairingKeys is the terminal's RSA key, as package pairing wants it.
type pairingKeys struct{ store keystore.Store }

func (k pairingKeys) Signer() (crypto.Signer, error) {
	signer, err := k.store.Signer(aliasPairing)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, pairing.ErrNoKey
	}
	return signer, err //nolint:wrapcheck // a fault.
}

func (k pairingKeys) Generate() (crypto.Signer, error) {
	return k.store.Generate(aliasPairing, keystore.RSA2048) //nolint:wrapcheck // a fault.
}

func (k pairingKeys) Delete() error { return k.store.Delete(aliasPairing) } //nolint:wrapcheck // a fault.

// deviceKeyStore is where the device's key is: the host's key store, or sealed files of their own under the data folder, which
// must be locked. Their sealing key is random and lies in the folder too: a terminal that is a device alone has no secret to make
// one of, and one that gains or loses the entry job must keep its identity. Without a host, who has the folder has the key.
func deviceKeyStore(c *config, host keystore.Host) (keystore.Store, error) {
	if host != nil {
		return keystore.NewHost(host), nil
	}
	dir := filepath.Join(c.DataDir, "device-keys")
	seal, err := keystore.SealingKeyFile(dir + ".seal")
	if err != nil {
		return nil, err //nolint:wrapcheck // a fault.
	}
	return keystore.OpenSoftware(dir, keystore.SoftwareOptions{Key: seal}) //nolint:wrapcheck // a fault.
}

// deviceKeys is the device's EC key, as package deviceauth wants it.
type deviceKeys struct{ store keystore.Store }

func (k deviceKeys) Signer() (crypto.Signer, error) {
	signer, err := k.store.Signer(aliasDevice)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, deviceauth.ErrNoKey
	}
	return signer, err //nolint:wrapcheck // a fault.
}

func (k deviceKeys) Generate() (crypto.Signer, error) {
	return k.store.Generate(aliasDevice, keystore.P256) //nolint:wrapcheck // a fault.
}

func (k deviceKeys) Delete() error { return k.store.Delete(aliasDevice) } //nolint:wrapcheck // a fault.
