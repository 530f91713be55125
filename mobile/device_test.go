package mobile

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/keystore/keystoretest"
)

// deviceSection is the section device for the site's emulator.
func (s *site) deviceSection() map[string]any {
	env := s.world.Env().MPAC
	return map[string]any{"baseUrl": env.URL, "wsUrl": env.WSURL, "audience": env.Issuer, "trustedCa": string(s.world.CAPEM()), "name": "Till 1"}
}

// openWith opens a terminal of some sections.
func (s *site) openWith(h Host, dir string, sections map[string]any) *Terminal {
	s.t.Helper()
	config := map[string]any{"serialNumber": testSN, "dataDir": dir, "timeouts": map[string]any{"online": "20s"}}
	maps.Copy(config, sections)
	text, err := json.Marshal(config)
	require.NoError(s.t, err)
	terminal, err := Open(string(text), h)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = terminal.Close() })
	return terminal
}

func (s *site) device(h Host, dir string) *Terminal {
	s.t.Helper()
	return s.openWith(h, dir, map[string]any{"device": s.deviceSection()})
}

func (s *site) macsSections() map[string]any {
	return map[string]any{
		"whitelistSecret": s.world.Env().MACS.WhitelistSecret,
		"macs":            map[string]any{"baseUrl": s.world.Env().MACS.URL, "trustedCa": string(s.world.CAPEM())},
	}
}

