package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/smartpos-go/terminal/emulator"
)

// startWorld starts the emulator in this process and returns its env file.
func startWorld(ctx context.Context, dir string) (w *emulator.World, envFile string, err error) {
	envFile = filepath.Join(dir, "env.json")
	w, err = emulator.Start(ctx, emulator.Options{StateDir: filepath.Join(dir, "world"), EnvFile: envFile})
	return w, envFile, err
}

// job is what a measuring terminal does; it comes as the argument of -terminal.
type job struct {
	Kind    string // one of the kinds below
	EnvFile string
	Dir     string
	Serial  string
	Hashes  int64
	Seed    uint64
}

// Kinds of jobs.
const (
	kindStore   = "store"   // as shipped
	kindNaive   = "naive"   // decoded to []string, DELETE and INSERT
	kindStaging = "staging" // sorted, into a staging table that is renamed
)

// report is what a measuring terminal found. Nanoseconds and bytes.
type report struct {
	First int64 // Store.Sync without a list before it, or what the peer does instead with an empty table
	Sync  int64 // the same in place of another list of that size, as every day but the first
	Size  int64 // of the list on disk
	// Only of kindStore: peak anonymous memory above that before the sync, the slowest Decide meanwhile, and the median of
	// HashPAN and Decide afterwards.
	Memory, Slowest, Warm int64
	Checks                int64 // how many Decides ran meanwhile
}

// perform starts this program again for one job.
func (j job) perform(ctx context.Context, log io.Writer) (report, error) {
	var r report
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	if err := os.Mkdir(j.Dir, 0o700); err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(j.Dir) }()
	text, err := json.Marshal(j)
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, program, "-terminal", string(text)) //nolint:gosec // this program.
	cmd.Stderr = log
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("terminal for %d hashes, %s: %w", j.Hashes, j.Kind, err)
	}
	return r, json.Unmarshal(out, &r)
}

// admin is the emulator's admin API as another process reaches it.
type admin struct {
	env    emulator.Env
	caPEM  []byte
	client *http.Client
}

func openAdmin(envFile string) (*admin, error) {
	text, err := os.ReadFile(envFile)
	if err != nil {
		return nil, err
	}
	var a admin
	if err := json.Unmarshal(text, &a.env); err != nil {
		return nil, err
	}
	if a.caPEM, err = os.ReadFile(a.env.CAFile); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.caPEM) {
		return nil, errors.New("the emulator's CA cannot be read")
	}
	a.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}}
	return &a, nil
}

// call makes one call; out may be nil.
func (a *admin) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, a.env.Admin.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.env.Admin.Token)
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: HTTP %d %s", method, path, resp.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// setWhitelist puts generated hashes in force, behind those of listed PANs.
func (a *admin) setWhitelist(ctx context.Context, pans []string, count int64, seed uint64) error {
	return a.call(ctx, http.MethodPut, "/admin/api/whitelist",
		map[string]any{"pans": pans, "generate": map[string]any{"count": count, "seed": seed}}, nil)
}
