package admin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/admin"
	"github.com/smartpos-go/terminal/emulator/faults"
	"github.com/smartpos-go/terminal/emulator/journal"
	"github.com/smartpos-go/terminal/emulator/macs"
	"github.com/smartpos-go/terminal/emulator/mpac"
	"github.com/smartpos-go/terminal/emulator/pgw"
	"github.com/smartpos-go/terminal/emulator/posstream"
	"github.com/smartpos-go/terminal/emulator/state"
)

const token = "the-token-of-the-env-file"

// api is an admin API without a network.
type api struct {
	http.Handler
	t       *testing.T
	journal *journal.Journal
}

func newAPI(t *testing.T) api {
	t.Helper()
	st, err := state.Open("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	clock := &state.Clock{}
	server, err := macs.New(st, clock)
	require.NoError(t, err)
	portal, err := mpac.New(st, clock, func() bool { return false })
	require.NoError(t, err)
	t.Cleanup(portal.Close)
	gateway, err := pgw.New(st, clock)
	require.NoError(t, err)
	tills, err := posstream.New(st, clock)
	require.NoError(t, err)
	t.Cleanup(tills.Close)
	requests := journal.New(time.UnixMilli(1))
	return api{t: t, journal: requests, Handler: admin.New(admin.Options{
		Token: token, MACS: server, MPAC: portal, PGW: gateway, POSStream: tills, Faults: faults.NewTable(), Journal: requests, Clock: clock,
	})}
}

func (a api) send(method, path, body, authorization string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer := httptest.NewRecorder()
	a.ServeHTTP(answer, r)
	return answer
}

func (a api) call(method, path, body string) *httptest.ResponseRecorder {
	a.t.Helper()
	return a.send(method, path, body, "Bearer "+token)
}

func requireError(t *testing.T, status int, answer *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, status, answer.Code, answer.Body)
	require.Equal(t, "application/json", answer.Header().Get("Content-Type"))
	var body struct {
		Error struct{ Code, Message string }
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body))
	require.NotEmpty(t, body.Error.Code)
	require.NotEmpty(t, body.Error.Message)
}

