package scripts_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// served is a running posemu and the env file that it wrote.
type served struct {
	posemu, path string

	env struct {
		Admin struct{ URL, Token string }
		CA    string `json:"caFile"`
		MACS  struct{ URL, WhitelistSecret string }
		MPAC  struct{ URL, Issuer string }
		PGW   struct{ URL string }
	}
}

// serve runs posemu until the test is over.
func serve(t *testing.T, posemu string) *served {
	t.Helper()
	s := &served{posemu: posemu, path: filepath.Join(t.TempDir(), "env.json")}
	cmd := exec.Command(posemu, "serve", "--env", s.path)
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(output)
	for lines.Scan() && lines.Text() != "ready" {
	}
	text, err := os.ReadFile(s.path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &s.env))
	return s
}

// get asks the admin API.
func (s *served) get(t *testing.T, path string) string {
	t.Helper()
	ca, err := os.ReadFile(s.env.CA)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(ca))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.env.Admin.URL+path, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.env.Admin.Token)
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, string(body))
	return string(body)
}

// resources reads the strings of a file of Android, without their quotes.
func resources(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var file struct {
		Strings []struct {
			Name string `xml:"name,attr"`
			Text string `xml:",chardata"`
		} `xml:"string"`
	}
	require.NoError(t, xml.Unmarshal(text, &file))
	found := map[string]string{}
	for _, s := range file.Strings {
		require.Regexp(t, `^"(?s:.*)"$`, s.Text)
		found[strings.TrimPrefix(s.Name, "default_")] = strings.ReplaceAll(strings.Trim(s.Text, `"`), `\n`, "\n")
	}
	return found
}

func TestTheScriptOfTheSample(t *testing.T) {
	t.Parallel()
	posemu := filepath.Join(t.TempDir(), "posemu")
	built, err := exec.Command("go", "build", "-o", posemu, "../cmd/posemu").CombinedOutput()
	require.NoError(t, err, string(built))
	t.Run("tells the sample where the emulator is", func(t *testing.T) {
		t.Parallel()
		testTheSampleIsTold(t, serve(t, posemu))
	})
	t.Run("says why there is no pairing code", func(t *testing.T) {
		t.Parallel()
		testThereIsNoPairingCode(t, serve(t, posemu))
	})
}

func testTheSampleIsTold(t *testing.T, s *served) {
	values := filepath.Join(t.TempDir(), "values")
	run := func() (output, warnings string) {
		cmd := exec.Command("bash", "../android-sample/emulator.sh", s.path, "SN-0001")
		cmd.Env = append(os.Environ(), "VALUES="+values)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		require.NoError(t, cmd.Run(), stderr.String())
		return stdout.String(), stderr.String()
	}
	output, warnings := run()
	require.Regexp(t, regexp.MustCompile(`(?m)^pairing code: \d{8}$`), output)
	require.Empty(t, warnings)
	require.Contains(t, s.get(t, "/admin/api/terminals"), `"SN-0001"`)
	require.Contains(t, s.get(t, "/admin/api/posstream/clients"), `"127.0.0.1:7000"`)

	file := filepath.Join(values, "emulator.xml")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it has secrets")
	told := resources(t, file)
	ca, err := os.ReadFile(s.env.CA)
	require.NoError(t, err)
	require.Equal(t, "SN-0001", told["serial_number"])
	require.Equal(t, string(ca), told["trusted_ca"])
	require.Equal(t, asAndroidSees(t, s.env.MACS.URL), told["server"])
	require.Equal(t, s.env.MACS.WhitelistSecret, told["whitelist_secret"])
	require.Equal(t, asAndroidSees(t, s.env.MPAC.URL), told["api"])
	require.Equal(t, s.env.MPAC.Issuer, told["audience"])
	require.Equal(t, asAndroidSees(t, s.env.PGW.URL), told["gateway"])
	require.Equal(t, "127.0.0.1:7000", told["listen"])
	require.Len(t, told["till_secret"], 32)
	require.NotContains(t, output, told["till_secret"])

	defaults := resourceNames(t, "../android-sample/app/src/main/res/values/defaults.xml")
	for name := range told {
		require.Contains(t, defaults, name, "the app has a field for it")
	}

	_, warnings = run()
	require.Equal(t, "SN-0001 is registered already\n", warnings)
	require.Equal(t, 1, strings.Count(s.get(t, "/admin/api/posstream/clients"), `"127.0.0.1:7000"`), "one till, however often it runs")
}

func testThereIsNoPairingCode(t *testing.T, s *served) {
	values := t.TempDir()
	script := func(env string) (string, error) {
		cmd := exec.Command("bash", "../android-sample/emulator.sh", env, "SN-0001")
		cmd.Env = append(os.Environ(), "VALUES="+values)
		output, err := cmd.CombinedOutput()
		return string(output), err
	}
	fails := func(env string) string {
		output, err := script(env)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, output)
		require.Equal(t, 1, exit.ExitCode())
		require.NotContains(t, output, "pairing code:")
		require.NotContains(t, output, "Traceback")
		require.NotContains(t, output, s.env.Admin.Token)
		return output
	}
	missing := filepath.Join(t.TempDir(), "missing.json")
	require.Contains(t, fails(missing), missing+" is missing: start posemu serve")
	other := filepath.Join(t.TempDir(), "other.json")
	require.NoError(t, os.WriteFile(other, []byte(`{"caFile": "/tmp/ca.pem"`), 0o600))
	require.Contains(t, fails(other), other+" is not the file that posemu serve writes")

	text, err := os.ReadFile(s.path)
	require.NoError(t, err)
	gone := filepath.Join(t.TempDir(), "gone.json")
	require.NoError(t, os.WriteFile(gone, bytes.Replace(text, []byte(s.env.Admin.URL), []byte("https://127.0.0.1:1"), 1), 0o600))
	require.Contains(t, fails(gone), "no answer; does the posemu serve of "+gone+" run?")

	output, err := script(s.path)
	require.NoError(t, err, output)
	code := regexp.MustCompile(`pairing code: (\d{8})`).FindStringSubmatch(output)
	require.Len(t, code, 2)
	for _, arguments := range [][]string{{"init", "--env", s.path, "--sn", "SN-0001"}, {"pair", code[1]}} {
		parameters := filepath.Join(filepath.Dir(s.path), "sn1.json")
		output, err := exec.Command(s.posemu, append([]string{"terminal", "--config", parameters}, arguments...)...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	require.Contains(t, fails(s.path), "the terminal is paired; unpair it first")
}

func TestTheScriptSaysHowItIsCalled(t *testing.T) {
	t.Parallel()
	output, err := exec.Command("bash", "../android-sample/emulator.sh").CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 2, exit.ExitCode())
	require.Contains(t, string(output), "usage: android-sample/emulator.sh ENV SN")
}

// asAndroidSees is an address of this machine on an Android emulator.
func asAndroidSees(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.Host = "10.0.2.2:" + u.Port()
	return u.String()
}

func resourceNames(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var names []string
	for _, match := range regexp.MustCompile(`name="default_(\w+)"`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, match[1])
	}
	return names
}
