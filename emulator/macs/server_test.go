package macs_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/macs"
)

const card = "5300000000000006"

func TestPairingShape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.terminal("SN-1", "Gate 1")
	code, expires, err := w.PairingCode("SN-1")
	require.NoError(t, err)
	require.Equal(t, 2*time.Hour, expires.Sub(w.clock.Now()))
	for _, body := range []string{
		``, `{`, `[]`, `null`, `{"serialNumber":"SN-1"}`,
		`{"serialNumber":"SN-1","pairingCode":` + code + `,"publicKey":"` + p.publicKey() + `"}`,
		`{"serialNumber":"SN-1","PairingCode":"` + code + `","publicKey":"` + p.publicKey() + `"}`,
		`{"serialNumber":"SN-1","serialNumber":"SN-1","pairingCode":"` + code + `","publicKey":"` + p.publicKey() + `"}`,
		`{"serialNumber":"SN-1","pairingCode":"` + code + `","publicKey":"` + p.publicKey() + `"} {}`,
	} {
		errorCode(t, http.StatusUnprocessableEntity, "INVALID_REQUEST", w.send(http.MethodPost, "/pos/pair", body, nil))
	}
	require.Equal(t, http.StatusOK, p.pair(code, p.publicKey()).Code, "none of them was a wrong try")
}

func TestPairingKeyAsPEM(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.terminal("SN-1", "Gate 1")
	code, _, err := w.PairingCode("SN-1")
	require.NoError(t, err)
	der := p.publicKey()
	text := "-----BEGIN PUBLIC KEY-----\n" + der + "\n-----END PUBLIC KEY-----\n"
	twice := base64.StdEncoding.EncodeToString([]byte(text + text))
	errorCode(t, http.StatusUnprocessableEntity, "INVALID_PUBLIC_KEY", p.pair(code, twice))
	require.Equal(t, http.StatusOK, p.pair(code, base64.StdEncoding.EncodeToString([]byte(text))).Code)
	require.Equal(t, http.StatusOK, p.call(http.MethodGet, "/pos/fallback_bin_ranges", "").Code)
}

func TestOnePairingOfManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.terminal("SN-1", "Gate 1")
	code, _, err := w.PairingCode("SN-1")
	require.NoError(t, err)
	statuses := make([]int, 10)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() { statuses[i] = p.pair(code, p.publicKey()).Code })
	}
	all.Wait()
	require.ElementsMatch(t, append(slices.Repeat([]int{409}, 9), 200), statuses)
}

func TestOperatorsRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	_, _, err := w.PairingCode("SN-1")
	require.ErrorIs(t, err, macs.ErrPaired)
	_, err = w.Register("SN-1", "")
	require.ErrorIs(t, err, macs.ErrExists)
	_, _, err = w.PairingCode("SN-2")
	require.ErrorIs(t, err, macs.ErrUnknown)
	require.ErrorIs(t, w.Unpair("SN-2"), macs.ErrUnknown)
	require.ErrorIs(t, w.SetRanges("SN-2", nil), macs.ErrUnknown)
	require.True(t, w.Registered("SN-1"))
	require.False(t, w.Registered("SN-2"))

	token := p.token()
	require.NoError(t, w.Unpair("SN-1"))
	errorCode(t, http.StatusForbidden, "ACCESS_FORBIDDEN", w.send(http.MethodGet, "/pos/whitelisted_pans", "", http.Header{"Authorization": {"Bearer " + token}}))
	list, err := w.Terminals()
	require.NoError(t, err)
	require.Equal(t, []macs.Terminal{{SerialNumber: "SN-1", Location: "Gate 1", Status: "unpaired"}}, list)
}

func TestTokenThatCannotPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	now := w.clock.Now().Unix()
	good := fmt.Sprintf(`{"sub":"SN-1","iat":%d,"exp":%d}`, now, now+60)
	const header = `{"alg":"RS256"}`
	for _, tt := range []struct {
		name, authorization string
		status              int
	}{
		{name: "good", authorization: "Bearer " + p.sign(header, good), status: 200},
		{name: "scheme in lower case", authorization: "bearer " + p.sign(header, good), status: 200},
		{name: "none", authorization: "", status: 401},
		{name: "another scheme", authorization: "Basic " + p.sign(header, good), status: 401},
		{name: "padding", authorization: "Bearer " + p.sign(header, good) + "=", status: 401},
		{name: "four parts", authorization: "Bearer " + p.sign(header, good) + ".e30", status: 401},
		{name: "too long", authorization: "Bearer " + p.sign(header, good[:len(good)-1]+`,"x":"`+strings.Repeat("x", 8192)+`"}`), status: 401},
		{name: "crit", authorization: "Bearer " + p.sign(`{"alg":"RS256","crit":["exp"]}`, good), status: 403},
		{name: "alg twice", authorization: "Bearer " + p.sign(`{"alg":"none","alg":"RS256"}`, good), status: 403},
		{name: "ALG", authorization: "Bearer " + p.sign(`{"ALG":"RS256"}`, good), status: 403},
		{name: "rs256", authorization: "Bearer " + p.sign(`{"alg":"rs256"}`, good), status: 403},
		{name: "claim twice, one escaped", authorization: "Bearer " + p.sign(header, good[:len(good)-1]+`,"\u0073ub":"SN-2"}`), status: 403},
		{name: "something behind the claims", authorization: "Bearer " + p.sign(header, good+"{}"), status: 403},
		{name: "claims that are a list", authorization: "Bearer " + p.sign(header, `["SN-1"]`), status: 403},
		{name: "no signature", authorization: "Bearer " + strings.TrimRight(p.sign(header, good), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), status: 403},
		{name: "overflow", authorization: "Bearer " + p.sign(header, fmt.Sprintf(`{"sub":"SN-1","iat":%d,"exp":9223372036854775807}`, now)), status: 403},
		{name: "negative", authorization: "Bearer " + p.sign(header, `{"sub":"SN-1","iat":-61,"exp":-1}`), status: 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer := w.send(http.MethodGet, "/pos/whitelisted_pans", "", http.Header{"Authorization": {tt.authorization}})
			require.Equal(t, tt.status, answer.Code, answer.Body)
		})
	}
}

func TestClaimsFollowTheServersClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	now := w.clock.Now().Unix()
	for _, tt := range []struct {
		name     string
		iat, exp int64
		status   int
	}{
		{name: "exp at the edge of the skew", iat: now - 120, exp: now - 60, status: 200},
		{name: "exp beyond it", iat: now - 121, exp: now - 61, status: 403},
		{name: "iat at the edge of the skew", iat: now + 60, exp: now + 120, status: 200},
		{name: "iat beyond it", iat: now + 61, exp: now + 121, status: 403},
		{name: "longest life", iat: now, exp: now + 300, status: 200},
		{name: "longer life", iat: now, exp: now + 301, status: 403},
		{name: "no life", iat: now, exp: now, status: 200},
		{name: "exp before iat", iat: now, exp: now - 1, status: 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			token := p.sign(`{"alg":"RS256"}`, fmt.Sprintf(`{"sub":"SN-1","iat":%d,"exp":%d}`, tt.iat, tt.exp))
			answer := w.send(http.MethodGet, "/pos/whitelisted_pans", "", http.Header{"Authorization": {"Bearer " + token}})
			require.Equal(t, tt.status, answer.Code, answer.Body)
		})
	}
}

func TestCheckReadsStrictly(t *testing.T) {
	t.Parallel()
	p := newWorld(t).paired("SN-1")
	for _, more := range []string{
		`,"expiryDate":"3013"`, `,"expiryDate":3012`, `,"expiryDate":"12/30"`, `,"service":"SPA"`, `,"service":null`,
		`,"entryMode":"MAGIC"`, `,"requestId":"x"`, `,"requestId":7`, `,"pan":"5300000000000006"`,
	} {
		errorCode(t, http.StatusUnprocessableEntity, "INVALID_REQUEST", p.check(card, more))
	}
	p.allowed(card, `,"expiryDate":"3012","service":"LOUNGE","entryMode":"CHIP","unknown":{"x":[1]}`)
}

func TestTerminalWithoutLocationIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.terminal("SN-1", "")
	code, _, err := w.PairingCode("SN-1")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, p.pair(code, p.publicKey()).Code)
	errorCode(t, http.StatusForbidden, "UNKNOWN_DEVICE", p.check(card, ""))
}

func TestHeldCardIsBlockedForEveryone(t *testing.T) {
	t.Parallel()
	const again = "5200000000000114"
	w := newWorld(t)
	p, q := w.paired("SN-1"), w.paired("SN-2")
	errorCode(t, http.StatusPaymentRequired, "CARD_ASI_FAILED", p.check(again, ""))
	p.allowed(again, "")
	errorCode(t, http.StatusConflict, "TEMPORARILT_BLOCKED", q.check(again, ""))
	w.clock.Move(120 * time.Second)
	errorCode(t, http.StatusPaymentRequired, "CARD_ASI_FAILED", q.check(again, ""))
}

func TestOneCheckOfManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.paired("SN-1"), w.paired("SN-2")
	statuses := make([]int, 10)
	var all sync.WaitGroup
	for i := range statuses {
		by := p
		if i%2 == 1 {
			by = q
		}
		all.Go(func() { statuses[i] = by.check(card, "").Code })
	}
	all.Wait()
	require.ElementsMatch(t, append(slices.Repeat([]int{409}, 9), 200), statuses)
}

func TestConfirmAtTheEndOfTheHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	id := p.allowed(card, "")
	w.clock.Move(119 * time.Second)
	require.Equal(t, http.StatusOK, p.confirm(id, 1).Code)
	other := p.allowed(card, "")
	w.clock.Move(239 * time.Second)
	errorCode(t, http.StatusNotFound, "ACCESS_NOT_FOUND", p.confirm(other, 1))
	w.clock.Move(365 * 24 * time.Hour)
	require.Equal(t, http.StatusOK, p.confirm(id, 1).Code, "a confirmed one stays so for good")
}

// A check whose answer got lost is decided offline; its report ends the hold, and nobody can enter on it twice.
func TestReportEndsTheHoldOfItsCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.paired("SN-1"), w.paired("SN-2")
	request := uuid.NewString()
	id := p.allowed(card, `,"requestId":"`+request+`"`)
	row := func() string {
		return fmt.Sprintf(`{"entryId":%q,"panHash":%q,"guests":1,"reason":"WHITELIST","occurredAt":"2026-01-28T10:00:00.5Z","requestId":%q}`,
			uuid.NewString(), strings.Repeat("a", 64), request)
	}
	require.Equal(t, http.StatusOK, q.report(row()).Code)
	errorCode(t, http.StatusConflict, "TEMPORARILT_BLOCKED", q.check(card, "")) // a requestId belongs to its terminal
	require.Equal(t, http.StatusOK, p.report(row()).Code)
	errorCode(t, http.StatusNotFound, "ACCESS_NOT_FOUND", p.confirm(id, 1))
	q.allowed(card, "")
}

func TestReportsAreAllOrNothingOnlyForTheirShape(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	good := fmt.Sprintf(`{"entryId":%q,"panHash":%q,"guests":0,"reason":"BIN_RANGE","occurredAt":"2026-01-28T19:00:00+09:00"}`, uuid.NewString(), strings.Repeat("a", 64))
	require.Equal(t, http.StatusUnprocessableEntity, p.report(good, "7").Code)
	entries, err := w.Entries()
	require.NoError(t, err)
	require.Empty(t, entries)
	require.JSONEq(t, `{"accepted":0,"duplicates":0,"rejected":[]}`, p.report().Body.String())
	require.JSONEq(t, `{"accepted":1,"duplicates":1,"rejected":[]}`, p.report(good, good).Body.String())
	entries, err = w.Entries()
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "2026-01-28T10:00:00Z", entries[0].OccurredAt, "in UTC")
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	p := newWorld(t).paired("SN-1")
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{method: http.MethodGet, path: "/pos/check_entry", status: 405, allow: "POST"},
		{method: http.MethodPost, path: "/pos/whitelisted_pans", status: 405, allow: "GET"},
		{method: http.MethodGet, path: "/pos/nothing", status: 404},
		{method: http.MethodGet, path: "/", status: 404},
		{method: http.MethodPost, path: "/post/pair", status: 404},
	} {
		answer := p.call(tt.method, tt.path, "{}")
		require.Equal(t, tt.status, answer.Code, tt.path)
		require.Equal(t, tt.allow, answer.Header().Get("Allow"), tt.path)
	}
}

// The slow card holds nothing up: who hangs up or a server that stops ends the wait, and the card stays free.
func TestSlowCardEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	const slow = "5200000000000106"
	p := newWorld(t).paired("SN-1")
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/pos/check_entry", strings.NewReader(`{"pan":"`+slow+`"}`))
	r.Header.Set("Authorization", "Bearer "+p.token())
	answer := httptest.NewRecorder()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.ServeHTTP(answer, r)
	}()
	p.allowed(card, "") // another card meanwhile
	cancel()
	<-ended
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
}
