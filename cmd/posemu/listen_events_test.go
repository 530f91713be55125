package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

const (
	integratorKey    = "INT-0001"
	integratorSecret = "integrator-secret-äöü-0123456789"
)

func secretFile(t *testing.T, secret string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(name, []byte(secret+"\n"), mode))
	return name
}

func TestUsageOfListenEvents(t *testing.T) {
	t.Parallel()
	good := secretFile(t, integratorSecret, 0o600)
	for want, args := range map[string][]string{
		"--key-id":        {"--secret-file", good},
		"--allow":         {"--secret-file", good, "--key-id", "K", "--allow", "everyone"},
		"--rsa":           {"--secret-file", good, "--key-id", "K", "--rsa", "none"},
		"--aes":           {"--secret-file", good, "--key-id", "K", "--aes", "ecb"},
		"--count":         {"--secret-file", good, "--key-id", "K", "--count", "-1"},
		"owner alone":     {"--secret-file", secretFile(t, integratorSecret, 0o644), "--key-id", "K"},
		"cannot be read":  {"--secret-file", "/nowhere", "--key-id", "K"},
		"unknown command": {"--secret-file", good, "--key-id", "K", "extra"},
		"without a zone":  {"--secret-file", good, "--key-id", "K", "--allow", "fe80::1%eth0"},
		"host:port":       {"--secret-file", good, "--key-id", "K", "--listen", "7000"},
		"unknown flag":    {"--secret", integratorSecret},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, exitUsage, run(append([]string{"listen-events"}, args...), nil, &out, &errs), want)
		require.Contains(t, errs.String(), want)
		require.Empty(t, out.String())
		require.NotContains(t, errs.String(), integratorSecret)
	}
	var out, errs bytes.Buffer
	require.Equal(t, exitFailed, run([]string{"listen-events", "--json", "--key-id", "K", "--secret-file", good, "--listen", "203.0.113.7:1"}, nil, &out, &errs))
	require.Contains(t, out.String(), `"code":"address_unavailable"`)
}

// eventLines is `posemu listen-events --json` under way.
type eventLines struct {
	t       *testing.T
	address string
	lines   *bufio.Scanner
	status  chan int
}

func listenForEvents(t *testing.T, args ...string) *eventLines {
	t.Helper()
	r, w := io.Pipe()
	l := &eventLines{t: t, lines: bufio.NewScanner(r), status: make(chan int, 1)}
	args = append([]string{"listen-events", "--json", "--key-id", integratorKey, "--timeout", "60s"}, args...)
	go func() {
		var errs bytes.Buffer
		l.status <- run(args, nil, w, &errs)
		_ = w.Close()
	}()
	l.address, _ = l.next("listening")["address"].(string)
	return l
}

// next is the next line of a kind.
func (l *eventLines) next(kind string) map[string]any {
	l.t.Helper()
	for l.lines.Scan() {
		var line map[string]any
		require.NoError(l.t, json.Unmarshal(l.lines.Bytes(), &line), l.lines.Text())
		require.InDelta(l.t, 1, line["v"], 0)
		if line["kind"] == kind {
			return line
		}
	}
	require.Fail(l.t, "the command ended", "no line %s", kind)
	return nil
}

func TestEventsThatDoNotComeAreAFailure(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	args := []string{"listen-events", "--json", "--key-id", "K", "--secret-file", secretFile(t, "s", 0o600), "--timeout", "10ms"}
	require.Equal(t, exitDone, run(args, nil, &out, &errs), "nothing was asked for")
	require.Equal(t, exitFailed, run(append(args, "--count", "1"), nil, &out, &errs))
	require.Contains(t, out.String(), `"code":"timeout"`)
}

func TestLinesForPeople(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := &eventPrinter{out: &out}
	require.NoError(t, p.Receive(`{"v":1,"kind":"event","peer":"127.0.0.1:5","connection":1,"msgId":"m","msgType":"create_order","data":{"n":1}}`))
	require.NoError(t, p.Receive(`{"v":1,"kind":"disconnected","peer":"127.0.0.1:5","connection":1}`))
	require.NoError(t, p.Receive(`{"v":1,"kind":"refused","peer":"127.0.0.1:5","connection":1,"code":"\u001b[2Jo\nno\u009b"}`))
	require.Equal(t, "event  127.0.0.1:5  create_order  m  {\"n\":1}\ndisconnected  127.0.0.1:5\nrefused  127.0.0.1:5      \ufffd[2Jo\ufffdno\ufffd\n", out.String())
}

