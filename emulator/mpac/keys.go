package mpac

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

// The two key sets of the portal (FACT: people RS256, devices ES256).
const (
	setDevice = "device"
	setHuman  = "human"
)

// keyring signs the portal's tokens. A key that was replaced stays published for the life of the tokens it signed.
type keyring struct {
	state *state.State
	clock *state.Clock
	mu    sync.Mutex
	sets  map[string][]signingKey // as they are stored, the one in use last; read at first use
}

// signingKey is a key of a set; retired is when it was replaced, 0 for the one in use.
type signingKey struct {
	kid     string
	signer  crypto.Signer
	retired int64
}

// keep is how long a replaced key stays published.
func keep(set string) time.Duration {
	if set == setHuman {
		return humanLife + tokenSkew
	}
	return maxTokenSeconds*time.Second + tokenSkew
}

// load reads the keys of a set, the one in use last, and makes the first.
func (k *keyring) load(set string) ([]signingKey, error) {
	if keys := k.sets[set]; keys != nil {
		return keys, nil
	}
	var keys []signingKey
	err := k.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT kid, der, retired FROM mpac_key WHERE kind = ? ORDER BY rowid", set)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var key signingKey
			var der []byte
			if err := rows.Scan(&key.kid, &der, &key.retired); err != nil {
				return err
			}
			parsed, err := x509.ParsePKCS8PrivateKey(der)
			if err != nil {
				return fmt.Errorf("emulator: signing key: %w", err)
			}
			signer, ok := parsed.(crypto.Signer)
			if !ok {
				return errors.New("emulator: signing key: it cannot sign")
			}
			key.signer = signer
			keys = append(keys, key)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	k.sets[set] = keys
	if keys == nil {
		_, err = k.add(set)
	}
	return k.sets[set], err
}

// current is the key in use.
func (k *keyring) current(set string) (signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys, err := k.load(set)
	if err != nil {
		return signingKey{}, err
	}
	return keys[len(keys)-1], nil
}

// rotate puts a new key in use and gives its kid.
func (k *keyring) rotate(set string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := k.load(set); err != nil {
		return "", err
	}
	key, err := k.add(set)
	return key.kid, err
}

func (k *keyring) add(set string) (signingKey, error) {
	signer, err := newSigner(set)
	if err != nil {
		return signingKey{}, fmt.Errorf("emulator: signing key: %w", err)
	}
	private, privateErr := x509.MarshalPKCS8PrivateKey(signer)
	public, publicErr := x509.MarshalPKIXPublicKey(signer.Public())
	if err := errors.Join(privateErr, publicErr); err != nil {
		return signingKey{}, fmt.Errorf("emulator: signing key: %w", err)
	}
	sum := sha256.Sum256(public)
	key := signingKey{kid: base64.RawURLEncoding.EncodeToString(sum[:12]), signer: signer}
	now := k.clock.Now().Unix()
	err = k.state.Do(func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE mpac_key SET retired = ? WHERE kind = ? AND retired = 0", now, set)
		if err != nil {
			return err
		}
		_, err = tx.Exec("INSERT INTO mpac_key(kid, kind, der, retired) VALUES(?,?,?,0)", key.kid, set, private)
		return err
	})
	if err != nil {
		return signingKey{}, err
	}
	keys := slices.Clone(k.sets[set]) // whoever read the old list goes on reading it
	for i := range keys {
		if keys[i].retired == 0 {
			keys[i].retired = now
		}
	}
	k.sets[set] = append(keys, key)
	return key, nil
}

func newSigner(set string) (crypto.Signer, error) {
	if set == setHuman {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// published gives the keys whose tokens can still be in use.
func (k *keyring) published(set string) ([]signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	keys, err := k.load(set)
	if err != nil {
		return nil, err
	}
	now := k.clock.Now()
	var left []signingKey
	for _, key := range keys {
		if key.retired == 0 || now.Before(time.Unix(key.retired, 0).Add(keep(set))) {
			left = append(left, key)
		}
	}
	return left, nil
}
