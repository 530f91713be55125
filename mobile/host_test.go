package mobile

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore/keystoretest"
)

const (
	testSN  = "SN-H"
	testPAN = "5555555555554444"
)

// appHost is an app's host: keys, and what it was told.
type appHost struct {
	*keystoretest.Host
	mu       sync.Mutex
	lines    []string
	progress map[string]int64
	log      func() // instead of keeping the line
	sign     func() error
	keyless  bool
}

func newAppHost() *appHost {
	return &appHost{Host: keystoretest.NewHost(), progress: map[string]int64{}}
}

func (h *appHost) KeepsKeys() (bool, error) { return !h.keyless, nil }

func (h *appHost) Sign(alias string, message []byte) ([]byte, error) {
	if h.sign != nil {
		if err := h.sign(); err != nil {
			return nil, err
		}
	}
	return h.Host.Sign(alias, message)
}

func (h *appHost) Log(_ int, line string) error {
	if h.log != nil {
		h.log()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
	return nil
}

func (h *appHost) Progress(kind string, done int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.progress[kind] = max(h.progress[kind], done)
	return errors.New("a progress bar that throws")
}

func (h *appHost) told() (lines []string, progress map[string]int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.lines), maps.Clone(h.progress)
}

// site is an emulated MACS with one registered terminal.
type site struct {
	t     *testing.T
	world *emulator.World
	code  string
}

func newSite(t *testing.T) *site {
	t.Helper()
	w, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	s := &site{t: t, world: w}
	s.admin(http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": testSN, "location": "Gate"}, nil)
	var code struct{ Code string }
	s.admin(http.MethodPost, "/admin/api/terminals/"+testSN+"/pairing-code", nil, &code)
	s.code = code.Code
	return s
}

func (s *site) admin(method, path string, in, out any) {
	s.t.Helper()
	require.NoError(s.t, s.world.Admin(context.Background(), method, path, in, out))
}

// open opens the terminal of an app whose host keeps the whitelist secret.
func (s *site) open(h *appHost, dir string) *Terminal {
	s.t.Helper()
	config, err := json.Marshal(map[string]any{
		"serialNumber": testSN, "dataDir": dir, "whitelistKey": "app-whitelist",
		"macs": map[string]any{"baseUrl": s.world.Env().MACS.URL, "trustedCa": string(s.world.CAPEM())},
	})
	require.NoError(s.t, err)
	terminal, err := Open(string(config), h)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = terminal.Close() })
	return terminal
}