// object reads an answer, which must be like its vector.
func object(t *testing.T, name, text string, err error) map[string]any {
	t.Helper()
	require.NoError(t, err)
	likeVector(t, name, text)
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

func (s *site) activate(terminal *Terminal) {
	s.t.Helper()
	text, err := terminal.RequestActivation(nil)
	code := object(s.t, "activation-pending", text, err)["activationCode"]
	s.admin(http.MethodPost, "/admin/api/mpac/activate", map[string]any{"activationCode": code, "merchantId": 1, "storeId": 2}, nil)
	text, err = terminal.AwaitActivation(nil, 20)
	require.Equal(s.t, "active", object(s.t, "activation-active", text, err)["status"])
}

const orderJSON = `{"order_type":"takeaway","items":[{"sequence":1,"item_name":"Tea","quantity":1,"unit_price":380,"subtotal":380}]}`

// A device whose key the app's host keeps, from activation to a cash payment, every answer against its vector.
func TestTheJourneyOfADeviceWithAHost(t *testing.T) {
	t.Parallel()
	s, h, dir := newSite(t), newAppHost(), filepath.Join(t.TempDir(), "data")
	terminal := s.device(h, dir)
	for name, call := range map[string]func() (string, error){
		"token": func() (string, error) { return terminal.DeviceToken(nil) },
		"call":  func() (string, error) { return terminal.Call(nil, "GET", "/api/v1/orders", nil, "") },
		"await": func() (string, error) { return terminal.AwaitActivation(nil, 60) },
	} {
		_, err := call()
		require.Equal(t, "not_activated", ErrorCode(err), name)
	}
	text, err := terminal.Readiness(nil)
	require.Equal(t, false, object(t, "readiness-device", text, err)["ready"])
	text, err = terminal.DeviceKey(nil)
	key := object(t, "device-key", text, err)
	s.activate(terminal)
	text, err = terminal.DeviceToken(NewOp())
	token := object(t, "token", text, err)["accessToken"].(string)

	require.NoError(t, terminal.Close())
	terminal = s.device(h, dir)
	text, err = terminal.DeviceKey(nil)
	require.Equal(t, key, object(t, "device-key", text, err))
	post := func(path, body string) map[string]any {
		text, err := terminal.Call(nil, "POST", "/api/v1"+path, []byte(body), "")
		require.NoError(t, err)
		var answer struct {
			Status         int
			Body           map[string]any
			IdempotencyKey string
		}
		require.NoError(t, json.Unmarshal([]byte(text), &answer))
		require.Equal(t, 201, answer.Status, text)
		require.Len(t, answer.IdempotencyKey, 36)
		return answer.Body
	}
	order := post("/orders", orderJSON)
	bill := post("/bills", `{"order_id":"`+order["id"].(string)+`"}`)
	payment := post("/payments", `{"bill_id":"`+bill["id"].(string)+`","amount":380,"payment_method":"cash"}`)
	require.Equal(t, "completed", payment["status"])
	list, err := terminal.Call(nil, "GET", "/api/v1/orders?limit=1", nil, "")
	object(t, "call-get", list, err)
	require.Contains(t, list, order["id"])

	text, err = terminal.Readiness(nil)
	require.NoError(t, err)
	require.Contains(t, text, `"ready":true`)
	require.NoError(t, terminal.Close())
	lines, _ := h.told()
	for _, line := range lines {
		for _, canary := range []string{token, "eyJ", key["publicKeyPem"].(string)} {
			require.NotContains(t, line, canary)
		}
	}
	require.NoDirExists(t, filepath.Join(dir, "device-keys"), "a host's keys are not on disk")
}

// A lost answer to a payment is an unknown outcome that survives a restart, is listed, and is resolved once.
func TestACallWithoutAnswerIsListedAndResolved(t *testing.T) {
	t.Parallel()
	s, dir := newSite(t), filepath.Join(t.TempDir(), "data")
	terminal := s.device(nil, dir)
	s.activate(terminal)
	s.admin(http.MethodPost, "/admin/api/faults", map[string]any{"kind": "drop_answer", "path": "/api/v1/orders"}, nil)
	_, err := terminal.Call(nil, "POST", "/api/v1/orders", []byte(orderJSON), "till-1-0001")
	require.Equal(t, "outcome_unknown", ErrorCode(err))
	require.ErrorContains(t, err, "till-1-0001")
	require.NoError(t, terminal.Close())
	s.admin(http.MethodDelete, "/admin/api/faults", nil, nil)

	terminal = s.device(nil, dir)
	text, err := terminal.Status()
	status := object(t, "status-device", text, err)
	open := status["unknownCalls"].([]any)
	require.Len(t, open, 1)
	require.Equal(t, false, status["safeToWipe"])
	text, err = terminal.Readiness(nil)
	require.NoError(t, err)
	require.Contains(t, text, "unknown_calls")
	answer, err := terminal.ResolveCall(nil, open[0].(map[string]any)["idempotencyKey"].(string))
	require.NoError(t, err)
	require.Contains(t, answer, `"status":201`)
	_, err = terminal.ResolveCall(nil, "till-1-0001")
	require.Equal(t, "not_found", ErrorCode(err))
	text, err = terminal.Status()
	require.NoError(t, err)
	require.Contains(t, text, `"unknownCalls":[]`)
	list, err := terminal.Call(nil, "GET", "/api/v1/orders", nil, "")
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(list, `"order_number"`), "one order, however often it was asked for")
}

func TestASuspendedDeviceKeepsItsEntriesAndItsKey(t *testing.T) {
	t.Parallel()
	s, dir := newSite(t), filepath.Join(t.TempDir(), "data")
	sections := s.macsSections()
	sections["device"] = s.deviceSection()
	terminal := s.openWith(nil, dir, sections)
	s.activate(terminal)
	_, err := terminal.Pair(nil, s.code)
	require.NoError(t, err)
	s.admin(http.MethodPut, "/admin/api/whitelist", map[string]any{"pans": []string{testPAN}}, nil)
	_, err = terminal.Sync(nil)
	require.NoError(t, err)
	s.admin(http.MethodPost, "/admin/api/faults", map[string]any{"kind": "refuse", "system": "macs"}, nil)
	text, err := terminal.CheckEntry(nil, []byte(`{"v":1,"pan":"`+testPAN+`"}`))
	require.NoError(t, err)
	var verdict struct{ AccessID string }
	require.NoError(t, json.Unmarshal([]byte(text), &verdict))
	_, err = terminal.ConfirmEntry(nil, verdict.AccessID, 1)
	require.NoError(t, err)

	s.admin(http.MethodPut, "/admin/api/mpac/devices/"+testSN+"/status", map[string]any{"status": "suspended"}, nil)
	_, err = terminal.DeviceToken(nil)
	require.Equal(t, "device_suspended", ErrorCode(err))
	_, err = terminal.Call(nil, "GET", "/api/v1/orders", nil, "")
	require.Equal(t, "device_suspended", ErrorCode(err))
	text, err = terminal.Readiness(nil)
	require.NoError(t, err)
	require.Contains(t, text, "device_suspended")
	text, err = terminal.Status()
	require.NoError(t, err)
	require.Contains(t, text, `"pending":1`)
	require.Contains(t, text, `"activation":"active"`)
}

