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

const cliSN = "SN-CLI"

// desk is a terminal at the command line, beside an emulator.
type desk struct {
	t      *testing.T
	world  *emulator.World
	config string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	env := filepath.Join(t.TempDir(), "env.json")
	world, err := emulator.Start(t.Context(), emulator.Options{EnvFile: env})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	d := &desk{t: t, world: world, config: filepath.Join(t.TempDir(), "terminal.json")}
	d.admin(http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": cliSN, "location": "Gate"}, nil)
	require.Equal(t, d.config, d.json(exitDone, "init", "--env", env, "--sn", cliSN)["config"])
	return d
}

func (d *desk) admin(method, path string, in, out any) {
	d.t.Helper()
	require.NoError(d.t, d.world.Admin(d.t.Context(), method, path, in, out))
}

func (d *desk) run(want int, args ...string) (stdout, stderr string) {
	d.t.Helper()
	var out, errs bytes.Buffer
	got := run(append([]string{"terminal", "--config", d.config}, args...), strings.NewReader(""), &out, &errs)
	require.Equal(d.t, want, got, "%v: %s%s", args, &out, &errs)
	return out.String(), errs.String()
}

// json runs a command with --json: one object with "v":1 on standard output and nothing else.
func (d *desk) json(want int, args ...string) map[string]any {
	d.t.Helper()
	text, _ := d.run(want, append([]string{"--json"}, args...)...)
	decoder := json.NewDecoder(strings.NewReader(text))
	var value map[string]any
	require.NoError(d.t, decoder.Decode(&value), text)
	require.False(d.t, decoder.More(), text)
	require.InDelta(d.t, 1, value["v"], 0)
	return value
}

func (d *desk) fails(code string, args ...string) {
	d.t.Helper()
	value := d.json(exitFailed, args...)["error"].(map[string]any)
	require.Equal(d.t, code, value["code"])
	require.ElementsMatch(d.t, []string{"v", "code", "message", "text", "i18nKey", "actor", "retryable", "needsNetwork"}, keys(value))
}

func keys(value map[string]any) []string {
	var names []string
	for name := range value {
		names = append(names, name)
	}
	return names
}

// has says that an answer has the keys of its vector, which is what apps get.
func (d *desk) has(vector string, value map[string]any) map[string]any {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "mobile", "testdata", "vectors", vector+".json"))
	require.NoError(d.t, err)
	var want map[string]any
	require.NoError(d.t, json.Unmarshal(text, &want))
	require.ElementsMatch(d.t, keys(want), keys(value), vector)
	return value
}

