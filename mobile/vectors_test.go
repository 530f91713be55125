package mobile

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/entry"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/offline"
)

var updateVectors = flag.Bool("update", false, "rewrite testdata/vectors")

const vectorsDir = "testdata/vectors"

var (
	vectorTime   = time.Date(2026, 1, 28, 10, 2, 0, 0, time.UTC)
	vectorAccess = "7f1c1e0a-3c53-4f44-9d0b-6a3f0d6e2b11"
	vectorPrint  = "SHA256:uNvHQ8gKzFhYdS2aJgP0yqkT2oZs9d1mK4cX7b5eR3w"
)

// answers holds one value for each shape that the facade gives. Go and Kotlin read the same files of them.
func answers() map[string]any {
	listed := entry.Decision{Listed: true, ListVersion: "18", ListAge: 90*time.Minute + 1500*time.Millisecond}
	offlineAllowed, offlineDenied := listed, listed
	offlineAllowed.Outcome, offlineAllowed.Mode, offlineAllowed.Reason = entry.Allowed, offline.Offline, entry.Reason(offline.InBINRange)
	offlineAllowed.Action, offlineAllowed.AccessID, offlineAllowed.MaxGuests = entry.ActionNone, vectorAccess, 3
	offlineAllowed.ExpiresAt, offlineAllowed.Message, offlineAllowed.OnlineError = vectorTime, "Access granted.", fault.NetworkUnavailable
	offlineAllowed.ListAge, offlineAllowed.ListOld = 27*time.Hour, true
	offlineDenied.Outcome, offlineDenied.Mode, offlineDenied.Reason = entry.Denied, offline.Offline, entry.Reason(offline.RecentRefusal)
	offlineDenied.Action, offlineDenied.Code, offlineDenied.OnlineError = entry.ActionNone, fault.LimitExceeded, fault.Timeout
	offlineDenied.Message = "This card was refused within the last 24 hours."

	synced := offline.SyncResult{Whitelist: 1_000_000, BINRanges: 2, Changed: true, Version: "18", GeneratedAt: "2026-01-28T03:00:00Z"}
	sent := offline.UploadResult{Uploaded: 4, Quarantined: 1, Pending: 2}
	lists := offline.ListStatus{
		Present: true, Whitelist: 1_000_000, BINRanges: 2, Version: "18", Age: 90 * time.Minute, NextSyncDue: vectorTime.Add(24 * time.Hour),
	}
	return map[string]any{
		"pair":   pairJSON{V: 1, Status: "paired", SerialNumber: "SN-0001", KeyFingerprint: vectorPrint},
		"unpair": pairJSON{V: 1, Status: "unpaired"},
		"verdict-allowed-online": verdict(entry.Decision{
			Outcome: entry.Allowed, Mode: offline.Online, Reason: entry.ReasonServer, Action: entry.ActionNone, AccessID: vectorAccess,
			MaxGuests: 0, ExpiresAt: vectorTime, Message: "Access granted.",
		}),
		"verdict-allowed-offline": verdict(offlineAllowed),
		"verdict-denied-online": verdict(entry.Decision{
			Outcome: entry.Denied, Mode: offline.Online, Reason: entry.ReasonServer, Action: entry.ActionPresentCardAgain,
			Code: fault.CardASIFailed, Message: fault.CardASIFailed.Info().Text,
		}),
		"verdict-denied-offline": verdict(offlineDenied),
		"verdict-denied-newer-server": verdict(entry.Decision{
			Outcome: entry.Denied, Mode: offline.Online, Reason: entry.ReasonServer, Action: entry.ActionNone,
			Code: "WEATHER_TOO_BAD", Message: "Closed because of the storm.",
		}),
		"verdict-unknown": verdict(entry.Decision{
			Outcome: entry.Unknown, Mode: offline.Online, Action: entry.ActionNone, OnlineError: fault.Timeout, Message: fault.Timeout.Info().Text,
		}),
		"confirm-confirmed": confirmJSON{V: 1, Outcome: "confirmed", Mode: offline.Offline, AccessID: vectorAccess, Guests: 2},
		"confirm-unknown":   confirmJSON{V: 1, Outcome: "unknown", Mode: offline.Online, AccessID: vectorAccess, Guests: 2},
		"void":              voidJSON{V: 1, Outcome: "voided", AccessID: vectorAccess},
		"sync":              syncAnswer(synced),
		"upload":            uploadAnswer(sent),
		"run-due":           dueAnswer(offline.DueResult{Sync: &synced, Upload: &sent}, vectorTime),
		"run-due-nothing":   dueAnswer(offline.DueResult{}, vectorTime),
		"status":            statusAnswer("SN-0001", "paired", offline.Counts{Pending: 2, Unknown: 1, Quarantined: 1}, lists),
		"status-unpaired":   statusAnswer("SN-0001", "unpaired", offline.Counts{}, offline.ListStatus{NextSyncDue: vectorTime}),
		"readiness": readinessJSON{V: 1, Ready: false, Findings: []finding{
			blocking("not_paired", "The terminal is not paired.", "Get a pairing code in the admin panel and pair the terminal."),
			warning("list_missing", "There are no lists for offline decisions.", "Sync the terminal."),
			ok("clock", "The device's clock agrees with the server's."),
		}},
		"export":     exportJSON{V: 1, Entries: 3, File: "/data/export.json"},
		"error-info": json.RawMessage(ErrorInfo(fault.New(fault.NotPaired, "pairing: sign", "pair the terminal first"))),
	}
}

