package emulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

const lists = "/pos/whitelisted_pans"

func addFault(t *testing.T, w *emulator.World, fault map[string]any) {
	t.Helper()
	var out struct{ ID string }
	admin(t, w, http.MethodPost, "/admin/api/faults", fault, &out)
	require.NotEmpty(t, out.ID)
}

func TestFaultKinds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fault  map[string]any
		verify func(t *testing.T, r reply, err error)
		done   bool // the confirm was processed
	}{
		{name: "refuse", fault: map[string]any{"kind": "refuse"}, verify: func(t *testing.T, _ reply, err error) {
			t.Helper()
			require.Error(t, err)
		}},
		{name: "latency", fault: map[string]any{"kind": "latency", "latencyMs": 50}, done: true, verify: func(t *testing.T, r reply, err error) {
			t.Helper()
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, r.status)
		}},
		{name: "status", fault: map[string]any{"kind": "status", "status": 502, "body": "<html>"}, verify: func(t *testing.T, r reply, err error) {
			t.Helper()
			require.NoError(t, err)
			require.Equal(t, 502, r.status)
			require.Equal(t, "<html>", r.text)
		}},
		{name: "reset", fault: map[string]any{"kind": "reset"}, verify: func(t *testing.T, _ reply, err error) {
			t.Helper()
			require.ErrorIs(t, err, syscall.ECONNRESET)
		}},
		{name: "cut", fault: map[string]any{"kind": "cut", "bytes": 5}, done: true, verify: func(t *testing.T, r reply, err error) {
			t.Helper()
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.LessOrEqual(t, len(r.text), 5)
		}},
		{name: "drop_answer", fault: map[string]any{"kind": "drop_answer"}, done: true, verify: func(t *testing.T, _ reply, err error) {
			t.Helper()
			require.ErrorIs(t, err, syscall.ECONNRESET)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, emulator.Options{})
			p := paired(t, w, "SN-1")
			id := p.allowed("5555555555554444")
			tt.fault["times"] = 1
			addFault(t, w, tt.fault)
			r, err := p.try(http.MethodPost, "/pos/confirm_entry", map[string]any{"accessId": id, "guests": 1})
			tt.verify(t, r, err)
			want := 0
			if tt.done {
				want = 1
			}
			require.Len(t, entries(t, w), want, "processed")
			require.Equal(t, http.StatusOK, p.confirm(id, 1).status, "it was asked for once")
		})
	}
}

func TestLatencyDoesNotHoldUpClose(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := paired(t, w, "SN-1")
	addFault(t, w, map[string]any{"kind": "latency", "latencyMs": 60_000})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = p.try(http.MethodGet, lists, nil) // answered or not, it has to end
	}()
	require.Eventually(t, func() bool {
		var out struct{ Faults []map[string]any }
		return w.Admin(context.Background(), http.MethodGet, "/admin/api/faults", nil, &out) == nil && len(out.Faults) == 1
	}, 5*time.Second, 10*time.Millisecond)
	began := time.Now()
	require.NoError(t, w.Close())
	require.Less(t, time.Since(began), 5*time.Second)
	<-ended
}

func TestWhitelistGeneratedIsDeterministicAndDescribed(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := paired(t, w, "SN-1")
	get := func(seed int) (map[string]bool, reply) {
		admin(t, w, http.MethodPut, "/admin/api/whitelist", map[string]any{"generate": map[string]any{"count": 5000, "seed": seed}}, nil)
		r := p.call(http.MethodGet, lists, nil)
		var body struct {
			Count  int
			Hashes []string
		}
		require.NoError(t, json.Unmarshal([]byte(r.text), &body))
		require.Equal(t, 5000, body.Count)
		require.Less(t, strings.Index(r.text, `"count"`), strings.Index(r.text, `"hashes"`))
		set := map[string]bool{}
		for _, h := range body.Hashes {
			require.Len(t, h, 64)
			set[h] = true
		}
		require.Len(t, set, 5000)
		return set, r
	}
	one, r := get(1)
	again, _ := get(1)
	require.Equal(t, one, again)
	two, last := get(2)
	for h := range two {
		require.False(t, one[h], "seeds share a hash")
	}
	require.NotEqual(t, r.header.Get("Etag"), last.header.Get("Etag"))
	header := http.Header{"Authorization": {"Bearer " + p.token("", "")}, "If-None-Match": {last.header.Get("Etag")}}
	same := p.must(p.send(http.MethodGet, lists, nil, header))
	require.Equal(t, http.StatusNotModified, same.status)
	require.Empty(t, same.text)
}

func TestJournalHidesSecrets(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := register(t, w, "SN-1", "Gate 1")
	code := p.code()
	p.pair(other(code), p.spki())
	p.must(p.send(http.MethodPost, "/pos/pair", `{"serialNumber":"SN-1","extra":"`+code+`","pairingCode":`+code+`}`, nil))
	p.pair(code, p.spki())
	secrets := []string{code, other(code), w.Env().Admin.Token, w.Env().MACS.WhitelistSecret}
	for _, form := range []string{
		"5555555555554444", "5555 5555 5555 4444", "5555-5555-5555-4444", "5555.5555.5555.4444", "0005555555555554444000",
		`\u0035555555555554444`, "５５５５５５５５５５５５４４４４", "%35555555555554444",
	} {
		p.call(http.MethodPost, "/pos/check_entry", `{"pan":"`+form+`"}`)
		p.call(http.MethodPost, "/pos/check_entry", `{"note":"x `+form+` y"}`)
		p.call(http.MethodPost, "/pos/check_entry", strings.Repeat(" ", 4090)+form)
		secrets = append(secrets, form)
	}
	p.call(http.MethodGet, "/pos/5555555555554444", nil)
	token := p.token("", "")
	p.call(http.MethodPost, "/pos/check_entry", map[string]any{"note": token, "word": w.Env().MACS.WhitelistSecret, "admin": w.Env().Admin.Token})
	secrets = append(secrets, "555555555554444", strings.Split(token, ".")[2])
	var out struct{ Requests []json.RawMessage }
	admin(t, w, http.MethodGet, "/admin/api/requests", nil, &out)
	require.Greater(t, len(out.Requests), 20)
	for _, row := range out.Requests {
		for _, secret := range secrets {
			require.NotContains(t, string(row), secret)
		}
	}
}