func TestEveryCallNeedsTheToken(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + token + "x", "Bearer " + token[1:], "Basic " + token, token} {
		for _, path := range []string{"/admin/api/terminals", "/admin/api/nothing", "/nothing"} {
			requireError(t, http.StatusUnauthorized, a.send(http.MethodGet, path, "", authorization))
		}
	}
	require.Equal(t, http.StatusOK, a.send(http.MethodGet, "/admin/api/terminals", "", "bearer "+token).Code)
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.Equal(t, http.StatusCreated, a.call(http.MethodPost, "/admin/api/terminals", `{"serialNumber":"SN-1","location":""}`).Code)
	hash := strings.Repeat("a", 64)
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{method: "GET", path: "/admin/api/nothing", status: 404},
		{method: "GET", path: "/admin/api/clock", status: 404},
		{method: "POST", path: "/admin/api/terminals", body: `{"serialNumber":"SN-1","location":"x"}`, status: 409},
		{method: "POST", path: "/admin/api/terminals", body: `{"serialNumber":`, status: 422},
		{method: "POST", path: "/admin/api/terminals", body: `[]`, status: 422},
		{method: "POST", path: "/admin/api/terminals", body: ``, status: 422},
		{method: "POST", path: "/admin/api/terminals", body: `{"location":"x"}`, status: 422},
		{method: "POST", path: "/admin/api/terminals", body: `{"serialNumber":5,"location":"x"}`, status: 422},
		{method: "POST", path: "/admin/api/terminals", body: `{"serialNumber":"` + strings.Repeat("x", 65) + `"}`, status: 422},
		{method: "POST", path: "/admin/api/terminals/SN-2/pairing-code", status: 404},
		{method: "POST", path: "/admin/api/terminals/SN-1/pairing-code", status: 201},
		{method: "POST", path: "/admin/api/terminals/SN-2/unpair", status: 404},
		{method: "POST", path: "/admin/api/terminals/SN-1/unpair", status: 200},
		{method: "PUT", path: "/admin/api/terminals/SN-2/bin-ranges", body: `{"ranges":[]}`, status: 404},
		{method: "PUT", path: "/admin/api/terminals/SN-1/bin-ranges", body: `{"ranges":[]}`, status: 200},
		{method: "PUT", path: "/admin/api/terminals/SN-1/bin-ranges", body: `{}`, status: 422},
		{method: "PUT", path: "/admin/api/terminals/SN-1/bin-ranges", body: `{"ranges":[{"from":"52","to":"51"}]}`, status: 422},
		{method: "PUT", path: "/admin/api/terminals/SN-1/bin-ranges", body: `{"ranges":[{"from":51,"to":52}]}`, status: 422},
		{method: "PUT", path: "/admin/api/whitelist", body: `{"pans":["5555555555554444"],"hashes":["` + hash + `"],"generate":{"count":1,"seed":1}}`, status: 200},
		{method: "PUT", path: "/admin/api/whitelist", body: `{"pans":["12ab"]}`, status: 422},
		{method: "PUT", path: "/admin/api/whitelist", body: `{"hashes":["` + strings.ToUpper(hash) + `"]}`, status: 422},
		{method: "PUT", path: "/admin/api/whitelist", body: `{"generate":{"count":-1,"seed":1}}`, status: 422},
		{method: "PUT", path: "/admin/api/whitelist", body: `{"generate":{"count":1.5,"seed":1}}`, status: 422},
		{method: "PUT", path: "/admin/api/whitelist", body: `{"generate":{"count":100000001,"seed":1}}`, status: 422},
		{method: "GET", path: "/admin/api/entries", status: 200},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"nonsense"}`, status: 422},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"refuse","path":"/pos/pair"}`, status: 422},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"reset","times":"two"}`, status: 422},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"reset","tmies":2}`, status: 422},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"reset","times":2} x`, status: 422},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"reset"}`, status: 201},
		{method: "DELETE", path: "/admin/api/faults/nothing", status: 404},
		{method: "DELETE", path: "/admin/api/faults", status: 204},
		{method: "PUT", path: "/admin/api/clock", body: `{"offsetSeconds":"soon"}`, status: 422},
		{method: "PUT", path: "/admin/api/clock", body: `{}`, status: 422},
		{method: "PUT", path: "/admin/api/clock", body: `{"offsetSeconds":1e18}`, status: 422},
		{method: "PUT", path: "/admin/api/clock", body: `{"offsetSeconds":-3600}`, status: 200},
		{method: "POST", path: "/admin/api/mpac/activate", body: `{"activationCode":"00000000","merchantId":1,"storeId":1}`, status: 404},
		{method: "POST", path: "/admin/api/mpac/activate", body: `{"activationCode":"00000000","merchantId":0,"storeId":1}`, status: 422},
		{method: "POST", path: "/admin/api/mpac/activate", body: `{"activationCode":0,"merchantId":1,"storeId":1}`, status: 422},
		{method: "POST", path: "/admin/api/mpac/activate", body: `{"merchantId":1,"storeId":1}`, status: 422},
		{method: "GET", path: "/admin/api/mpac/devices", status: 200},
		{method: "PUT", path: "/admin/api/mpac/devices/SN-1/status", body: `{"status":"active"}`, status: 404}, // a terminal of MACS is no device
		{method: "PUT", path: "/admin/api/mpac/devices/SN-1/status", body: `{"status":"asleep"}`, status: 422},
		{method: "PUT", path: "/admin/api/mpac/devices/SN-1/status", body: `{}`, status: 422},
		{method: "POST", path: "/admin/api/mpac/devices/SN-1/events", body: `{"event":"config.updated","payload":{}}`, status: 404},
		{method: "POST", path: "/admin/api/mpac/devices/SN-1/events", body: `{"payload":{}}`, status: 422},
		{method: "POST", path: "/admin/api/mpac/devices/SN-1/events", body: `{"event":"Config Updated"}`, status: 422},
		{method: "POST", path: "/admin/api/mpac/keys/rotate", body: `{"set":"device"}`, status: 200},
		{method: "POST", path: "/admin/api/mpac/keys/rotate", body: `{"set":"all"}`, status: 422},
		{method: "POST", path: "/admin/api/mpac/keys/rotate", body: ``, status: 422},
		{method: "POST", path: "/admin/api/mpac/human-tokens", body: `{"role":"STAFF","merchantId":1,"storeId":1}`, status: 201},
		{method: "POST", path: "/admin/api/mpac/human-tokens", body: `{"role":"BOSS","merchantId":1,"storeId":1}`, status: 422},
		{method: "POST", path: "/admin/api/mpac/human-tokens", body: `{"role":"STAFF","merchantId":1.5,"storeId":1}`, status: 422},
		{method: "PUT", path: "/admin/api/mpac/settings", body: `{"ratePerMinute":0,"tokenSeconds":120}`, status: 200},
		{method: "PUT", path: "/admin/api/mpac/settings", body: `{"ratePerMinute":1000,"tokenSeconds":59}`, status: 422},
		{method: "PUT", path: "/admin/api/mpac/settings", body: `{"ratePerMinute":1000,"tokenSeconds":"long"}`, status: 422},
		{method: "PUT", path: "/admin/api/mpac/settings", body: `{"tokenSeconds":90}`, status: 422},
		{method: "GET", path: "/admin/api/mpac/sockets", status: 200},
		{method: "DELETE", path: "/admin/api/mpac/sockets/SN-1?code=1012", status: 404},
		{method: "DELETE", path: "/admin/api/mpac/sockets/SN-1?code=1006", status: 422},
		{method: "DELETE", path: "/admin/api/mpac/sockets/SN-1?code=x", status: 422},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"reset","system":"mpac"}`, status: 201},
		{method: "POST", path: "/admin/api/faults", body: `{"kind":"reset","system":"fax"}`, status: 422},
		{method: "GET", path: "/admin/api/posstream/clients", status: 200},
		{method: "GET", path: "/admin/api/posstream/clients/7/events", status: 404},
		{method: "DELETE", path: "/admin/api/posstream/clients/7", status: 404},
		{method: "DELETE", path: "/admin/api/posstream/clients/7/connection", status: 404},
		{method: "POST", path: "/admin/api/posstream/clients", body: `{"pos":"POS-1","address":"127.0.0.1:1","reconnectSeconds":3600}`, status: 201},
		{method: "GET", path: "/admin/api/posstream/clients/1/events", status: 200},
		{method: "POST", path: "/admin/api/posstream/events", body: `{"pos":"POS-1"}`, status: 202},
		{method: "POST", path: "/admin/api/posstream/events", body: `{"pos":"POS-2"}`, status: 404},
		{method: "DELETE", path: "/admin/api/posstream/clients/1", status: 204},
		{method: "POST", path: "/admin/api/posstream/integrators", body: `{"keyId":"KEY"}`, status: 422},
		{method: "POST", path: "/admin/api/posstream/integrators", body: `{"keyId":"KEY","secretKey":"s"}`, status: 201},
		{method: "GET", path: "/admin/api/posstream/integrators", status: 200},
		{method: "PUT", path: "/admin/api/posstream/cloud", body: `{"online":1}`, status: 422},
		{method: "PUT", path: "/admin/api/posstream/cloud", body: `{"online":false}`, status: 200},
		{method: "GET", path: "/admin/api/posstream/cloud", status: 200},
		{method: "GET", path: "/admin/api/requests?limit=100000", status: 200},
		{method: "GET", path: "/admin/api/requests?limit=x", status: 422},
		{method: "GET", path: "/admin/api/requests?since=-1", status: 422},
	} { // in order: a few stand on the ones before
		answer := a.call(tt.method, tt.path, tt.body)
		if tt.status >= 400 {
			requireError(t, tt.status, answer)
			continue
		}
		require.Equal(t, tt.status, answer.Code, "%s %s: %s", tt.method, tt.path, answer.Body)
	}
}

func TestRefusedBodiesAreNotRepeated(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const pan = "5555555555554444"
	for _, body := range []string{`{"pans":["` + pan + `x"]}`, `{"pans":[` + pan + `]}`, `{"pans":"` + pan + `"}`, `{"pans":["` + pan} {
		answer := a.call(http.MethodPut, "/admin/api/whitelist", body)
		requireError(t, http.StatusUnprocessableEntity, answer)
		require.NotContains(t, answer.Body.String(), pan)
	}
}

