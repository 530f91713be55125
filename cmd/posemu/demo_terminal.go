package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// demoAnswer has the fields of every answer that the demo looks at.
type demoAnswer struct {
	Status         string `json:"status"`
	KeyFingerprint string `json:"keyFingerprint"`
	Outcome        string `json:"outcome"`
	Mode           string `json:"mode"`
	Reason         string `json:"reason"`
	Code           string `json:"code"`
	Message        string `json:"message"`
	AccessID       string `json:"accessId"`
	MaxGuests      int    `json:"maxGuests"`
	OnlineError    string `json:"onlineError"`
	Whitelist      int    `json:"whitelist"`
	BINRanges      int    `json:"binRanges"`
	ListVersion    string `json:"listVersion"`
	Uploaded       int    `json:"uploaded"`
	Pending        int    `json:"pending"`
	SafeToWipe     bool   `json:"safeToWipe"`
}

// answer decodes what a call of the facade gave.
func answer(text string, err error) (demoAnswer, error) {
	if err != nil {
		return demoAnswer{}, err
	}
	var a demoAnswer
	return a, json.Unmarshal([]byte(text), &a)
}

func (d *demo) check(pan string) (demoAnswer, error) {
	return answer(d.terminal.CheckEntry(d.op, fmt.Appendf(nil, `{"v":1,"pan":%q}`, pan)))
}

// parameters is the configuration of the demo's terminal.
func (d *demo) parameters(clockOffset time.Duration) string {
	env := d.world.Env()
	text, _ := json.Marshal(map[string]any{ //nolint:errchkjson // strings only.
		"serialNumber":    demoTerminal,
		"dataDir":         filepath.Join(d.dir, "data"),
		"macs":            map[string]string{"baseUrl": env.MACS.URL, "trustedCa": string(d.world.CAPEM())},
		"whitelistSecret": env.MACS.WhitelistSecret,
		"device":          map[string]string{"baseUrl": env.MPAC.URL, "audience": env.MPAC.Issuer, "trustedCa": string(d.world.CAPEM())},
		"pgw":             map[string]string{"baseUrl": env.PGW.URL, "trustedCa": string(d.world.CAPEM())},
		"clockOffset":     clockOffset.String(),
	})
	return string(text)
}

// killed lets a second process confirm an entry offline and kills it with SIGKILL the moment it has said so.
func (d *demo) killed(ctx context.Context) error {
	if err := d.terminal.Close(); err != nil {
		return err
	}
	d.terminal = nil
	config := filepath.Join(d.dir, "terminal.json")
	if err := os.WriteFile(config, []byte(d.parameters(0)), 0o600); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	child := exec.CommandContext(ctx, self, "demo-child", config) //nolint:gosec // this program itself.
	said, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	var confirmed demoAnswer
	decodeErr := json.NewDecoder(said).Decode(&confirmed)
	killErr := child.Process.Kill()
	waitErr := child.Wait()
	var exit *exec.ExitError
	if err := errors.Join(decodeErr, killErr); err != nil {
		return err
	}
	d.expect(errors.As(waitErr, &exit) && !exit.Exited(), "a process confirms an entry offline and is killed at once (%v)", waitErr)
	if err := d.open(0); err != nil {
		return err
	}
	status, err := answer(d.terminal.Status())
	if err != nil {
		return err
	}
	d.expect(confirmed.Outcome == "confirmed" && status.Pending == 3, "after the restart all %d entries are there", status.Pending)
	return nil
}
