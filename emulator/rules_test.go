package emulator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// other returns a code that is not code.
func other(code string) string {
	first := '0' + (code[0]-'0'+1)%10
	return string(rune(first)) + code[1:]
}

func TestPairing(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	weak, err := rsa.GenerateKey(rand.Reader, 3072)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(weak.Public())
	require.NoError(t, err)
	long := base64.StdEncoding.EncodeToString(der)
	for i, tt := range []struct {
		name   string
		do     func(p *pos, code string) reply
		status int
		code   string
	}{
		{name: "right code and key", do: func(p *pos, code string) reply { return p.pair(code, p.spki()) }, status: 200},
		{name: "wrong code", do: func(p *pos, code string) reply { return p.pair(other(code), p.spki()) }, status: 403, code: "INVALID_PAIRING_CODE"},
		{name: "wrong code before bad key", do: func(p *pos, code string) reply { return p.pair(other(code), "AAAA") }, status: 403, code: "INVALID_PAIRING_CODE"},
		{name: "garbage for a key", do: func(p *pos, code string) reply { return p.pair(code, "AAAA") }, status: 422, code: "INVALID_PUBLIC_KEY"},
		{name: "key of 3072 bits", do: func(p *pos, code string) reply { return p.pair(code, long) }, status: 422, code: "INVALID_PUBLIC_KEY"},
		{name: "bad keys leave the code", do: func(p *pos, code string) reply {
			for range 6 {
				p.pair(code, "AAAA")
			}
			return p.pair(code, p.spki())
		}, status: 200},
		{name: "four wrong codes leave it", do: func(p *pos, code string) reply {
			for range 4 {
				p.pair(other(code), p.spki())
			}
			return p.pair(code, p.spki())
		}, status: 200},
		{name: "five wrong codes drop it", do: func(p *pos, code string) reply {
			for range 5 {
				p.pair(other(code), p.spki())
			}
			return p.pair(code, p.spki())
		}, status: 403, code: "INVALID_PAIRING_CODE"},
		{name: "paired already, whatever the code", do: func(p *pos, code string) reply {
			p.pair(code, p.spki())
			return p.pair(other(code), "AAAA")
		}, status: 409, code: "ALREADY_PAIRED"},
		{name: "field names are case-sensitive", do: func(p *pos, code string) reply {
			return p.must(p.send(http.MethodPost, "/pos/pair", map[string]any{"SerialNumber": p.sn, "pairingCode": code, "publicKey": p.spki()}, nil))
		}, status: 422},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := register(t, w, fmt.Sprintf("SN-%d", i), "Gate 1")
			r := tt.do(p, p.code())
			require.Equal(t, tt.status, r.status, r.text)
			if tt.code != "" {
				require.Equal(t, tt.code, r.code)
			}
		})
	}
}

func TestPairingCodeLivesTwoHours(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p, other := register(t, w, "SN-1", "Gate 1"), register(t, w, "SN-2", "Gate 1")
	code, otherCode := p.code(), other.code()
	p.later(2*time.Hour - 10*time.Second)
	require.Equal(t, http.StatusOK, p.pair(code, p.spki()).status)
	p.later(2*time.Hour + time.Second)
	require.Equal(t, "INVALID_PAIRING_CODE", other.pair(otherCode, other.spki()).code)
	p.later(0)
	require.Equal(t, "INVALID_PAIRING_CODE", other.pair(otherCode, other.spki()).code, "what has expired is deleted, wherever the clock goes")
}

// Only what has the shape of a code uses a try up.
func TestWhatCannotBeACodeIsNoTry(t *testing.T) {
	t.Parallel()
	p := register(t, start(t, emulator.Options{}), "SN-1", "Gate 1")
	code := p.code()
	for range 6 {
		require.Equal(t, "INVALID_PAIRING_CODE", p.pair("abc", p.spki()).code)
	}
	require.Equal(t, http.StatusOK, p.pair(code, p.spki()).status)
}

