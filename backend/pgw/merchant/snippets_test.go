package merchant_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw/merchant"
)

// program finds an interpreter, or has the set-up script install it.
func program(t *testing.T, command, tool string) string {
	t.Helper()
	path, err := exec.LookPath(command)
	if err == nil {
		return path
	}
	out, err := exec.Command(filepath.Join("..", "..", "..", "scripts", "setup.sh"), tool).CombinedOutput()
	require.NoError(t, err, "%s", out)
	path, err = exec.LookPath(command)
	require.NoError(t, err)
	return path
}

// snippet is a merchant's own code: it signs a request, and checks a header.
type snippet struct {
	sign, verify func(t *testing.T, method, path, last string, body []byte) string
}

func script(interpreter, file, key, secret string) snippet {
	run := func(command string) func(t *testing.T, method, path, last string, body []byte) string {
		return func(t *testing.T, method, path, last string, body []byte) string {
			t.Helper()
			cmd := exec.CommandContext(t.Context(), interpreter, filepath.Join("testdata", file), command, method, path, last)
			cmd.Env = append(os.Environ(), "API_KEY="+key, "SECRET_KEY="+secret)
			cmd.Stdin = bytes.NewReader(body)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			require.NoError(t, err)
			return strings.TrimSpace(string(out))
		}
	}
	return snippet{run("sign"), run("verify")}
}

// goSnippet is written from the guide's formula alone.
func goSnippet(key, secret string) snippet {
	sign := func(method, path, timestamp string, body []byte) string {
		secretHash := sha256.Sum256([]byte(secret))
		bodyHash := sha256.Sum256(body)
		mac := hmac.New(sha256.New, []byte(hex.EncodeToString(secretHash[:])))
		fmt.Fprintf(mac, "%s\n%s\n%s\n%x", method, path, timestamp, bodyHash)
		return hex.EncodeToString(mac.Sum(nil))
	}
	return snippet{
		sign: func(_ *testing.T, method, path, last string, body []byte) string {
			return "HMAC-SHA256 " + key + ":" + last + ":" + sign(method, path, last, body)
		},
		verify: func(_ *testing.T, method, path, last string, body []byte) string {
			parts := strings.Split(strings.TrimPrefix(last, "HMAC-SHA256 "), ":")
			if parts[0] != key || sign(method, path, parts[1], body) != parts[2] {
				return "refused"
			}
			return "ok"
		},
	}
}

// A secret's bytes are those of its UTF-8, in every language.
func TestSnippetsWithASecretThatIsNotASCII(t *testing.T) {
	t.Parallel()
	const key, secret, path, body = "pk_1", "sk_ひみつ_é", "/v1/payment_intents", `{"description":"コーヒー"}`
	header := merchant.NewSigner(merchant.Newline, key, secret).Header(merchant.Message{Method: "POST", Path: path, Timestamp: 1706515200, Body: []byte(body)})
	for name, s := range map[string]snippet{
		"JavaScript": script(program(t, "node", "node"), "merchant.js", key, secret),
		"Python":     script(program(t, "python3", "python"), "merchant.py", key, secret),
		"Go":         goSnippet(key, secret),
	} {
		require.Equal(t, header, s.sign(t, "POST", path, "1706515200", []byte(body)), name)
		require.Equal(t, "ok", s.verify(t, "POST", path, header, []byte(body)), name)
	}
}

// The guide's formula in the languages of merchants: the emulator takes what their code signs, and their code takes what ours signs.
func TestSnippetsOfMerchants(t *testing.T) {
	t.Parallel()
	w := start(t)
	env := w.Env().PGW
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(w.CAPEM()))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}}
	t.Cleanup(client.CloseIdleConnections)
	const path = "/v1/payment_intents"
	for name, s := range map[string]snippet{
		"JavaScript": script(program(t, "node", "node"), "merchant.js", env.APIKey, env.SecretKey),
		"Python":     script(program(t, "python3", "python"), "merchant.py", env.APIKey, env.SecretKey),
		"Go":         goSnippet(env.APIKey, env.SecretKey),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, body := range []string{
				fmt.Sprintf(`{"amount":1000,"currency":"JPY","merchant_ref_id":"%s-1","payment_method_types":["qr_mpm"]}`, name),
				fmt.Sprintf("{ \"amount\" : 1000 ,\n\"currency\":\"JPY\", \"merchant_ref_id\":\"%s-2\",\"payment_method_types\":[\"qr_mpm\"],\"description\":\"é \\u00e9 コーヒー\"}", name),
			} {
				now := time.Now().Unix()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, env.URL+path, strings.NewReader(body))
				require.NoError(t, err)
				req.Header.Set("Authorization", s.sign(t, "POST", path, fmt.Sprint(now), []byte(body)))
				resp, err := client.Do(req)
				require.NoError(t, err)
				answer, err := io.ReadAll(resp.Body)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				require.Equal(t, http.StatusCreated, resp.StatusCode, "body %d: %s", i, answer)

				m := merchant.Message{Method: "POST", Path: path + "?x=1", Timestamp: now, Body: []byte(body)}
				header := merchant.Header(env.APIKey, now, merchant.Newline.Sign(merchant.Secret(env.SecretKey), m))
				require.Equal(t, "ok", s.verify(t, "POST", path, header, []byte(body)))
				require.Equal(t, "refused", s.verify(t, "POST", path, header, []byte(body+" ")))
			}
		})
	}
}