func TestTerminalInTheList(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const want = `{"serialNumber":"a/b ü","location":"<b>Gate</b>","status":"unpaired"}`
	require.JSONEq(t, want, a.call(http.MethodPost, "/admin/api/terminals", `{"serialNumber":"a/b ü","location":"<b>Gate</b>"}`).Body.String())
	require.JSONEq(t, `{"terminals":[`+want+`]}`, a.call(http.MethodGet, "/admin/api/terminals", "").Body.String())
	answer := a.call(http.MethodPost, "/admin/api/terminals/a%2Fb%20%C3%BC/pairing-code", "")
	require.Equal(t, http.StatusCreated, answer.Code, answer.Body)
	var code struct {
		Code      string
		ExpiresAt time.Time
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &code))
	require.Regexp(t, `^[0-9]{8}$`, code.Code)
	require.WithinDuration(t, time.Now().Add(2*time.Hour), code.ExpiresAt, time.Minute)
}

func TestFaultInTheList(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.JSONEq(t, `{"id":"f1"}`, a.call(http.MethodPost, "/admin/api/faults", `{"kind":"latency","latencyMs":5,"times":2,"path":"/pos/pair"}`).Body.String())
	require.JSONEq(t, `{"id":"f2"}`, a.call(http.MethodPost, "/admin/api/faults", `{"kind":"refuse","id":"mine","remaining":7}`).Body.String())
	require.JSONEq(t, `{"faults":[{"id":"f1","kind":"latency","path":"/pos/pair","latencyMs":5,"times":2,"remaining":2},{"id":"f2","kind":"refuse","remaining":null}]}`,
		a.call(http.MethodGet, "/admin/api/faults", "").Body.String())
	require.Equal(t, http.StatusNoContent, a.call(http.MethodDelete, "/admin/api/faults/f1", "").Code)
	requireError(t, http.StatusNotFound, a.call(http.MethodDelete, "/admin/api/faults/f1", ""))
}