// python finds an interpreter with the library that the independent peers need.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import cryptography").Run() == nil {
			return name
		}
	}
	require.Fail(t, "no Python with the package cryptography", "run scripts/setup.sh python")
	return ""
}

// forms runs a test for every form of encryption, and a secret that RSA has no room for.
func forms(t *testing.T, play func(t *testing.T, python, rsa, aes, secret string)) {
	t.Helper()
	interpreter := python(t)
	for _, rsa := range []string{"oaep-sha256", "oaep-sha1", "pkcs1"} {
		for _, aes := range []string{"cbc", "gcm"} {
			for form, secret := range map[string]string{"short": integratorSecret, "long": strings.Repeat("ß", 150)} {
				t.Run(rsa+" "+aes+" "+form, func(t *testing.T) {
					t.Parallel()
					play(t, interpreter, rsa, aes, secret)
				})
			}
		}
	}
}

const independentEvents = 20

// A POS written from the specification alone, in another language, feeds the library.
func TestAnIndependentPOSFeedsTheLibrary(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, python, rsa, aes, secret string) {
		l := listenForEvents(t, "--rsa", rsa, "--aes", aes, "--secret-file", secretFile(t, secret, 0o600), "--count", "20")
		cmd := exec.Command(python, "testdata/eventstream.py", "pos", l.address, rsa, aes, integratorKey, secret, "20")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		pipe, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		for n := range independentEvents {
			event := l.next("event")
			require.Equal(t, "create_order", event["msgType"])
			data := event["data"].(map[string]any)
			require.InDelta(t, n, data["n"], 0, "order of the events")
			require.Contains(t, data["items"].([]any)[0].(map[string]any)["name"], "コーヒー")
		}
		said, err := io.ReadAll(pipe)
		require.NoError(t, err)
		require.NoError(t, cmd.Wait(), errs.String())
		require.Equal(t, "20 acknowledged\n", string(said))
		for l.lines.Scan() {
			require.NotContains(t, l.lines.Text(), `"event"`, "nothing after --count")
		}
		require.Equal(t, exitDone, <-l.status)
	})
}

// A client application written from the specification alone, in another language, receives from the emulator.
func TestAnIndependentClientApplicationReceivesFromTheEmulator(t *testing.T) {
	t.Parallel()
	world, err := emulator.Start(t.Context(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	forms(t, func(t *testing.T, python, rsa, aes, secret string) {
		admin := func(path string, in any) {
			t.Helper()
			require.NoError(t, world.Admin(t.Context(), http.MethodPost, "/admin/api/posstream"+path, in, nil))
		}
		key, pos := "INT "+t.Name(), "POS "+rsa+aes+secret[:2]
		admin("/integrators", map[string]any{"keyId": key, "secretKey": secret})
		cmd := exec.Command(python, "testdata/eventstream.py", "client", rsa, aes, key, secret, "20")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		hold, err := cmd.StdinPipe()
		require.NoError(t, err)
		pipe, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(pipe)
		require.True(t, lines.Scan(), &errs)
		admin("/clients", map[string]any{"address": lines.Text(), "pos": pos, "rsa": rsa, "aes": aes, "reconnectSeconds": 60})
		for n := range independentEvents {
			admin("/events", map[string]any{"pos": pos, "type": "add_item", "data": map[string]any{"n": n, "name": "コーヒー"}})
		}
		for n := range independentEvents {
			require.True(t, lines.Scan(), &errs)
			require.JSONEq(t, fmt.Sprintf(`{"msgType":"add_item","data":{"n":%d,"name":"コーヒー"}}`, n), lines.Text())
		}
		require.Eventually(t, func() bool { return acknowledged(t, world, pos) == independentEvents }, 10*time.Second, 5*time.Millisecond)
		require.NoError(t, hold.Close())
		require.NoError(t, cmd.Wait(), errs.String())
	})
}

func acknowledged(t *testing.T, world *emulator.World, pos string) int {
	t.Helper()
	var listed struct {
		Clients []struct {
			POS          string
			Acknowledged int
		}
	}
	require.NoError(t, world.Admin(t.Context(), http.MethodGet, "/admin/api/posstream/clients", nil, &listed))
	for _, c := range listed.Clients {
		if c.POS == pos {
			return c.Acknowledged
		}
	}
	return 0
}
