package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

const (
	killChild    = "kill-child"
	killLanes    = 2
	killsPerLane = 25 // make proof repeats them
)

// enterUntilKilled is the process that is killed: offline entries, online entries and uploads in turn. It prints "try ID" before it
// confirms and "ack ID" after.
func enterUntilKilled(config string) error {
	text, err := os.ReadFile(config) //nolint:gosec // a test's own file.
	if err != nil {
		return err
	}
	terminal, err := mobile.Open(string(text), nil)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		request := fmt.Sprintf(`{"v":1,"pan":%q,"mode":"force-offline"}`, cardListed)
		if i%3 == 2 {
			request = fmt.Sprintf(`{"v":1,"pan":"5300%012d"}`, rand.Uint64N(1e12)) //nolint:gosec // a test's card numbers.
		}
		v, err := answer(terminal.CheckEntry(nil, []byte(request)))
		if err != nil {
			return err
		}
		if v.Outcome != "allowed" {
			return fmt.Errorf("%s: %s", v.Outcome, v.Message)
		}
		fmt.Println("try", v.AccessID)
		c, err := answer(terminal.ConfirmEntry(nil, v.AccessID, 1))
		if err != nil {
			return err
		}
		if c.Outcome == "confirmed" {
			fmt.Println("ack", v.AccessID)
		}
		if i%4 == 3 {
			if _, err := terminal.UploadReports(nil); err != nil {
				return err
			}
		}
	}
}

// TestKilledAtAnyMoment: SIGKILLs in checks, confirms and uploads. Nothing acknowledged is missing at MACS in the end, nothing is
// there twice, and nothing that was never tried.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	world, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	require.NoError(t, world.Admin(t.Context(), "PUT", "/admin/api/whitelist", map[string]any{"pans": []string{cardListed}}, nil))
	t.Run("lanes", func(t *testing.T) {
		for lane := range killLanes {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				killLane(t, world, fmt.Sprintf("SN-KILL-%d", lane))
			})
		}
	})
}

func killLane(t *testing.T, world *emulator.World, sn string) {
	dir := t.TempDir()
	parameters, err := json.Marshal(map[string]any{
		"serialNumber": sn, "dataDir": filepath.Join(dir, "data"), "whitelistSecret": world.Env().MACS.WhitelistSecret,
		"macs":    map[string]string{"baseUrl": world.Env().MACS.URL, "trustedCa": string(world.CAPEM())},
		"offline": map[string]any{"perCardPerDay": 1_000_000, "maxPending": 1_000_000, "allowForce": true},
		"card":    map[string]any{"skipLuhn": true},
	})
	require.NoError(t, err)
	config := filepath.Join(dir, "terminal.json")
	require.NoError(t, os.WriteFile(config, parameters, 0o600))
	require.NoError(t, world.Admin(t.Context(), "POST", "/admin/api/terminals", map[string]string{"serialNumber": sn, "location": "L"}, nil))
	var code struct {
		Code string `json:"code"`
	}
	require.NoError(t, world.Admin(t.Context(), "POST", "/admin/api/terminals/"+sn+"/pairing-code", nil, &code))
	terminal, err := mobile.Open(string(parameters), nil)
	require.NoError(t, err)
	_, err = terminal.Pair(nil, code.Code)
	require.NoError(t, err)
	_, err = terminal.Sync(nil)
	require.NoError(t, err)
	require.NoError(t, terminal.Close())

	tried, acknowledged := map[string]bool{}, map[string]bool{}
	for range killsPerLane {
		killOnce(t, config, tried, acknowledged)
	}
	require.NotEmpty(t, acknowledged)

	terminal, err = mobile.Open(string(parameters), nil)
	require.NoError(t, err)
	_, err = terminal.UploadReports(nil)
	require.NoError(t, err)
	status, err := answer(terminal.Status())
	require.NoError(t, err)
	require.Zero(t, status.Pending)
	require.NoError(t, terminal.Close())

	var listed struct {
		Entries []struct {
			EntryID      string `json:"entryId"`
			SerialNumber string `json:"serialNumber"`
		} `json:"entries"`
	}
	require.NoError(t, world.Admin(t.Context(), "GET", "/admin/api/entries", nil, &listed))
	at := map[string]int{}
	for _, e := range listed.Entries {
		if e.SerialNumber == sn {
			at[e.EntryID]++
			require.True(t, tried[e.EntryID], "an entry nobody tried")
		}
	}
	for id := range acknowledged {
		require.Equal(t, 1, at[id], "an acknowledged entry at MACS")
	}
}

// killOnce runs the child and kills it at a random moment.
func killOnce(t *testing.T, config string, tried, acknowledged map[string]bool) {
	child, lines := startChild(t, killChild, config)
	for lines.Scan() {
		word, id, found := strings.Cut(lines.Text(), " ")
		require.True(t, found, "the child failed: %s", lines.Text())
		if word == "try" {
			if len(tried)%3 == 0 || rand.IntN(3) == 0 { //nolint:gosec // a moment for a kill.
				time.AfterFunc(time.Duration(rand.IntN(4000))*time.Microsecond, func() { _ = child.Process.Kill() }) //nolint:gosec // the same.
			}
			tried[id] = true
		} else {
			acknowledged[id] = true
		}
	}
	require.Error(t, child.Wait(), "it ended by the kill")
}
