package mpac_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/mpac"
)

func TestActivationFromCodeToIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.generate("SN-1", pemOf(t, newKey(t).Public()))
	require.Equal(t, 201, a.status, a.text)
	require.Regexp(t, `^[0-9]{8}$`, a.str("activation_code"))
	require.Equal(t, "2026-01-28T10:15:00Z", a.str("expires_at"))
	require.EqualValues(t, 5, a.num("poll_interval"))
	require.LessOrEqual(t, len(a.str("client_id")), 50)
	id, code := a.str("device_id"), a.str("activation_code")

	require.JSONEq(t, `{"status":"pending"}`, w.status(id, code).text, "no ids before it is bound")
	d, err := w.Activate(code, 11, 22)
	require.NoError(t, err)
	require.Equal(t, id, d.DeviceID)
	require.JSONEq(t, `{"status":"active","client_id":"`+a.str("client_id")+`","merchant_id":11,"store_id":22}`, w.status(id, code).text)

	_, err = w.Activate(code, 11, 22)
	require.ErrorIs(t, err, mpac.ErrCode, "a code works once")
	again := w.generate("SN-1", pemOf(t, newKey(t).Public()))
	require.Equal(t, 409, again.status, "an active device is not taken over")
	w.later(time.Hour)
	require.Equal(t, "active", w.status(id, code).str("status"), "long after the code's life")
}

func TestActivationCodeLivesFifteenMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.generate("SN-1", pemOf(t, newKey(t).Public()))
	id, code := a.str("device_id"), a.str("activation_code")
	w.later(15*time.Minute - time.Second)
	require.Equal(t, "pending", w.status(id, code).str("status"))
	w.later(15 * time.Minute)
	require.JSONEq(t, `{"status":"expired"}`, w.status(id, code).text)
	_, err := w.Activate(code, 1, 1)
	require.ErrorIs(t, err, mpac.ErrCode)
	fresh := w.generate("SN-1", pemOf(t, newKey(t).Public()))
	require.Equal(t, id, fresh.str("device_id"), "the same device")
	_, err = w.Activate(fresh.str("activation_code"), 1, 1)
	require.NoError(t, err)
}

func TestSecondCodeReplacesTheFirstAndItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost := &terminal{world: w, sn: "SN-1", key: newKey(t)}
	one := w.generate("SN-1", pemOf(t, lost.key.Public()))
	now := &terminal{world: w, sn: "SN-1", key: newKey(t)}
	two := w.generate("SN-1", pemOf(t, now.key.Public()))
	require.NotEqual(t, one.str("activation_code"), two.str("activation_code"))
	_, err := w.Activate(one.str("activation_code"), 1, 1)
	require.ErrorIs(t, err, mpac.ErrCode)
	require.Equal(t, 404, w.status(one.str("device_id"), one.str("activation_code")).status, "the old code tells nothing any more")
	_, err = w.Activate(two.str("activation_code"), 1, 1)
	require.NoError(t, err)
	lost.client, now.client = two.str("client_id"), two.str("client_id")
	require.Equal(t, "invalid_client", lost.tokenCall(map[string]string{"client_assertion": lost.assertion(nil)}).code())
	now.fetch()
}

func TestGenerateReadsStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := pemOf(t, newKey(t).Public())
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{name: "nothing", body: ``, status: 400},
		{name: "broken", body: `{"serial_number":`, status: 400},
		{name: "list", body: `[]`, status: 400},
		{name: "name twice", body: `{"serial_number":"SN-1","serial_number":"SN-2","public_key_pem":` + toJSON(t, good) + `}`, status: 400},
		{name: "no key", body: `{"serial_number":"SN-1"}`, status: 422},
		{name: "no serial number", body: `{"public_key_pem":` + toJSON(t, good) + `}`, status: 422},
		{name: "blank serial number", body: toJSON(t, map[string]any{"serial_number": " ", "public_key_pem": good}), status: 422},
		{name: "long serial number", body: toJSON(t, map[string]any{"serial_number": strings.Repeat("x", 65), "public_key_pem": good}), status: 422},
		{name: "serial number as a number", body: toJSON(t, map[string]any{"serial_number": 5, "public_key_pem": good}), status: 422},
		{name: "long name", body: toJSON(t, map[string]any{"serial_number": "SN-1", "public_key_pem": good, "device_name": strings.Repeat("x", 256)}), status: 422},
		{name: "P-384", body: toJSON(t, map[string]any{"serial_number": "SN-1", "public_key_pem": pemOf(t, p384.Public())}), status: 422},
		{name: "RSA", body: toJSON(t, map[string]any{"serial_number": "SN-1", "public_key_pem": pemOf(t, weak.Public())}), status: 422},
		{name: "two keys", body: toJSON(t, map[string]any{"serial_number": "SN-1", "public_key_pem": good + good}), status: 422},
		{name: "private key", body: toJSON(t, map[string]any{"serial_number": "SN-1", "public_key_pem": private}), status: 422},
		{name: "no PEM", body: toJSON(t, map[string]any{"serial_number": "SN-1", "public_key_pem": "AAAA"}), status: 422},
		{name: "longest serial number", body: toJSON(t, map[string]any{"serial_number": strings.Repeat("x", 64), "public_key_pem": good, "device_name": ""}), status: 201},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := w.send("POST", "/api/v1/device/provision/generateActivationCode", tt.body, nil)
			require.Equal(t, tt.status, a.status, a.text)
			if tt.status >= 400 {
				require.NotEmpty(t, a.code())
			}
		})
	}
}

func TestActivationStatusTellsStrangersNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.generate("SN-1", pemOf(t, newKey(t).Public()))
	other := w.generate("SN-2", pemOf(t, newKey(t).Public()))
	require.Equal(t, 404, w.status(a.str("device_id"), other.str("activation_code")).status)
	require.Equal(t, 404, w.status("nobody", a.str("activation_code")).status)
	require.Equal(t, 400, w.status("", a.str("activation_code")).status)
	require.Equal(t, 400, w.status(a.str("device_id"), "").status)
}

func TestWhoMayActivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct {
		role            string
		merchant, store int64 // of the person; the device goes to 1, 1
		status          int
	}{
		{role: "STORE_MANAGER", merchant: 1, store: 1, status: 200},
		{role: "STORE_MANAGER", merchant: 1, store: 2, status: 403},
		{role: "MERCHANT_ADMIN", merchant: 1, store: 2, status: 200},
		{role: "MERCHANT_ADMIN", merchant: 2, store: 1, status: 403},
		{role: "PSP_ADMIN", merchant: 9, store: 9, status: 200},
		{role: "SYSTEM_OP", merchant: 9, store: 9, status: 200},
		{role: "STAFF", merchant: 1, store: 1, status: 403},
	} {
		a := w.generate("SN-"+tt.role+string(rune('0'+tt.merchant))+string(rune('0'+tt.store)), pemOf(t, newKey(t).Public()))
		body := map[string]any{"activation_code": a.str("activation_code"), "merchant_id": 1, "store_id": 1}
		got := w.person(tt.role, tt.merchant, tt.store).call("POST", "/device/provision/activate", body)
		require.Equal(t, tt.status, got.status, "%+v: %s", tt, got.text)
		want := "pending"
		if tt.status == 200 {
			want = "active"
			require.JSONEq(t, `{"device_id":"`+a.str("device_id")+`","status":"active"}`, got.text)
		}
		require.Equal(t, want, w.status(a.str("device_id"), a.str("activation_code")).str("status"))
	}
	body := map[string]any{"activation_code": "00000000", "merchant_id": 1, "store_id": 1}
	require.Equal(t, 403, w.caller(1, 1).call("POST", "/device/provision/activate", body).status, "a device")
	manager := w.person("STORE_MANAGER", 1, 1)
	require.Equal(t, 404, manager.call("POST", "/device/provision/activate", body).status, "an unknown code")
	require.Equal(t, 422, manager.call("POST", "/device/provision/activate", `{"activation_code":1,"merchant_id":1,"store_id":1}`).status)
	require.Equal(t, 422, manager.call("POST", "/device/provision/activate", `{"activation_code":"1","merchant_id":"1","store_id":1}`).status)
	require.Equal(t, 400, manager.call("POST", "/device/provision/activate", `[`).status)
}

func TestOneActivationOfManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.generate("SN-1", pemOf(t, newKey(t).Public()))
	won := make([]bool, 10)
	var all sync.WaitGroup
	for i := range won {
		all.Go(func() {
			_, err := w.Activate(a.str("activation_code"), int64(i)+1, 1)
			won[i] = err == nil
		})
	}
	all.Wait()
	winner := int64(0)
	for i, yes := range won {
		if yes {
			require.Zero(t, winner, "two won")
			winner = int64(i) + 1
		}
	}
	require.Equal(t, winner, w.status(a.str("device_id"), a.str("activation_code")).num("merchant_id"))
}

func TestStatusOfADevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.generate("SN-zz", pemOf(t, newKey(t).Public()))
	require.ErrorIs(t, w.SetStatus("SN-zz", "active"), mpac.ErrState, "only a code activates")
	require.ErrorIs(t, w.SetStatus("SN-zz", "suspended"), mpac.ErrState)
	d := w.terminal(1, 1)
	require.ErrorIs(t, w.SetStatus(d.sn, "asleep"), mpac.ErrStatus)
	require.ErrorIs(t, w.SetStatus("SN-X", "active"), mpac.ErrUnknown)
	require.NoError(t, w.SetStatus(d.sn, "suspended"))
	require.NoError(t, w.SetStatus(d.sn, "active"))
	require.NoError(t, w.SetStatus(d.sn, "decommissioned"))
	require.ErrorIs(t, w.SetStatus(d.sn, "active"), mpac.ErrState, "decommissioned is for good")
	require.Equal(t, 409, w.generate(d.sn, pemOf(t, newKey(t).Public())).status)
	list, err := w.Devices()
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, "decommissioned", list[0].Status)
	require.Equal(t, "pending", list[1].Status)
}

// A device that lost its key, or goes to another store, is released and activated anew; what was its old store's stays there.
func TestAReleasedDeviceIsActivatedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.caller(1, 1)
	o := d.must("POST", "/orders", orderBody).str("id")
	id, _ := d.push("order.updated", `{"of":"store 1"}`)
	s := d.connect("")
	s.event(id)
	silent := d.dial()
	require.ErrorIs(t, w.Release("SN-X"), mpac.ErrUnknown)
	require.NoError(t, w.Release(d.sn))
	require.ErrorIs(t, w.Release(d.sn), mpac.ErrState)
	s.closesWith(4401, "released")
	silent.send("hello", map[string]any{"device_id": d.id})
	silent.closesWith(4401, "it said nothing yet")
	require.Equal(t, "invalid_client", d.tokenCall(map[string]string{"client_assertion": d.assertion(nil)}).code())
	socket, status, _ := d.upgrade(d.token, "mpac.v1")
	require.Nil(t, socket)
	require.Equal(t, 403, status, "its old token lives")

	d.key = newKey(t)
	a := w.generate(d.sn, pemOf(t, d.key.Public()))
	require.Equal(t, []string{d.id, d.client}, []string{a.str("device_id"), a.str("client_id")})
	_, err := w.Activate(a.str("activation_code"), 1, 2)
	require.NoError(t, err)
	d.token = d.fetch()
	require.Equal(t, 404, d.call("GET", "/orders/"+o, nil).status)
	s = d.connect(id)
	require.Equal(t, "resync_required", s.next().Type)
	s.pong()
	require.NoError(t, w.SetStatus(d.sn, "decommissioned"))
	require.ErrorIs(t, w.Release(d.sn), mpac.ErrState, "that is for good")
}
