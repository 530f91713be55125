package emulator

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
	"strings"

	"github.com/smartpos-go/terminal/emulator/mpac"
	"github.com/smartpos-go/terminal/emulator/state"
)

// Env is the env file: where everything is and how to get in.
type Env struct {
	V      int      `json:"v"`
	CAFile string   `json:"caFile"`
	Admin  AdminEnv `json:"admin"`
	MACS   MACSEnv  `json:"macs"`
	MPAC   MPACEnv  `json:"mpac"`
	PGW    PGWEnv   `json:"pgw"`
	Pay    PayEnv   `json:"pay"`
}

// AdminEnv is how to reach the admin API.
type AdminEnv struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// MACSEnv is how to reach MACS.
type MACSEnv struct {
	URL             string `json:"url"`
	WhitelistSecret string `json:"whitelistSecret"`
}

// MPACEnv is how to reach MPAC.
type MPACEnv struct {
	URL string `json:"url"`
	// Issuer is what a client assertion's aud names.
	Issuer   string `json:"issuer"`
	TokenURL string `json:"tokenUrl"`
	// WSURL is the whole address of the socket.
	WSURL string `json:"wsUrl"`
	// MerchantID and StoreID are a place that tests may use.
	MerchantID int64 `json:"merchantId"`
	StoreID    int64 `json:"storeId"`
}

func mpacEnv(base, issuer string) MPACEnv {
	return MPACEnv{
		URL: base, Issuer: issuer, TokenURL: base + mpac.TokenPath, WSURL: "wss" + strings.TrimPrefix(base, "https") + mpac.SocketPath,
		MerchantID: 1, StoreID: 1,
	}
}

// write puts the file in place whole, readable by its owner alone whatever was there before.
func (e Env) write(path string) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("emulator: env file: %w", err)
	}
	if err := state.WriteFile(path, append(text, '\n')); err != nil {
		return fmt.Errorf("emulator: env file: %w", err)
	}
	return nil
}

func clientFor(caPEM []byte) (*http.Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(caPEM) {
		return nil, errors.New("emulator: the CA cannot be read")
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}}}, nil
}

// Admin makes one call of the admin API: in is sent as JSON when it is not nil, the answer is decoded into out when that is not
// nil. A status that is not 2xx is an error with the API's code and message.
func (w *World) Admin(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("emulator: admin: %w", err)
	}
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, w.env.Admin.URL+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("emulator: admin: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+w.env.Admin.Token)
	resp, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("emulator: admin: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("emulator: admin: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("emulator: admin: %s %s: HTTP %d %s", method, path, resp.StatusCode, bytes.TrimSpace(text))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("emulator: admin: %s %s: %w", method, path, err)
	}
	return nil
}