func TestRequestsArePaged(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for range 1500 {
		a.journal.Add(journal.Row{System: "macs"})
	}
	page := func(query string) []int64 {
		var body struct{ Requests []struct{ ID int64 } }
		require.NoError(t, json.Unmarshal(a.call(http.MethodGet, "/admin/api/requests"+query, "").Body.Bytes(), &body))
		ids := make([]int64, len(body.Requests))
		for i, row := range body.Requests {
			ids[i] = row.ID
		}
		return ids
	}
	require.Len(t, page(""), 1000)
	require.Len(t, page("?limit=100000"), 1000)
	require.Equal(t, []int64{1, 2, 3}, page("?limit=3"))
	require.Equal(t, []int64{4, 5}, page("?limit=2&since=3"))
	require.Empty(t, page("?limit=0"))
	require.Len(t, page("?since=1000"), 500)
}

func TestDateMovesWithTheClock(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	require.Equal(t, http.StatusOK, a.call(http.MethodPut, "/admin/api/clock", `{"offsetSeconds":86400.5}`).Code)
	date, err := http.ParseTime(a.call(http.MethodGet, "/admin/api/terminals", "").Header().Get("Date"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(24*time.Hour), date, time.Minute)
}

func TestThePOSEventStreamInTheLists(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	base := "/admin/api/posstream"
	require.JSONEq(t, `{"id":"1"}`, a.call(http.MethodPost, base+"/clients", `{"pos":"<b>1</b>","address":"127.0.0.1:1","events":["create_order"],"aes":"gcm","reconnectSeconds":3600}`).Body.String())
	require.Equal(t, http.StatusAccepted, a.call(http.MethodPost, base+"/events", `{"data":{"n":1},"count":2}`).Code)
	require.JSONEq(t, `{"clients":[{"id":"1","pos":"<b>1</b>","address":"127.0.0.1:1","state":"dialing","events":["create_order"],"rsa":"oaep-sha256","aes":"gcm",
		"reconnectSeconds":3600,"connections":0,"sent":0,"acknowledged":0,"dropped":0,"waiting":2}]}`, a.call(http.MethodGet, base+"/clients", "").Body.String())
	var waiting struct {
		Events []struct {
			MsgID, MsgType string
			Times          int
			Data           json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(a.call(http.MethodGet, base+"/clients/1/events", "").Body.Bytes(), &waiting))
	require.Len(t, waiting.Events, 2)
	require.NotEmpty(t, waiting.Events[0].MsgID)
	require.Equal(t, []any{"create_order", 0, `{"n":1}`}, []any{waiting.Events[0].MsgType, waiting.Events[0].Times, string(waiting.Events[0].Data)})
	requireError(t, http.StatusNotFound, a.call(http.MethodDelete, base+"/clients/1/connection", ""))

	require.Equal(t, http.StatusCreated, a.call(http.MethodPost, base+"/integrators", `{"keyId":"KEY","secretKey":"hidden-secret"}`).Code)
	require.JSONEq(t, `{"integrators":[{"keyId":"KEY"}]}`, a.call(http.MethodGet, base+"/integrators", "").Body.String())
	require.JSONEq(t, `{"online":true}`, a.call(http.MethodGet, base+"/cloud", "").Body.String())
	require.JSONEq(t, `{"online":false}`, a.call(http.MethodPut, base+"/cloud", `{"online":false}`).Body.String())
	require.JSONEq(t, `{"online":false}`, a.call(http.MethodGet, base+"/cloud", "").Body.String())
}