func TestJournalKeepsNoWhitelist(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := paired(t, w, "SN-1")
	hash := strings.Repeat("ab", 32)
	admin(t, w, http.MethodPut, "/admin/api/whitelist", map[string]any{"hashes": []string{hash}}, nil)
	require.Contains(t, p.call(http.MethodGet, lists, nil).text, hash)
	var out struct{ Requests []json.RawMessage }
	admin(t, w, http.MethodGet, "/admin/api/requests", nil, &out)
	for _, row := range out.Requests {
		require.NotContains(t, string(row), hash)
	}
}

func TestJournalNamesUUIDs(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := paired(t, w, "SN-1")
	const id = "12345678-1234-4234-8234-123456789abc" // digits enough for a card number
	p.check("5300000000000006", map[string]any{"requestId": id})
	var out struct{ Requests []json.RawMessage }
	admin(t, w, http.MethodGet, "/admin/api/requests", nil, &out)
	require.Contains(t, string(out.Requests[len(out.Requests)-1]), id)
}

// Not parallel: the ports it comes back to must not be taken meanwhile by another world of these tests.
func TestRestartKeepsEverything(t *testing.T) {
	o := emulator.Options{StateDir: filepath.Join(t.TempDir(), "state"), EnvFile: filepath.Join(t.TempDir(), "env.json")}
	w := start(t, o)
	p := paired(t, w, "SN-1")
	unpaired := register(t, w, "SN-2", "Gate 2")
	code := unpaired.code()
	id := p.allowed("5555555555554444")
	addFault(t, w, map[string]any{"kind": "status", "status": 503})
	p.later(time.Hour)
	env := w.Env()
	_, err := emulator.Start(context.Background(), o)
	require.Error(t, err, "a second server on the state")
	require.NoError(t, w.Close())

	w = start(t, o)
	require.Equal(t, env, w.Env())
	p = known(t, w, "SN-1", 0)
	require.Equal(t, http.StatusOK, p.confirm(id, 2).status, "no fault, the right clock, the open access")
	unpaired = known(t, w, "SN-2", 0)
	require.Equal(t, http.StatusOK, unpaired.pair(code, unpaired.spki()).status)

	info, err := os.Stat(o.EnvFile)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, filepath.WalkDir(o.StateDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		require.Zero(t, info.Mode().Perm()&0o077, "%s is open to others", path)
		if entry.IsDir() {
			return nil
		}
		content, err := os.ReadFile(path)
		require.NotContains(t, string(content), "5555555555554444", path)
		return err
	}))
}

// TestKilledServer is the process that TestKillLosesNothing kills.
func TestKilledServer(t *testing.T) {
	dir := os.Getenv("EMULATOR_KILLED_STATE")
	if dir == "" {
		return // only a process of TestKillLosesNothing runs it
	}
	start(t, emulator.Options{StateDir: dir, EnvFile: filepath.Join(dir, "env.json")})
	select {}
}

// Not parallel: the ports it comes back to must not be taken meanwhile by another world of these tests.
func TestKillLosesNothing(t *testing.T) {
	dir := t.TempDir()
	w := start(t, emulator.Options{StateDir: dir})
	paired(t, w, "SN-1")
	require.NoError(t, w.Close())

	// The ports stay, so the closed world still knows where its successor is.
	cmd := exec.CommandContext(context.Background(), os.Args[0], "-test.run=^TestKilledServer$")
	cmd.Env = append(os.Environ(), "EMULATOR_KILLED_STATE="+dir)
	require.NoError(t, cmd.Start())
	p := known(t, w, "SN-1", 0)
	require.Eventually(t, func() bool {
		_, err := p.try(http.MethodGet, lists, nil)
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	id := p.allowed("5555555555554444")
	require.Equal(t, http.StatusOK, p.confirm(id, 1).status)
	offline := uuid.NewString()
	row := map[string]any{"entryId": offline, "panHash": strings.Repeat("a", 64), "guests": 0, "reason": "BIN_RANGE", "occurredAt": "2026-01-28T10:00:00Z"}
	require.Equal(t, http.StatusOK, p.call(http.MethodPost, "/pos/offline_reports", map[string]any{"entries": []any{row}}).status)
	require.NoError(t, cmd.Process.Kill())
	var exit *exec.ExitError
	require.True(t, errors.As(cmd.Wait(), &exit))

	rows := entries(t, start(t, emulator.Options{StateDir: dir}))
	require.Len(t, rows, 2)
	require.ElementsMatch(t, []any{id, offline}, []any{rows[0]["entryId"], rows[1]["entryId"]})
}
