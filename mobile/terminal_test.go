package mobile_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

const secret = "a whitelist secret of more than 32 bytes"

// parameters of a terminal of a world; change edits them.
func parameters(t testing.TB, w *emulator.World, change func(map[string]any)) string {
	t.Helper()
	p := map[string]any{
		"serialNumber": "SN-M", "dataDir": filepath.Join(t.TempDir(), "data"), "whitelistSecret": secret,
		"macs": map[string]any{"baseUrl": w.Env().MACS.URL, "trustedCa": string(w.CAPEM())}, "offline": map[string]any{},
	}
	if change != nil {
		change(p)
	}
	text, err := json.Marshal(p)
	require.NoError(t, err)
	return string(text)
}

func world(t *testing.T) *emulator.World {
	t.Helper()
	w, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

func TestAWrongParameterIsNamed(t *testing.T) {
	t.Parallel()
	w := world(t)
	for key, change := range map[string]func(map[string]any){
		"serialNumbr":     func(p map[string]any) { p["serialNumbr"] = "x" },
		"serialNumber":    func(p map[string]any) { p["serialNumber"] = 7 },
		"serialNumber is": func(p map[string]any) { delete(p, "serialNumber") },
		"dataDir":         func(p map[string]any) { delete(p, "dataDir") },
		"dataDir cannot":  func(p map[string]any) { p["dataDir"] = "/dev/null/data" },
		"WHITELISTSECRET": func(p map[string]any) { p["WHITELISTSECRET"] = secret; delete(p, "whitelistSecret") },
		"macs.BaseURL":    func(p map[string]any) { p["macs"].(map[string]any)["BaseURL"] = "https://127.0.0.1" },
		"timeouts must":   func(p map[string]any) { p["timeouts"] = nil },
		"offline.max":     func(p map[string]any) { p["offline"] = map[string]any{"maxGuests": nil} },
		"macs":            func(p map[string]any) { delete(p, "macs") },
		"baseUrl":         func(p map[string]any) { p["macs"].(map[string]any)["baseUrl"] = "http://127.0.0.1" },
		"trustedCa":       func(p map[string]any) { p["macs"].(map[string]any)["trustedCa"] = "x" },
		"whitelistSecret": func(p map[string]any) { p["whitelistSecret"] = "short" },
		"whitelistKey":    func(p map[string]any) { delete(p, "whitelistSecret"); p["whitelistKey"] = "k" },
		"online":          func(p map[string]any) { p["timeouts"] = map[string]any{"online": "0s"} },
		"listMaxAge":      func(p map[string]any) { p["offline"] = map[string]any{"listMaxAge": 48} },
		"maxGuests":       func(p map[string]any) { p["offline"] = map[string]any{"maxGuests": -1} },
		"maxPending":      func(p map[string]any) { p["offline"] = map[string]any{"maxPending": 0} },
		"perCardPerDay":   func(p map[string]any) { p["offline"] = map[string]any{"perCardPerDay": 1.5} },
		"allowForce":      func(p map[string]any) { p["offline"] = map[string]any{"allowForce": "yes"} },
	} {
		_, err := mobile.Open(parameters(t, w, change), nil)
		require.Equal(t, "invalid_config", mobile.ErrorCode(err), key)
		require.ErrorContains(t, err, key)
		require.NotContains(t, err.Error(), secret)
	}
	twice := strings.Replace(parameters(t, w, nil), "{", `{"dataDir":"elsewhere",`, 1)
	for _, text := range []string{"", "{", "[]", "null", parameters(t, w, nil) + "x", twice} {
		_, err := mobile.Open(text, nil)
		require.Equal(t, "invalid_config", mobile.ErrorCode(err), "%.10s", text)
	}
}

func TestCallsOfAClosedTerminal(t *testing.T) {
	t.Parallel()
	terminal, err := mobile.Open(parameters(t, world(t), nil), nil)
	require.NoError(t, err)
	require.NoError(t, terminal.Close())
	require.NoError(t, terminal.Close(), "a second Close does nothing")
	_, err = terminal.Status()
	require.Equal(t, "closed", mobile.ErrorCode(err))
	_, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"5555555555554444"}`))
	require.Equal(t, "closed", mobile.ErrorCode(err))
}

func TestOneFolderOneTerminal(t *testing.T) {
	t.Parallel()
	p := parameters(t, world(t), nil)
	first, err := mobile.Open(p, nil)
	require.NoError(t, err)
	_, err = mobile.Open(p, nil)
	require.Equal(t, "data_dir_locked", mobile.ErrorCode(err))
	require.NoError(t, first.Close())
	again, err := mobile.Open(p, nil)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestCancelEndsACallAndCloseWaitsForIt(t *testing.T) {
	t.Parallel()
	w := world(t)
	terminal, err := mobile.Open(parameters(t, w, nil), nil)
	require.NoError(t, err)
	require.NoError(t, w.Admin(t.Context(), "POST", "/admin/api/faults", map[string]any{"kind": "latency", "latencyMs": 60_000}, nil))
	op := mobile.NewOp()
	done := make(chan error, 1)
	go func() {
		_, err := terminal.Pair(op, "12345678")
		done <- err
	}()
	var twice sync.WaitGroup
	for range 2 {
		twice.Go(op.Cancel)
	}
	twice.Wait()
	require.Equal(t, "cancelled", mobile.ErrorCode(<-done))
	_, err = terminal.Pair(op, "12345678")
	require.Equal(t, "cancelled", mobile.ErrorCode(err), "a cancelled Op cancels later calls too")

	go func() {
		_, err := terminal.Pair(nil, "12345678")
		done <- err
	}()
	require.NoError(t, terminal.Close())
	require.Contains(t, []string{"closed", "cancelled"}, mobile.ErrorCode(<-done))
}

func TestTheCardIsCleared(t *testing.T) {
	t.Parallel()
	terminal, err := mobile.Open(parameters(t, world(t), nil), nil)
	require.NoError(t, err)
	card := []byte(`{"v":1,"pan":"5555555555554444"}`)
	_, err = terminal.CheckEntry(nil, card)
	require.Equal(t, "not_paired", mobile.ErrorCode(err))
	require.Equal(t, strings.Repeat("\x00", len(card)), string(card))
	require.NoError(t, terminal.Close())
}

func TestErrorInfo(t *testing.T) {
	t.Parallel()
	require.Empty(t, mobile.ErrorInfo(nil))
	require.Empty(t, mobile.ErrorCode(nil))
	require.Equal(t, "internal", mobile.ErrorCode(errors.New("somebody else's")))
	_, err := mobile.Open("", nil)
	var info map[string]any
	require.NoError(t, json.Unmarshal([]byte(mobile.ErrorInfo(err)), &info))
	require.Equal(t, float64(1), info["v"])
	require.Equal(t, "invalid_config", info["code"])
	require.Equal(t, "developer", info["actor"])
	require.Equal(t, false, info["retryable"])
	require.Equal(t, "fault.invalid_config", info["i18nKey"])
}