func TestJWT(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := paired(t, w, "SN-1")
	register(t, w, "SN-2", "Gate 2")
	now := time.Now().Unix()
	claims := func(format string, a ...any) string { return fmt.Sprintf(format, a...) }
	for _, tt := range []struct {
		name, header, claims string
		status               int
	}{
		{name: "good", status: 200},
		{name: "longest life", claims: claims(`{"sub":"SN-1","iat":%d,"exp":%d}`, now-5, now+295), status: 200},
		{name: "life too long", claims: claims(`{"sub":"SN-1","iat":%d,"exp":%d}`, now, now+301), status: 403},
		{name: "expired within the skew", claims: claims(`{"sub":"SN-1","iat":%d,"exp":%d}`, now-90, now-40), status: 200},
		{name: "expired", claims: claims(`{"sub":"SN-1","iat":%d,"exp":%d}`, now-130, now-70), status: 403},
		{name: "issued ahead within the skew", claims: claims(`{"sub":"SN-1","iat":%d,"exp":%d}`, now+40, now+100), status: 200},
		{name: "issued ahead", claims: claims(`{"sub":"SN-1","iat":%d,"exp":%d}`, now+90, now+120), status: 403},
		{name: "expires before it begins", claims: claims(`{"sub":"SN-1","iat":%d,"exp":%d}`, now+10, now+5), status: 403},
		{name: "name of another case", claims: claims(`{"SUB":"SN-1","iat":%d,"exp":%d}`, now, now+60), status: 403},
		{name: "name twice", claims: claims(`{"sub":"SN-2","iat":%d,"exp":%d,"sub":"SN-1"}`, now, now+60), status: 403},
		{name: "fraction", claims: claims(`{"sub":"SN-1","iat":%d.0,"exp":%d}`, now, now+60), status: 403},
		{name: "exponent", claims: claims(`{"sub":"SN-1","iat":%d,"exp":1e9}`, now), status: 403},
		{name: "text", claims: claims(`{"sub":"SN-1","iat":"%d","exp":%d}`, now, now+60), status: 403},
		{name: "unpaired terminal", claims: claims(`{"sub":"SN-2","iat":%d,"exp":%d}`, now, now+60), status: 403},
		{name: "unknown terminal", claims: claims(`{"sub":"SN-3","iat":%d,"exp":%d}`, now, now+60), status: 403},
		{name: "none", header: `{"alg":"none"}`, status: 403},
		{name: "HS256", header: `{"alg":"HS256"}`, status: 403},
		{name: "no algorithm", header: `{"typ":"JWT"}`, status: 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Authorization": {"Bearer " + p.token(tt.header, tt.claims)}}
			r := p.must(p.send(http.MethodGet, "/pos/whitelisted_pans", nil, header))
			require.Equal(t, tt.status, r.status, r.text)
			if tt.status == 403 {
				require.Equal(t, "ACCESS_FORBIDDEN", r.code)
			}
		})
	}
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b"} {
		r := p.must(p.send(http.MethodGet, "/pos/whitelisted_pans", nil, http.Header{"Authorization": {header}}))
		require.Equal(t, http.StatusUnauthorized, r.status, header)
	}
	stranger := known(t, w, "SN-1", 1)
	require.Equal(t, "ACCESS_FORBIDDEN", stranger.call(http.MethodGet, "/pos/whitelisted_pans", nil).code)
}

func TestCheckCards(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := paired(t, w, "SN-1")
	for _, tt := range []struct {
		pan    string
		status int
		code   string
		guests float64
	}{
		{pan: "5555555555554444", status: 200, guests: 3},
		{pan: "5105105105105100", status: 200, guests: 0},
		{pan: "5200000000000015", status: 402, code: "CARD_ASI_FAILED"},
		{pan: "5200000000000023", status: 402, code: "CARD_AUTH_INSUFFICIENT_FUNDS"},
		{pan: "5200000000000031", status: 402, code: "CARD_AMOUNT_AUTH_FAILED"},
		{pan: "5200000000000049", status: 403, code: "LIMIT_EXCEEDED"},
		{pan: "5200000000000056", status: 403, code: "UNMET_REQUIREMENTS"},
		{pan: "5200000000000064", status: 409, code: "TEMPORARILT_BLOCKED"},
		{pan: "5200000000000072", status: 403, code: "MISSING_ACCESS_RULES"},
		{pan: "5200000000000080", status: 403, code: "UNKNOWN_DEVICE"},
		{pan: "5200000000000098", status: 503},
		{pan: "5500000000000004", status: 200, guests: 2},
		{pan: "2221000000000009", status: 200, guests: 2},
		{pan: "2720990000000007", status: 200, guests: 2},
		{pan: "2220990000000007", status: 403, code: "MISSING_ACCESS_RULES"},
		{pan: "2721000000000004", status: 403, code: "MISSING_ACCESS_RULES"},
		{pan: "5600000000000003", status: 403, code: "MISSING_ACCESS_RULES"},
		{pan: "55000000000", status: 422},
		{pan: "5500 0000 0000 0004", status: 422},
	} {
		t.Run(tt.pan, func(t *testing.T) {
			t.Parallel()
			r := p.check(tt.pan, nil)
			require.Equal(t, tt.status, r.status, r.text)
			require.NotContains(t, r.text, tt.pan)
			if tt.code != "" {
				require.Equal(t, tt.code, r.code)
			}
			if tt.status == 200 {
				require.InDelta(t, tt.guests, r.body["maxGuests"], 0)
				require.InDelta(t, 120, r.body["expiresIn"], 0)
			}
		})
	}
}

func TestHoldEndsAndRepeatsAreOneCheck(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p, q := paired(t, w, "SN-1"), paired(t, w, "SN-2")
	const pan = "5300000000000006"
	id := map[string]any{"requestId": uuid.NewString()}
	first := p.check(pan, id)
	require.Equal(t, http.StatusOK, first.status, first.text)
	require.Equal(t, first.text, p.check(pan, id).text, "the same check")
	require.Equal(t, "TEMPORARILT_BLOCKED", p.check(pan, nil).code)
	require.Equal(t, "TEMPORARILT_BLOCKED", q.check(pan, id).code, "a requestId belongs to its terminal")
	p.later(121 * time.Second)
	q.offset = p.offset
	require.Equal(t, http.StatusOK, q.check(pan, nil).status, "after the hold")
	require.Equal(t, "ACCESS_NOT_FOUND", p.confirm(first.body["accessId"].(string), 0).code)
}

