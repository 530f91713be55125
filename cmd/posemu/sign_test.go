package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw/merchant"
)

const signSecret = "secret_abc123"

var signMessage = merchant.Message{
	Method: "POST", Path: "/v1/payment_intents", Timestamp: 1706515200, Body: []byte(`{"merchant_ref_id":"REF123","amount":100000}`),
}

// signed runs sign with the secret in a file and gives what it printed.
func signed(t *testing.T, stdin string, args ...string) (status int, out string, answer map[string]any) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(signSecret+"\n"), 0o600))
	var stdout, stderr bytes.Buffer
	status = run(append([]string{"sign", "--secret-file", file, "--json"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	require.NotContains(t, stdout.String()+stderr.String(), signSecret, "the secret is printed nowhere")
	_ = json.Unmarshal(stdout.Bytes(), &answer)
	return status, stdout.String() + stderr.String(), answer
}

func pgwArgs(more ...string) []string {
	return append([]string{"pgw", "--method", "POST", "--path", "/v1/payment_intents?x=1", "--timestamp", "1706515200", "--id", "pk_test_1", "--body", "-"}, more...)
}

func TestSignPGW(t *testing.T) {
	t.Parallel()
	status, out, answer := signed(t, string(signMessage.Body), pgwArgs()...)
	require.Equal(t, exitDone, status, out)
	require.Equal(t, map[string]any{
		"v": 1.0, "header": "HMAC-SHA256 pk_test_1:1706515200:e2f8c0aca2c2afd1295450de2eb6e61d04dd3b774592b4bfa38fd1a670539a88",
		"canonical": "POST\n/v1/payment_intents\n1706515200\nf395f12503dd946ffef685c553853656592197490550d48bbe7a43a7377ac066",
		"signature": "e2f8c0aca2c2afd1295450de2eb6e61d04dd3b774592b4bfa38fd1a670539a88", "bodySha256": "f395f12503dd946ffef685c553853656592197490550d48bbe7a43a7377ac066",
	}, answer)
}

// Somebody with a 401 learns which part differs from the other side's.
func TestSignSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	changed := func(change func(m *merchant.Message)) merchant.Message {
		m := signMessage
		change(&m)
		return m
	}
	for _, scheme := range []merchant.Scheme{merchant.Newline, merchant.NewlineRaw, merchant.Colon} {
		own := scheme.Sign(signSecret, signMessage)
		later := changed(func(m *merchant.Message) { m.Timestamp++ })
		for name, tt := range map[string]struct {
			expect     string
			equal      bool
			difference any
			hint       string
		}{
			"own canonical":     {expect: scheme.Canonical(signMessage), equal: true},
			"own signature":     {expect: own, equal: true},
			"own header":        {expect: merchant.Header("pk_test_1", 1706515200, own), equal: true},
			"header with name":  {expect: "Authorization: " + merchant.Header("pk_test_1", 1706515200, own), equal: true},
			"method":            {expect: scheme.Canonical(changed(func(m *merchant.Message) { m.Method = "PUT" })), difference: "method"},
			"method in lower":   {expect: scheme.Canonical(changed(func(m *merchant.Message) { m.Method = "post" })), difference: "method", hint: "upper case"},
			"path":              {expect: scheme.Canonical(changed(func(m *merchant.Message) { m.Path += "/x" })), difference: "path"},
			"timestamp":         {expect: scheme.Canonical(later), difference: "timestamp"},
			"milliseconds":      {expect: scheme.Canonical(changed(func(m *merchant.Message) { m.Timestamp *= 1000 })), difference: "timestamp", hint: "seconds"},
			"body":              {expect: scheme.Canonical(changed(func(m *merchant.Message) { m.Body = []byte("{}") })), difference: "body", hint: "bytes"},
			"header of later":   {expect: merchant.Header("pk_test_1", later.Timestamp, scheme.Sign(signSecret, later)), difference: "timestamp"},
			"header of another": {expect: merchant.Header("pk_test_2", 1706515200, own), hint: "another id"},
			"signed for later":  {expect: scheme.Sign(signSecret, later), difference: "timestamp", hint: "1706515201"},
			"another secret":    {expect: scheme.Sign("other", signMessage), hint: "another secret"},
			"raw digest as key": {expect: "f98e1777af2acfcb95303e17d16a46c4efdb9e59c59c8f030d79af43015ef4dc", hint: "64 hex characters"},
		} {
			_, out, answer := signed(t, string(signMessage.Body), pgwArgs("--scheme", string(scheme), "--expect", tt.expect)...)
			require.Equal(t, tt.equal, answer["matches"], "%s %s: %s", scheme, name, out)
			require.Equal(t, tt.difference, answer["difference"], "%s %s", scheme, name)
			if tt.hint != "" {
				require.Contains(t, answer["hint"], tt.hint, "%s %s", scheme, name)
			}
		}
	}
	_, _, answer := signed(t, string(signMessage.Body), pgwArgs("--expect", merchant.NewlineRaw.Sign(signSecret, signMessage))...)
	require.Contains(t, answer["hint"], "newline_raw")
	_, _, answer = signed(t, string(signMessage.Body), pgwArgs("--expect", strings.ReplaceAll(merchant.Newline.Canonical(signMessage), "\n", `\n`))...)
	require.Equal(t, true, answer["matches"], "line feeds as a shell shows them")
}

func TestSignPay(t *testing.T) {
	t.Parallel()
	status, out, answer := signed(t, "", "pay", "--public-key", "aa46a835-36fa-4f75-ba3d-dc8785912345", "--buyer-ip", "10.10.10.10", "--date", "2024-01-27T23:59:59")
	require.Equal(t, exitDone, status, out)
	require.Equal(t, "<secretKey>aa46a835-36fa-4f75-ba3d-dc878591234510.10.10.102024-01-27T23:59:59", answer["canonical"])
	require.Len(t, answer["token"], 64)
	require.Equal(t, answer["token"], answer["headers"].(map[string]any)["x-token"])
}

func TestSignRefuses(t *testing.T) {
	t.Parallel()
	loose := filepath.Join(t.TempDir(), "loose")
	require.NoError(t, os.WriteFile(loose, []byte("s"), 0o644))
	tight := filepath.Join(t.TempDir(), "tight")
	require.NoError(t, os.WriteFile(tight, []byte("s"), 0o600))
	pgwSign := func(secretFile string, more ...string) []string {
		return append([]string{"sign", "--secret-file", secretFile, "pgw", "--method", "GET", "--path", "/v1", "--timestamp", "1", "--id", "x"}, more...)
	}
	for name, tt := range map[string]struct {
		args   []string
		status int
	}{
		"no kind":            {[]string{"sign"}, exitUsage},
		"no path":            {[]string{"sign", "pgw", "--method", "GET", "--timestamp", "1", "--id", "x"}, exitUsage},
		"good":               {pgwSign(tight), exitDone},
		"unknown scheme":     {pgwSign(tight, "--scheme", "md5"), exitUsage},
		"id with a colon":    {pgwSign(tight, "--id", "a:b"), exitUsage},
		"path without slash": {pgwSign(tight, "--path", "v1"), exitUsage},
		"timestamp as text":  {pgwSign(tight, "--timestamp", "soon"), exitUsage},
		"no body file":       {pgwSign(tight, "--body", tight+".none"), exitFailed},
		"loose secret file":  {pgwSign(loose), exitFailed},
		"no secret file":     {pgwSign(tight + ".none"), exitFailed},
	} {
		var out bytes.Buffer
		require.Equal(t, tt.status, run(tt.args, strings.NewReader(""), &out, &out), "%s: %s", name, &out)
	}
}