// Without a host, a terminal that gains or loses the entry job keeps its identity and its journal.
func TestParametersThatGainAndLoseASectionLoseNoKey(t *testing.T) {
	t.Parallel()
	s, dir := newSite(t), filepath.Join(t.TempDir(), "data")
	device := map[string]any{"device": s.deviceSection()}
	both := s.macsSections()
	both["device"] = s.deviceSection()

	terminal := s.openWith(nil, dir, device)
	s.activate(terminal)
	key, err := terminal.DeviceKey(nil)
	require.NoError(t, err)
	for _, name := range []string{"pair", "sync", "upload"} {
		call := map[string]func() (string, error){
			"pair": func() (string, error) { return terminal.Pair(nil, s.code) }, "sync": func() (string, error) { return terminal.Sync(nil) },
			"upload": func() (string, error) { return terminal.UploadReports(nil) },
		}[name]
		_, err := call()
		require.Equal(t, "invalid_config", ErrorCode(err), name)
		require.ErrorContains(t, err, "macs")
	}
	due, err := terminal.RunDue(nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"v":1,"sync":null,"upload":null}`, due, "a device's daily job has no lists")
	require.NoError(t, terminal.Close())

	terminal = s.openWith(nil, dir, both)
	_, err = terminal.Pair(nil, s.code)
	require.NoError(t, err)
	pairedKey, err := terminal.DeviceKey(nil)
	require.NoError(t, err)
	require.Equal(t, key, pairedKey)
	require.NoError(t, terminal.Close())

	terminal = s.openWith(nil, dir, device)
	_, err = terminal.DeviceToken(nil)
	require.NoError(t, err)
	require.NoError(t, terminal.Close())

	terminal = s.openWith(nil, dir, s.macsSections())
	text, err := terminal.Status()
	require.NoError(t, err)
	require.Contains(t, text, `"state":"paired"`)
	require.NotContains(t, text, "activation")
	_, err = terminal.Sync(nil)
	require.NoError(t, err, "the pairing's key is there")
	_, err = terminal.DeviceToken(nil)
	require.Equal(t, "invalid_config", ErrorCode(err))
	require.ErrorContains(t, err, "device")
	require.NoError(t, terminal.Close())

	info, err := os.Stat(filepath.Join(dir, "device-keys.seal"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.Remove(filepath.Join(dir, "device-keys.seal")))
	terminal = s.openWith(nil, dir, device)
	_, err = terminal.DeviceToken(nil)
	require.Equal(t, "key_lost", ErrorCode(err), "a key that cannot be unsealed is said to be lost")
	text, err = terminal.Readiness(nil)
	require.NoError(t, err)
	require.Contains(t, text, "device_key_lost")
	_, err = terminal.RequestActivation(nil)
	require.Equal(t, "conflict", ErrorCode(err), "the portal has the device under its old key")
}

func TestAWrongDeviceParameterIsNamed(t *testing.T) {
	t.Parallel()
	for key, change := range map[string]func(map[string]any){
		"device.baseUrl is missing":  func(d map[string]any) { delete(d, "baseUrl") },
		"device.baseUrl must be":     func(d map[string]any) { d["baseUrl"] = "http://x" },
		"device.trustedCaFile or":    func(d map[string]any) { delete(d, "systemRoots") },
		"device.trustedCa: ":         func(d map[string]any) { delete(d, "systemRoots"); d["trustedCa"] = "x" },
		"device.systemRoots":         func(d map[string]any) { d["trustedCa"] = "x" },
		"device.trustedCaFile":       func(d map[string]any) { delete(d, "systemRoots"); d["trustedCaFile"] = "/nowhere.pem" },
		"device.tokenUrl":            func(d map[string]any) { d["tokenUrl"] = "/token" },
		"device.wsUrl":               func(d map[string]any) { d["wsUrl"] = "https://x/ws" },
		"device.clientId":            func(d map[string]any) { d["clientId"] = "a b" },
		"device.bodyFormat":          func(d map[string]any) { d["bodyFormat"] = "xml" },
		"device.scope must":          func(d map[string]any) { d["scope"] = []string{"a b"} },
		"device.scope has":           func(d map[string]any) { d["scope"] = "order:create" },
		"colour":                     func(d map[string]any) { d["colour"] = "red" },
		"device.name":                func(d map[string]any) { d["name"] = strings.Repeat("n", 256) },
		"whitelistSecret, whitelist": nil,
	} {
		device := map[string]any{"baseUrl": "https://127.0.0.1:1", "systemRoots": true}
		config := map[string]any{"serialNumber": "SN", "dataDir": t.TempDir(), "device": device}
		if change == nil {
			config["whitelistSecret"] = strings.Repeat("k", 32)
		} else {
			change(device)
		}
		text, err := json.Marshal(config)
		require.NoError(t, err)
		_, err = Open(string(text), nil)
		require.Equal(t, "invalid_config", ErrorCode(err), key)
		require.ErrorContains(t, err, key)
	}
}

func TestTheSocketsAddressComesFromTheGateways(t *testing.T) {
	t.Parallel()
	c, err := parseConfig(`{"serialNumber":"SN","dataDir":"d","device":{"baseUrl":"https://api.example:8443/base/","systemRoots":true}}`, false)
	require.NoError(t, err)
	require.Equal(t, "wss://api.example:8443/base/api/v1/ws", c.Device.WSURL)
	require.Equal(t, "https://api.example:8443/base", c.Device.Audience)
}

// A host that hangs while it signs holds up the calls that wait for it no longer than their deadline, and Close not at all.
func TestAHostThatHangsWhileSigningWedgesNoToken(t *testing.T) {
	t.Parallel()
	s, h := newSite(t), &hangingHost{Host: keystoretest.NewHost(), hang: make(chan struct{})}
	section := s.deviceSection()
	terminal := s.openWith(h, filepath.Join(t.TempDir(), "data"), map[string]any{"device": section, "timeouts": map[string]any{"online": "300ms"}})
	text, err := terminal.RequestActivation(nil)
	require.NoError(t, err)
	var code struct{ ActivationCode string }
	require.NoError(t, json.Unmarshal([]byte(text), &code))
	s.admin(http.MethodPost, "/admin/api/mpac/activate", map[string]any{"activationCode": code.ActivationCode, "merchantId": 1, "storeId": 2}, nil)
	for terminal.device.Activation().Status != "active" {
		_, err := terminal.AwaitActivation(nil, 0)
		require.Contains(t, []string{"", "timeout"}, ErrorCode(err))
	}
	h.hangs.Store(true)
	began := time.Now()
	for range 3 {
		_, err = terminal.DeviceToken(nil)
		require.Equal(t, "timeout", ErrorCode(err))
	}
	require.Less(t, time.Since(began), 10*time.Second)
	h.hangs.Store(false)
	close(h.hang)
	require.Eventually(t, func() bool {
		_, err := terminal.DeviceToken(nil)
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
	require.NoError(t, terminal.Close())
}

// hangingHost is a host whose key store hangs when told to.
type hangingHost struct {
	*keystoretest.Host
	hangs atomic.Bool
	hang  chan struct{}
}

func (h *hangingHost) Sign(alias string, message []byte) ([]byte, error) {
	if h.hangs.Load() {
		<-h.hang
	}
	return h.Host.Sign(alias, message)
}

func (*hangingHost) Log(int, string) error { return nil }

func (*hangingHost) Progress(string, int64) error { return nil }