func TestSecondPresentation(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p, q := paired(t, w, "SN-1"), paired(t, w, "SN-2")
	const pan = "5200000000000114"
	id := map[string]any{"requestId": uuid.NewString()}
	require.Equal(t, "CARD_ASI_FAILED", p.check(pan, id).code)
	require.Equal(t, "CARD_ASI_FAILED", p.check(pan, id).code, "a repeat is not a second presentation")
	require.Equal(t, "CARD_ASI_FAILED", q.check(pan, nil).code, "another terminal begins anew")
	p.later(121 * time.Second)
	require.Equal(t, "CARD_ASI_FAILED", p.check(pan, nil).code, "too late")
	r := p.check(pan, nil)
	require.InDelta(t, 1, r.body["maxGuests"], 0, r.text)
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p, q := paired(t, w, "SN-1"), paired(t, w, "SN-2")
	id := p.allowed("5555555555554444")
	for _, tt := range []struct {
		name   string
		by     *pos
		id     string
		guests any
		status int
		code   string
	}{
		{name: "one too many", by: p, id: id, guests: 4, status: 422, code: "INVALID_GUESTS"},
		{name: "negative", by: p, id: id, guests: -1, status: 422, code: "INVALID_GUESTS"},
		{name: "fraction", by: p, id: id, guests: 1.5, status: 422},
		{name: "text", by: p, id: id, guests: "1", status: 422},
		{name: "null", by: p, id: id, guests: nil, status: 422},
		{name: "other terminal", by: q, id: id, guests: 1, status: 404, code: "ACCESS_NOT_FOUND"},
		{name: "unknown", by: p, id: uuid.NewString(), guests: 1, status: 404, code: "ACCESS_NOT_FOUND"},
		{name: "right", by: p, id: id, guests: 3, status: 200},
		{name: "again", by: p, id: id, guests: 3, status: 200},
		{name: "again with others", by: p, id: id, guests: 2, status: 409, code: "ALREADY_CONFIRMED"},
	} { // in order: each row stands on the one before
		r := tt.by.confirm(tt.id, tt.guests)
		require.Equal(t, tt.status, r.status, "%s: %s", tt.name, r.text)
		if tt.code != "" {
			require.Equal(t, tt.code, r.code, tt.name)
		}
	}
	rows := entries(t, w)
	require.Len(t, rows, 1)
	require.Equal(t, id, rows[0]["entryId"])
	require.InDelta(t, 3, rows[0]["guests"], 0)
}

func TestReports(t *testing.T) {
	t.Parallel()
	w := start(t, emulator.Options{})
	p := paired(t, w, "SN-1")
	row := func(changes map[string]any) map[string]any {
		r := map[string]any{"entryId": uuid.NewString(), "panHash": strings.Repeat("a", 64), "guests": 1, "reason": "WHITELIST", "occurredAt": "2026-01-28T10:00:00Z"}
		for k, v := range changes {
			r[k] = v
		}
		return r
	}
	send := func(t *testing.T, rows ...any) reply {
		t.Helper()
		return p.call(http.MethodPost, "/pos/offline_reports", map[string]any{"entries": rows})
	}
	for _, tt := range []struct {
		name string
		bad  map[string]any
	}{
		{name: "negative guests", bad: row(map[string]any{"guests": -1})},
		{name: "guests as text", bad: row(map[string]any{"guests": "1"})},
		{name: "unknown reason", bad: row(map[string]any{"reason": "BECAUSE"})},
		{name: "no time", bad: row(map[string]any{"occurredAt": "yesterday"})},
		{name: "short hash", bad: row(map[string]any{"panHash": "aa"})},
		{name: "no hash", bad: row(map[string]any{"panHash": nil})},
		{name: "no UUID", bad: row(map[string]any{"entryId": "x"})},
		{name: "requestId that is none", bad: row(map[string]any{"requestId": "x"})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := send(t, row(nil), tt.bad, row(nil))
			require.Equal(t, http.StatusOK, r.status, r.text)
			require.InDelta(t, 2, r.body["accepted"], 0)
			require.Len(t, r.body["rejected"], 1)
		})
	}
	t.Run("a resend is safe", func(t *testing.T) {
		t.Parallel()
		again := row(nil)
		send(t, again)
		r := send(t, again, again)
		require.InDelta(t, 2, r.body["duplicates"], 0)
		count := 0
		for _, e := range entries(t, w) {
			if e["entryId"] == again["entryId"] {
				count++
			}
		}
		require.Equal(t, 1, count)
	})
	for _, body := range []string{"", "{", "{}", "[]", `{"entries":5}`, `{"entries":[1]}`} {
		r := p.call(http.MethodPost, "/pos/offline_reports", body)
		require.Contains(t, []int{400, 422}, r.status, body)
	}
}
