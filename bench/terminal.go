package main

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/pairing"
)

// terminal is a paired terminal in a process of its own.
type terminal struct {
	job   job
	admin *admin
	store *offline.Store
	macs  *macs.Client
}

// runTerminal does one job and writes its report.
func runTerminal(ctx context.Context, text string, stdout io.Writer) (err error) {
	t := &terminal{}
	if err := json.Unmarshal([]byte(text), &t.job); err != nil {
		return err
	}
	if err := t.open(ctx); err != nil {
		return fmt.Errorf("open terminal: %w", err)
	}
	defer func() {
		t.macs.Close()
		if closed := t.store.Close(); err == nil {
			err = closed
		}
	}()
	var r report
	switch t.job.Kind {
	case kindStore:
		r, err = t.syncStore(ctx)
	case kindNaive:
		r, err = t.syncNaive(ctx)
	case kindStaging:
		r, err = t.syncStaging(ctx)
	default:
		err = fmt.Errorf("unknown kind %q", t.job.Kind)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(r)
}

func (t *terminal) open(ctx context.Context) (err error) {
	if t.admin, err = openAdmin(t.job.EnvFile); err != nil {
		return err
	}
	chain := make([]byte, sha256.Size)
	_, _ = rand.Read(chain) // never fails
	t.store, err = offline.Open(offline.Options{
		Dir: filepath.Join(t.job.Dir, "data"), Time: clock.System{}, Whitelist: keyed([]byte(t.admin.env.MACS.WhitelistSecret)), Chain: keyed(chain),
	})
	if err != nil {
		return err
	}
	p, err := pairing.Open(pairing.Options{SerialNumber: t.job.Serial, Keys: &memoryKeys{}, Memory: t.store})
	if err != nil {
		return err
	}
	t.macs, err = macs.New(macs.Options{
		BaseURL: t.admin.env.MACS.URL, TrustedCA: t.admin.caPEM, Clock: t.store.Clock(),
		Sign: func(next http.RoundTripper) http.RoundTripper {
			return pairing.Transport{Next: next, Pairing: p, Clock: t.store.Clock()}
		},
	})
	if err != nil {
		return err
	}
	return t.pair(ctx, p)
}

func (t *terminal) pair(ctx context.Context, p *pairing.Pairing) error {
	const terminals = "/admin/api/terminals"
	if err := t.admin.call(ctx, http.MethodPost, terminals, map[string]string{"serialNumber": t.job.Serial}, nil); err != nil {
		return err
	}
	var made struct{ Code string }
	if err := t.admin.call(ctx, http.MethodPost, terminals+"/"+t.job.Serial+"/pairing-code", struct{}{}, &made); err != nil {
		return err
	}
	return p.Pair(ctx, t.macs, made.Code)
}

func keyed(secret []byte) offline.MAC {
	return func(message []byte) ([sha256.Size]byte, error) {
		mac := hmac.New(sha256.New, secret)
		_, _ = mac.Write(message) // a hash never fails
		return [sha256.Size]byte(mac.Sum(nil)), nil
	}
}

// memoryKeys keeps the terminal's key as long as the process lives.
type memoryKeys struct{ key *rsa.PrivateKey }

func (k *memoryKeys) Signer() (crypto.Signer, error) {
	if k.key == nil {
		return nil, pairing.ErrNoKey
	}
	return k.key, nil
}

func (k *memoryKeys) Generate() (_ crypto.Signer, err error) {
	k.key, err = rsa.GenerateKey(rand.Reader, 2048)
	return k.key, err
}

func (k *memoryKeys) Delete() error {
	k.key = nil
	return nil
}