// Every command of the terminal, in the order of a day, by script.
func TestTheDayOfATerminal(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	info, err := os.Stat(d.config)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "it holds the secret")
	require.Equal(t, "unpaired", d.has("status-unpaired", d.entryStatus())["state"])
	d.fails("not_paired", "check", cardOnline)
	d.fails("not_paired", "sync")
	d.fails("invalid_code", "pair", "1234")
	d.fails("pairing_code_rejected", "pair", "00000000")
	require.Equal(t, false, d.has("readiness", d.json(exitDone, "readiness"))["ready"])

	var code struct{ Code string }
	d.admin(http.MethodPost, "/admin/api/terminals/"+cliSN+"/pairing-code", nil, &code)
	d.admin(http.MethodPut, "/admin/api/whitelist", map[string]any{"pans": []string{cardListed}}, nil)
	d.has("pair", d.json(exitDone, "pair", code.Code))
	d.fails("already_paired", "pair", code.Code)
	require.Equal(t, true, d.has("sync", d.json(exitDone, "sync"))["changed"])
	require.Equal(t, false, d.json(exitDone, "sync")["changed"])
	due := d.has("run-due-nothing", d.json(exitDone, "run-due"))
	require.Nil(t, due["sync"])
	require.Nil(t, due["upload"])

	allowed := d.has("verdict-allowed-online", d.json(exitDone, "check", cardOnline, "--expiry", "2912", "--service", "LOUNGE"))
	id := allowed["accessId"].(string)
	d.fails("invalid_guests", "confirm", id, "--guests", "4")
	require.Equal(t, "confirmed", d.has("confirm-confirmed", d.json(exitDone, "confirm", id, "--guests", "3"))["outcome"])
	d.fails("already_confirmed", "confirm", id, "--guests", "2")
	d.fails("already_reported", "void", id)
	d.has("verdict-denied-online", d.json(exitDone, "check", "5200000000000015"))

	var fault struct{ ID string }
	d.admin(http.MethodPost, "/admin/api/faults", map[string]string{"kind": "refuse"}, &fault)
	d.has("verdict-unknown", d.json(exitDone, "check", cardListed, "--mode", "require-online"))
	d.has("verdict-allowed-offline", mustNotBeOld(d.json(exitDone, "check", cardListed)))
	d.fails("network_unavailable", "sync")
	first := d.json(exitDone, "check", cardListed)["accessId"].(string)
	second := d.json(exitDone, "check", cardListed, "--mode", "force-offline")["accessId"].(string)
	d.has("confirm-confirmed", d.json(exitDone, "confirm", first, "--guests", "1"))
	d.has("void", d.json(exitDone, "void", second))
	d.fails("access_not_found", "confirm", second, "--guests", "1")
	require.InDelta(t, 1, d.has("status", d.entryStatus())["pending"], 0)
	file := filepath.Join(t.TempDir(), "export.json")
	require.InDelta(t, 1, d.has("export", d.json(exitDone, "export", file))["entries"], 0)
	require.FileExists(t, file)
	d.fails("invalid_request", "export", t.TempDir())

	require.Equal(t, "list_stale", d.json(exitDone, "--clock-offset", "50h", "check", cardListed)["reason"])

	d.admin(http.MethodDelete, "/admin/api/faults/"+fault.ID, nil, nil)
	require.InDelta(t, 1, d.has("upload", d.json(exitDone, "upload"))["uploaded"], 0)
	d.fails("already_reported", "void", first)
	require.Equal(t, true, d.json(exitDone, "status")["safeToWipe"])
	d.has("unpair", d.json(exitDone, "unpair"))
	d.fails("invalid_config", "--config", filepath.Join(t.TempDir(), "none.json"), "status")
}

// entryStatus is the status without what init's device adds.
func (d *desk) entryStatus() map[string]any {
	d.t.Helper()
	status := d.json(exitDone, "status")
	for _, name := range []string{"activation", "unknownCalls", "unknownCards", "unrecordedCards"} {
		require.Contains(d.t, status, name)
		delete(status, name)
	}
	return status
}

// mustNotBeOld drops nothing; the vector of an offline verdict shows an old list, which a fresh one has not.
func mustNotBeOld(verdict map[string]any) map[string]any {
	if _, old := verdict["listOld"]; !old {
		verdict["listOld"] = false
	}
	return verdict
}

// For people the same answers are lines; failures are words, with what to do, on standard error.
func TestWhatPeopleRead(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var code struct{ Code string }
	d.admin(http.MethodPost, "/admin/api/terminals/"+cliSN+"/pairing-code", nil, &code)
	_, words := d.run(exitFailed, "check", cardOnline)
	require.Contains(t, words, "Pair it with a code from the admin panel.")
	lines, _ := d.run(exitDone, "pair", code.Code)
	require.Contains(t, lines, "status: paired\n")
	lines, _ = d.run(exitDone, "readiness")
	require.Contains(t, lines, "finding:\n  code: paired\n  severity: ok\n")
	_, _ = d.run(exitDone, "sync")
	lines, _ = d.run(exitDone, "run-due")
	require.Contains(t, lines, "sync: –\nupload: –\n")
	lines, _ = d.run(exitDone, "check", cardOnline)
	require.Contains(t, lines, "outcome: allowed\n")
	require.NotContains(t, lines, "v: 1")
}

// A card number that was mistyped as a flag or a command is not repeated.
func TestUsageErrorsRepeatNoCardNumber(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, args := range [][]string{{"check", "-" + cardOnline}, {cardOnline}, {"check", "--pan=" + cardOnline}, {"check", cardOnline, "5555 5555 5555 4444"}} {
		out, errs := d.run(exitUsage, args...)
		require.NotContains(t, out+errs, cardOnline[:8])
		require.NotContains(t, out+errs, "5555 5555")
	}
}