// The whole journey as an app plays it, every answer against its vector, with keys that never enter Go.
func TestTheJourneyOfAnAppWithAHost(t *testing.T) {
	t.Parallel()
	s, h := newSite(t), newAppHost()
	secret := s.world.Env().MACS.WhitelistSecret
	require.NoError(t, h.ImportMAC("app-whitelist", []byte(secret)))
	s.admin(http.MethodPut, "/admin/api/whitelist", map[string]any{"pans": []string{testPAN}}, nil)
	dir := filepath.Join(t.TempDir(), "data")
	terminal := s.open(h, dir)

	answer := func(name string, text string, err error) map[string]any {
		t.Helper()
		require.NoError(t, err)
		likeVector(t, name, text)
		var value map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &value))
		return value
	}
	text, err := terminal.Status()
	answer("status-unpaired", text, err)
	text, err = terminal.Readiness(nil)
	require.Equal(t, false, answer("readiness", text, err)["ready"])
	text, err = terminal.Pair(nil, s.code)
	answer("pair", text, err)
	text, err = terminal.Sync(NewOp())
	require.Equal(t, float64(1), answer("sync", text, err)["whitelist"])

	card := func() []byte { return []byte(`{"v":1,"pan":"` + testPAN + `"}`) }
	text, err = terminal.CheckEntry(nil, card())
	allowed := answer("verdict-allowed-online", text, err)
	text, err = terminal.ConfirmEntry(nil, allowed["accessId"].(string), 2)
	answer("confirm-confirmed", text, err)
	text, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"5200000000000015"}`))
	answer("verdict-denied-online", text, err)

	s.admin(http.MethodPost, "/admin/api/faults", map[string]any{"kind": "refuse"}, nil)
	text, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"5200000000000015"}`))
	require.Equal(t, "recent_refusal", answer("verdict-denied-offline", text, err)["reason"])
	text, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"`+testPAN+`","mode":"require-online"}`))
	answer("verdict-unknown", text, err)
	text, err = terminal.CheckEntry(nil, card())
	require.NoError(t, err)
	require.Contains(t, text, `"mode":"offline"`)
	var verdict struct{ AccessID string }
	require.NoError(t, json.Unmarshal([]byte(text), &verdict))
	text, err = terminal.ConfirmEntry(nil, verdict.AccessID, 1)
	require.Equal(t, "offline", answer("confirm-confirmed", text, err)["mode"])

	require.NoError(t, terminal.Close())
	terminal = s.open(h, dir)
	text, err = terminal.Status()
	require.Equal(t, float64(1), answer("status", text, err)["pending"], "it was acknowledged, so it is there")
	s.admin(http.MethodDelete, "/admin/api/faults", nil, nil)
	text, err = terminal.RunDue(nil)
	require.NoError(t, err)
	require.Contains(t, text, `"uploaded":1`)
	text, err = terminal.RunDue(nil)
	answer("run-due-nothing", text, err)
	text, err = terminal.UploadReports(nil)
	answer("upload", text, err)
	text, err = terminal.Export(nil, filepath.Join(dir, "export.json"))
	answer("export", text, err)
	text, err = terminal.Unpair(nil)
	answer("unpair", text, err)
	require.NoError(t, terminal.Close())

	lines, progress := h.told()
	require.NotEmpty(t, lines)
	require.Equal(t, int64(1), progress["whitelist"])
	require.Equal(t, int64(1), progress["upload"])
	for _, line := range lines {
		for _, canary := range []string{testPAN, testPAN[:8], secret, s.code, "eyJ"} {
			require.NotContains(t, line, canary)
		}
	}
	keys, err := os.ReadDir(filepath.Join(dir, "keys"))
	require.True(t, errors.Is(err, os.ErrNotExist) || len(keys) == 0, "a host's keys are not on disk")
}

func TestAHostThatKeepsNoKeysHasThemInTheFolder(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	h := &appHost{keyless: true, progress: map[string]int64{}} // a key method would panic
	dir := filepath.Join(t.TempDir(), "data")
	config := map[string]any{
		"serialNumber": testSN, "dataDir": dir, "whitelistKey": "app-whitelist",
		"macs": map[string]any{"baseUrl": s.world.Env().MACS.URL, "trustedCa": string(s.world.CAPEM())},
	}
	text, err := json.Marshal(config)
	require.NoError(t, err)
	_, err = Open(string(text), h)
	require.ErrorIs(t, err, fault.InvalidConfig, "its alias names no key")

	delete(config, "whitelistKey")
	config["whitelistSecret"] = s.world.Env().MACS.WhitelistSecret
	text, err = json.Marshal(config)
	require.NoError(t, err)
	s.admin(http.MethodPut, "/admin/api/whitelist", map[string]any{"pans": []string{testPAN}}, nil)
	terminal, err := Open(string(text), h)
	require.NoError(t, err)
	_, err = terminal.Pair(nil, s.code)
	require.NoError(t, err)
	_, err = terminal.Sync(nil)
	require.NoError(t, err)
	require.NoError(t, terminal.Close())
	require.DirExists(t, filepath.Join(dir, "keys"))
	lines, progress := h.told()
	require.NotEmpty(t, lines)
	require.EqualValues(t, 1, progress["whitelist"])
}

func TestAHostThatThrowsFailsThatCallAlone(t *testing.T) {
	t.Parallel()
	s, h := newSite(t), newAppHost()
	require.NoError(t, h.ImportMAC("app-whitelist", []byte(strings.Repeat("k", 32))))
	h.log = func() { panic("a log that panics") }
	terminal := s.open(h, filepath.Join(t.TempDir(), "data"))
	_, err := terminal.Pair(nil, s.code)
	require.NoError(t, err)
	broken := errors.New("KeyStoreException")
	h.sign = func() error { return broken }
	_, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"`+testPAN+`"}`))
	require.Equal(t, "key_lost", ErrorCode(err))
	require.ErrorIs(t, err, broken)
	h.sign = nil
	_, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"`+testPAN+`"}`))
	require.NoError(t, err)
	require.NoError(t, terminal.Close())
}

// A host that hangs in its log holds no call up, and Close neither hangs nor leaves the folder taken.
func TestAHostThatHangsInItsLog(t *testing.T) {
	t.Parallel()
	s, h := newSite(t), newAppHost()
	require.NoError(t, h.ImportMAC("app-whitelist", []byte(strings.Repeat("k", 32))))
	hang := make(chan struct{})
	h.log = func() { <-hang }
	dir := filepath.Join(t.TempDir(), "data")
	terminal := s.open(h, dir)
	terminal.closeWait = 20 * time.Millisecond
	for range outboxSize + 8 { // one is with the host, outboxSize wait
		_, err := terminal.Pair(nil, "00000000") // each logs a line
		require.Equal(t, "pairing_code_rejected", ErrorCode(err))
	}
	require.Equal(t, "timeout", ErrorCode(terminal.Close()))
	again := s.open(newAppHost(), dir)
	require.NoError(t, again.Close())
	close(hang)
}

// Close from within a host's method waits for that very method: it gives up, and the call gives everything back when it ends.
func TestCloseFromWithinTheHost(t *testing.T) {
	t.Parallel()
	s, h := newSite(t), newAppHost()
	require.NoError(t, h.ImportMAC("app-whitelist", []byte(strings.Repeat("k", 32))))
	dir := filepath.Join(t.TempDir(), "data")
	terminal := s.open(h, dir)
	terminal.closeWait = 20 * time.Millisecond
	_, err := terminal.Pair(nil, s.code)
	require.NoError(t, err)
	var closed error
	h.sign = func() error {
		closed = terminal.Close()
		return nil
	}
	_, err = terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"`+testPAN+`"}`))
	require.Equal(t, "closed", ErrorCode(err))
	require.Equal(t, "timeout", ErrorCode(closed))
	require.NoError(t, terminal.Close())
	require.NoError(t, s.open(newAppHost(), dir).Close())
}

func TestATerminalThatWasNeverOpenedIsClosed(t *testing.T) {
	t.Parallel()
	var terminal Terminal // what `new Terminal()` gives in Java
	_, err := terminal.Status()
	require.Equal(t, "closed", ErrorCode(err))
	require.NoError(t, terminal.Close())
}
