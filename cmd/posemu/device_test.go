package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// A parameters file that init wrote makes a terminal that is a device too.
func TestTheDevicesCommandsWithTheFileOfInit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	envFile, config := filepath.Join(dir, "env.json"), filepath.Join(dir, "terminal.json")
	world, err := emulator.Start(t.Context(), emulator.Options{EnvFile: envFile, StateDir: filepath.Join(dir, "state")})
	require.NoError(t, err)
	t.Cleanup(func() { _ = world.Close() })
	terminal := func(args ...string) map[string]any {
		t.Helper()
		exit, answer := command(t, append([]string{"terminal", "--config", config, "--json"}, args...)...)
		require.Zero(t, exit, answer)
		return answer
	}
	terminal("init", "--env", envFile, "--sn", "SN-D")
	var parameters struct{ Device map[string]string }
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &parameters))
	env := world.Env().MPAC
	require.Equal(t, []string{env.URL, env.WSURL, env.Issuer},
		[]string{parameters.Device["baseUrl"], parameters.Device["wsUrl"], parameters.Device["audience"]})

	code := terminal("activate")["activationCode"]
	require.NoError(t, world.Admin(t.Context(), http.MethodPost, "/admin/api/mpac/activate",
		map[string]any{"activationCode": code, "merchantId": 1, "storeId": 1}, nil))
	require.Equal(t, "active", terminal("activate", "--wait", "20s")["status"])
	require.Equal(t, "********", terminal("token")["accessToken"])

	var stdout, stderr bytes.Buffer
	body := `{"order_type":"takeaway","items":[{"sequence":1,"item_name":"Tea","quantity":1,"unit_price":380,"subtotal":380}]}`
	exit := run([]string{"terminal", "--config", config, "call", "POST", "/api/v1/orders", "--body", "-", "--key", "k-1"}, strings.NewReader(body), &stdout, &stderr)
	require.Zero(t, exit, stderr.String())
	require.Contains(t, stdout.String(), "status: 201\n")
	require.Contains(t, stdout.String(), "idempotencyKey: k-1\n")

	for _, args := range [][]string{
		{"call", "POST"}, {"call", "POST", "/x", "--nonsense"}, {"activate", "--wait", "soon"}, {"activate", "--wait", "-1s"}, {"token", "more"}, {"resolve"},
	} {
		require.Equal(t, exitUsage, run(append([]string{"terminal", "--config", config}, args...), strings.NewReader(""), &stdout, &stderr), args)
	}
	for want, args := range map[string][]string{
		"not_found":       {"resolve", "k-1"},
		"invalid_request": {"call", "POST", "/api/v1/orders", "--body", filepath.Join(dir, "nowhere.json")},
	} {
		exit, answer := command(t, append([]string{"terminal", "--config", config, "--json"}, args...)...)
		require.Equal(t, exitFailed, exit)
		require.Equal(t, want, answer["error"].(map[string]any)["code"])
	}
}