// requests are what the facade takes.
var requests = []string{"config", "card"}

func TestEveryAnswerHasItsVector(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for name, value := range answers() {
		known[name+".json"] = true
		compact, err := json.Marshal(value)
		require.NoError(t, err)
		var want bytes.Buffer
		require.NoError(t, json.Indent(&want, compact, "", "  "))
		want.WriteByte('\n')
		file := filepath.Join(vectorsDir, name+".json")
		if *updateVectors {
			require.NoError(t, os.WriteFile(file, want.Bytes(), 0o600))
		}
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, want.String(), string(got), "%s: the JSON that apps read changed; if it is meant, run go test ./mobile -update", name)
	}
	for _, name := range requests {
		known[name+".json"] = true
	}
	files, err := os.ReadDir(vectorsDir)
	require.NoError(t, err)
	for _, f := range files {
		require.True(t, known[f.Name()], "%s is the vector of nothing", f.Name())
	}
}

func TestTheRequestVectorsAreTaken(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(vectorsDir, "config.json"))
	require.NoError(t, err)
	c, err := parseConfig(string(text), true)
	require.NoError(t, err)
	require.Equal(t, 7*time.Second, c.online)
	require.Equal(t, 25*time.Hour, c.warnAge)
	require.Equal(t, 50*time.Hour, c.maxAge)
	require.Equal(t, 0, *c.Offline.MaxGuests, "zero is a value, not the default")
	require.Equal(t, []int{500, 1}, []int{*c.Offline.MaxPending, *c.Offline.PerCardPerDay})
	require.True(t, c.Offline.AllowForce)
	require.True(t, c.Card.SkipLuhn)
	require.Equal(t, "macs-whitelist-app", c.WhitelistKey)

	text, err = os.ReadFile(filepath.Join(vectorsDir, "card.json"))
	require.NoError(t, err)
	card, mode, err := readCard(text)
	require.NoError(t, err)
	require.Equal(t, entry.RequireOnline, mode)
	require.Equal(t, entry.Card{PAN: []byte("5555555555554444"), Expiry: "2812", Service: "LOUNGE", EntryMode: "CHIP"}, card)
}

// shape is the keys of a JSON object with the types of their values, nested ones too.
func shape(t *testing.T, text string) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	var of func(any) any
	of = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			keys := map[string]any{}
			for key, inner := range v {
				keys[key] = of(inner)
			}
			return keys
		case []any:
			return "array"
		case string:
			return "string"
		case float64:
			return "number"
		case bool:
			return "boolean"
		}
		return "null"
	}
	return of(value).(map[string]any)
}

// likeVector says that an answer has the keys and types of a vector.
func likeVector(t *testing.T, name, answer string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectorsDir, name+".json"))
	require.NoError(t, err)
	require.Equal(t, shape(t, string(text)), shape(t, answer), "%s: %s", name, strings.TrimSpace(answer))
}
