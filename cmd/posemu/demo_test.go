package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// TestMain lets the test binary be the processes that tests kill.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "demo-child" || os.Args[1] == "serve") {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	children := map[string]func(config string) error{
		killChild: enterUntilKilled, killDeviceChild: orderUntilKilled, cardKillChild: payByCardUntilKilled, qrKillChild: payByQRUntilKilled,
	}
	if len(os.Args) > 2 && children[os.Args[1]] != nil {
		if err := children[os.Args[1]](os.Args[2]); err != nil {
			fmt.Println("failed:" + strings.ReplaceAll(err.Error(), " ", "_"))
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// startChild starts one of the processes that tests kill, and gives what it says.
func startChild(t *testing.T, name, config string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], name, config) //nolint:gosec // this test binary.
	said, err := child.StdoutPipe()
	require.NoError(t, err)
	child.Stderr = os.Stderr
	require.NoError(t, child.Start())
	return child, bufio.NewScanner(said)
}

// TestDemo: the whole journey through the facade against the emulator, its kill included.
func TestDemo(t *testing.T) {
	var out, errs bytes.Buffer
	require.Equal(t, exitDone, run([]string{"demo"}, strings.NewReader(""), &out, &errs), "%s%s", &out, &errs)
	require.Regexp(t, regexp.MustCompile(`(?m)^[0-9]+ passed, 0 failed$`), out.String())
}

// TestUsage: exit 2 and nothing opened for what cannot be understood.
func TestUsage(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "none.json")
	for name, args := range map[string][]string{
		"no command":          {},
		"unknown command":     {"fly"},
		"no terminal command": {"terminal", "--config", config},
		"no config":           {"terminal", "status"},
		"unknown flag":        {"terminal", "--config", config, "status", "--colour"},
		"no code":             {"terminal", "--config", config, "pair"},
		"bad mode":            {"terminal", "--config", config, "check", cardOnline, "--mode", "maybe"},
		"bad service":         {"terminal", "--config", config, "check", cardOnline, "--service", "BAR"},
		"month 13":            {"terminal", "--config", config, "check", cardOnline, "--expiry", "2913"},
		"bad clock offset":    {"terminal", "--config", config, "--clock-offset", "soon", "status"},
		"no guests":           {"terminal", "--config", config, "confirm", "x"},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, exitUsage, run(args, strings.NewReader(""), &out, &errs), name)
		require.Empty(t, out.String(), name)
		require.NotEmpty(t, errs.String(), name)
	}
}

// TestCanaries: PAN, pairing code and whitelist secret stand in no file of the data folder and in no output.
func TestCanaries(t *testing.T) {
	t.Parallel()
	world, err := emulator.Start(t.Context(), emulator.Options{EnvFile: filepath.Join(t.TempDir(), "env.json")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	dir := t.TempDir()
	env := filepath.Join(dir, "env.json")
	require.NoError(t, os.WriteFile(env, []byte(`{"caFile":"`+world.Env().CAFile+`","macs":{"url":"`+world.Env().MACS.URL+`","whitelistSecret":"`+world.Env().MACS.WhitelistSecret+`"}}`), 0o600))
	config := filepath.Join(dir, "terminal.json")
	var printed bytes.Buffer
	terminal := func(want int, stdin string, args ...string) string {
		var out bytes.Buffer
		got := run(append([]string{"terminal", "--config", config, "--json"}, args...), strings.NewReader(stdin), &out, &printed)
		require.Equal(t, want, got, "%v: %s", args, &out)
		printed.Write(out.Bytes())
		return out.String()
	}
	terminal(exitDone, "", "init", "--env", env, "--sn", "SN-C", "--data-dir", filepath.Join(dir, "data"))
	require.NoError(t, world.Admin(t.Context(), "POST", "/admin/api/terminals", map[string]string{"serialNumber": "SN-C", "location": "L"}, nil))
	var code struct {
		Code string `json:"code"`
	}
	require.NoError(t, world.Admin(t.Context(), "POST", "/admin/api/terminals/SN-C/pairing-code", nil, &code))
	require.NoError(t, world.Admin(t.Context(), "PUT", "/admin/api/whitelist", map[string]any{"pans": []string{cardListed}}, nil))
	terminal(exitDone, code.Code+"\n", "pair", "-")
	terminal(exitDone, "", "sync")
	terminal(exitDone, cardOnline+"\n", "check", "-")
	terminal(exitDone, cardUnknown, "check", "-")
	offline := terminal(exitDone, cardListed, "check", "-", "--mode", "force-offline")
	id := regexp.MustCompile(`"accessId":"([^"]+)"`).FindStringSubmatch(offline)
	require.Len(t, id, 2, offline)
	terminal(exitDone, "", "confirm", id[1], "--guests", "1")
	terminal(exitFailed, cardListed[:15]+"9", "check", "-")
	terminal(exitFailed, "", "confirm", "nobody", "--guests", "1")
	terminal(exitDone, "", "readiness")
	canaries := []string{cardOnline, cardUnknown, cardListed, code.Code, world.Env().MACS.WhitelistSecret, "eyJ"}
	for _, canary := range canaries {
		require.NotContains(t, printed.String(), canary)
	}
	require.NoError(t, filepath.WalkDir(filepath.Join(dir, "data"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, canary := range canaries[:5] {
			require.NotContains(t, string(content), canary, filepath.Base(path))
		}
		return err
	}))
	terminal(exitDone, "", "upload")
}
