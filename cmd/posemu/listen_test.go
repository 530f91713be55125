package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// listening runs listen to its end: exit status, and the objects of standard output, one a line.
func listening(t *testing.T, config string, args ...string) (int, []map[string]any) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit := run(append([]string{"terminal", "--config", config, "--json", "listen"}, args...), strings.NewReader(""), &stdout, &stderr)
	require.Empty(t, stderr.String())
	var objects []map[string]any
	for line := range strings.Lines(stdout.String()) {
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &object), line)
		require.EqualValues(t, 1, object["v"])
		objects = append(objects, object)
	}
	return exit, objects
}

func TestListen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	envFile, config := filepath.Join(dir, "env.json"), filepath.Join(dir, "terminal.json")
	world, err := emulator.Start(t.Context(), emulator.Options{EnvFile: envFile})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	admin := func(method, path string, body any) {
		t.Helper()
		require.NoError(t, world.Admin(t.Context(), method, "/admin/api/mpac"+path, body, nil))
	}
	push := func(n int) {
		t.Helper()
		for range n {
			admin(http.MethodPost, "/devices/SN-L/events", map[string]any{"event": "order.updated", "payload": map[string]any{"text": "a\nb ä€😀"}})
		}
	}
	_, _ = command(t, "terminal", "--config", config, "--json", "init", "--env", envFile, "--sn", "SN-L")
	exit, objects := listening(t, config)
	require.Equal(t, exitFailed, exit)
	require.Equal(t, "not_activated", objects[0]["error"].(map[string]any)["code"])

	_, answer := command(t, "terminal", "--config", config, "--json", "activate")
	admin(http.MethodPost, "/activate", map[string]any{"activationCode": answer["activationCode"], "merchantId": 1, "storeId": 1})
	_, _ = command(t, "terminal", "--config", config, "--json", "activate", "--wait", "20s")

	push(5)
	exit, objects = listening(t, config, "--count", "2", "--timeout", "30s")
	require.Zero(t, exit)
	require.Equal(t, []any{"online", "event", "event"}, []any{objects[0]["kind"], objects[1]["kind"], objects[2]["kind"]})
	require.Len(t, objects, 3, "after N events nothing more is printed")
	require.EqualValues(t, 2, objects[2]["seq"])
	require.Equal(t, map[string]any{"text": "a\nb ä€😀"}, objects[2]["payload"])

	exit, objects = listening(t, config, "--count", "3", "--timeout", "30s")
	require.Zero(t, exit)
	require.EqualValues(t, 3, objects[1]["seq"], "it goes on where the last one ended")
	require.EqualValues(t, 5, objects[3]["seq"])

	began := time.Now()
	exit, objects = listening(t, config, "--timeout", "300ms")
	require.Zero(t, exit, "nothing was asked for")
	require.Less(t, time.Since(began), 5*time.Second)
	require.Len(t, objects, 1)
	exit, objects = listening(t, config, "--timeout", "300ms", "--count", "1")
	require.Equal(t, exitFailed, exit)
	require.Equal(t, "timeout", objects[len(objects)-1]["error"].(map[string]any)["code"])

	push(1)
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"terminal", "--config", config, "listen", "--count", "1"}, strings.NewReader(""), &stdout, &stderr))
	require.Equal(t, "online\n6 order.updated {\"text\":\"a\\nb ä€😀\"}\n", stdout.String(), "for people")

	time.AfterFunc(300*time.Millisecond, func() {
		_ = world.Admin(t.Context(), http.MethodPut, "/admin/api/mpac/devices/SN-L/status", map[string]any{"status": "suspended"}, nil)
	})
	exit, objects = listening(t, config)
	require.Equal(t, exitFailed, exit)
	last := objects[len(objects)-2:]
	require.Equal(t, []any{"offline", "device_suspended", true}, []any{last[0]["kind"], last[0]["code"], last[0]["final"]})
	require.Equal(t, "device_suspended", last[1]["error"].(map[string]any)["code"])

	for _, args := range [][]string{{"--count", "-1"}, {"--timeout", "-1s"}, {"--timeout", "soon"}, {"more"}} {
		require.Equal(t, exitUsage, run(append([]string{"terminal", "--config", config, "listen"}, args...), strings.NewReader(""), &stdout, &stderr), args)
	}
}

// A reader that went away ends listen, and what it did not take waits for the next.
func TestListenToABrokenPipe(t *testing.T) {
	t.Parallel()
	p := &noticePrinter{out: brokenPipe{}, json: true, done: make(chan error, 1)}
	require.Error(t, p.Receive(`{"v":1,"kind":"event","id":"E1","seq":1}`))
	require.ErrorContains(t, <-p.done, "gone")
	require.Error(t, p.Receive(`{"v":1,"kind":"event","id":"E2","seq":2}`))
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("the reader is gone") }
