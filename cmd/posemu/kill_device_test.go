package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

const (
	killDeviceChild = "kill-device-child"
	deviceKills     = 10 // make proof repeats them
	eventsPerKill   = 3
)

// killListener is a listener that prints "event SEQ" and then takes the event.
type killListener struct{}

// Receive prints an event.
func (killListener) Receive(text string) error {
	var n struct {
		Kind string
		Seq  int64
	}
	err := json.Unmarshal([]byte(text), &n)
	if n.Kind == "event" {
		fmt.Println("event", n.Seq)
	}
	return err
}

// orderUntilKilled is the process that is killed: it resolves what the one before left open, listens, and makes one order after the
// other. It prints "try KEY" before a call and "ack KEY" after its answer.
func orderUntilKilled(config string) error {
	text, err := os.ReadFile(config) //nolint:gosec // a test's own file.
	if err != nil {
		return err
	}
	terminal, err := mobile.Open(string(text), nil)
	if err != nil {
		return err
	}
	if err := errors.Join(terminal.Connect(killListener{}), resolveAll(terminal)); err != nil {
		return err
	}
	for {
		key := fmt.Sprintf("K%016x", rand.Uint64()) //nolint:gosec // names a call.
		fmt.Println("try", key)
		if _, err := terminal.Call(nil, "POST", "/api/v1/orders", orderOf(key), key); err != nil {
			return err
		}
		fmt.Println("ack", key)
	}
}

func orderOf(key string) []byte {
	return fmt.Appendf(nil, `{"order_type":"takeaway","items":[{"item_name":%q,"quantity":1,"unit_price":100}]}`, key)
}

func resolveAll(terminal *mobile.Terminal) error {
	text, err := terminal.Status()
	if err != nil {
		return err
	}
	var status struct {
		UnknownCalls []struct{ IdempotencyKey string }
	}
	if err := json.Unmarshal([]byte(text), &status); err != nil {
		return err
	}
	for _, call := range status.UnknownCalls {
		if _, err := terminal.ResolveCall(nil, call.IdempotencyKey); err != nil {
			return err
		}
	}
	return nil
}

// A device that is killed at any moment of its calls and its events: each order that was answered is there once, none is there twice,
// and each event was heard, in order and again only where a kill came between hearing and remembering.
func TestADeviceKilledAtAnyMoment(t *testing.T) {
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
	admin("PUT", "/settings", map[string]any{"ratePerMinute": 0, "tokenSeconds": 60})
	_, _ = command(t, "terminal", "--config", config, "--json", "init", "--env", envFile, "--sn", "SN-K", "--data-dir", filepath.Join(dir, "data"))
	_, code := command(t, "terminal", "--config", config, "--json", "activate")
	admin("POST", "/activate", map[string]any{"activationCode": code["activationCode"], "merchantId": 1, "storeId": 1})
	_, _ = command(t, "terminal", "--config", config, "--json", "activate", "--wait", "20s")

	tried, acknowledged := map[string]bool{}, map[string]bool{}
	heard := int64(0)
	for kill := range deviceKills {
		for range eventsPerKill {
			admin("POST", "/devices/SN-K/events", map[string]any{"event": "order.updated"})
		}
		first := true
		hear := func(seq int64) {
			require.True(t, seq == heard+1 || first && seq == heard, "event %d came after event %d", seq, heard)
			heard, first = seq, false
		}
		orderOnce(t, config, kill, tried, acknowledged, hear)
	}
	require.NotEmpty(t, acknowledged)
	for heard < deviceKills*eventsPerKill { // what the last one did not live to hear
		exit, objects := listening(t, config, "--count", "1", "--timeout", "20s")
		require.Zero(t, exit)
		seq := int64(objects[len(objects)-1]["seq"].(float64))
		require.True(t, seq == heard || seq == heard+1, "event %d came after event %d", seq, heard)
		heard = seq
	}
	_, status := command(t, "terminal", "--config", config, "--json", "status")
	for _, open := range status["unknownCalls"].([]any) {
		_, _ = command(t, "terminal", "--config", config, "--json", "resolve", open.(map[string]any)["idempotencyKey"].(string))
	}
	_, list := command(t, "terminal", "--config", config, "--json", "call", "GET", "/api/v1/orders?limit=1000")
	made := map[string]int{}
	for _, order := range list["body"].(map[string]any)["items"].([]any) {
		item := order.(map[string]any)["items"].([]any)[0].(map[string]any)
		made[item["item_name"].(string)]++
	}
	for key, n := range made {
		require.Equal(t, 1, n, "orders of one key")
		require.True(t, tried[key], "an order nobody tried")
	}
	for key := range acknowledged {
		require.Equal(t, 1, made[key], "an order that was answered")
	}
}

// orderOnce runs the child and kills it at a random moment.
func orderOnce(t *testing.T, config string, kill int, tried, acknowledged map[string]bool, hear func(int64)) {
	t.Helper()
	child, lines := startChild(t, killDeviceChild, config)
	at, left := []string{"event", "try"}[kill%2], rand.IntN(eventsPerKill) //nolint:gosec // a moment for a kill.
	for lines.Scan() {
		word, what, found := strings.Cut(lines.Text(), " ")
		require.True(t, found, "the child failed: %s", lines.Text())
		switch word {
		case "try":
			tried[what] = true
		case "ack":
			acknowledged[what] = true
		case "event":
			seq, err := strconv.ParseInt(what, 10, 64)
			require.NoError(t, err)
			hear(seq)
		}
		if word == at {
			if left == 0 {
				time.AfterFunc(time.Duration(rand.IntN(10_000))*time.Microsecond, func() { _ = child.Process.Kill() }) //nolint:gosec // the same.
			}
			left--
		}
	}
	require.Error(t, child.Wait(), "it ended by the kill")
}
