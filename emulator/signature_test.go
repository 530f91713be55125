package emulator_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// The window is 300 s either way, to the second.
func TestTheSignaturesTime(t *testing.T) {
	t.Parallel()
	base := time.Now()
	p := newTill(t, emulator.Options{Now: func() time.Time { return base }})
	for seconds, want := range map[int]string{-301: "expired_signature", -300: "", -299: "", 0: "", 299: "", 300: "", 301: "expired_signature"} {
		p.at = base.Unix() + int64(seconds)
		require.Equal(t, want, p.signed("GET", intents, "", nil).Error.Code, "%d s", seconds)
	}
}

// Hex may be in either case; what is no digit of the 32 bytes may not.
func TestASignatureInUpperCase(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	p.write = strings.ToUpper
	require.Equal(t, 200, p.signed("GET", intents, "", nil).status)
	for name, write := range map[string]func(string) string{
		"cut": func(s string) string { return s[:62] }, "longer": func(s string) string { return s + "00" }, "twice": func(s string) string { return s + s },
		"in base64": func(s string) string {
			raw, err := hex.DecodeString(s)
			require.NoError(t, err)
			return base64.StdEncoding.EncodeToString(raw)
		},
	} {
		p.write = write
		require.Equal(t, "invalid_signature", p.signed("GET", intents, "", nil).Error.Code, name)
	}
}

func TestHeadersThatAreNone(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	key, now := p.w.Env().PGW.APIKey, time.Now().Unix()
	for header, want := range map[string]string{
		"":                   "missing_authorization",
		"Bearer x":           "missing_authorization",
		"HMAC-SHA256":        "missing_authorization",
		"HMAC-SHA256 " + key: "missing_authorization",
		fmt.Sprintf("HMAC-SHA256 %s:%d", key, now):                                 "missing_authorization",
		fmt.Sprintf("HMAC-SHA256 %s:soon:ab", key):                                 "missing_authorization",
		fmt.Sprintf("HMAC-SHA256 %s:-1:ab", key):                                   "missing_authorization",
		fmt.Sprintf("HMAC-SHA256 :%d:ab", now):                                     "missing_authorization",
		fmt.Sprintf("HMAC-SHA256 pk:test:%d:%s", now, strings.Repeat("a", 64)):     "missing_authorization", // an id with a colon
		fmt.Sprintf("HMAC-SHA256 pk_nobody:%d:%s", now, strings.Repeat("a", 64)):   "client_not_found",
		fmt.Sprintf("HMAC-SHA256 %s:%d:", key, now):                                "invalid_signature",
		fmt.Sprintf("HMAC-SHA256 %s:%d:zz", key, now):                              "invalid_signature",
		fmt.Sprintf("HMAC-SHA256 %s:%d:%s", key, now, strings.Repeat("a", 64)):     "invalid_signature",
		fmt.Sprintf("HMAC-SHA256 %s:%d:%s", key, now, strings.Repeat("a", 64)+":"): "invalid_signature",
	} {
		a := p.do("GET", intents, "", map[string]string{"Authorization": header})
		require.Equal(t, 401, a.status, header)
		require.Equal(t, want, a.Error.Code, header)
		require.NotContains(t, a.text, strings.Repeat("a", 64))
	}
}
