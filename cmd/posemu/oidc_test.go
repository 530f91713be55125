package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

var oidcScopes = []string{"order:create", "bill:create", "payment:create"}

// oidc is a running oidc-provider.
type oidc struct {
	issuer, caFile string
	ca             []byte
	lines          chan map[string]string
}

// next is the next line of the server that has a key.
func (o *oidc) next(t *testing.T, key string) string {
	t.Helper()
	for {
		select {
		case line, open := <-o.lines:
			require.True(t, open, "oidc-provider ended")
			if value, has := line[key]; has {
				return value
			}
		case <-time.After(20 * time.Second):
			require.Fail(t, "oidc-provider says nothing of "+key)
		}
	}
}

// installOIDC installs exactly what the lock file names into a folder.
func installOIDC(t *testing.T) string {
	t.Helper()
	run := func(dir, name string, args ...string) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %s: %s", name, args, out)
	}
	run("../..", "scripts/setup.sh", "node")
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata/oidc")))
	run(dir, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
	return dir
}

func startOIDC(t *testing.T, clients ...map[string]any) *oidc {
	t.Helper()
	o := &oidc{lines: make(chan map[string]string, 100)}
	dir := installOIDC(t)
	var key []byte
	o.ca, key = selfSigned(t)
	o.caFile = filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(o.caFile, o.ca, 0o600))
	settings, err := json.Marshal(map[string]any{"key": string(key), "cert": string(o.ca), "scopes": oidcScopes, "clients": clients})
	require.NoError(t, err)
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	go func() {
		defer close(o.lines)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var line map[string]string
			if json.Unmarshal(lines.Bytes(), &line) == nil {
				o.lines <- line
			}
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close()   // it ends with its standard input
		for range o.lines { //nolint:revive // read to the end before Wait closes the pipe.
		}
		_ = cmd.Wait()
	})
	_, err = stdin.Write(append(settings, '\n'))
	require.NoError(t, err)
	o.issuer = o.next(t, "issuer")
	return o
}

// selfSigned makes a certificate for 127.0.0.1 and its key, PEM.
func selfSigned(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "oidc"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// command runs posemu with --json and reads its answer.
func command(t *testing.T, args ...string) (exit int, answer map[string]any) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit = run(args, strings.NewReader(""), &stdout, &stderr)
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &answer), "%s%s", stdout.String(), stderr.String())
	return exit, answer
}

// A certified OAuth server that was not written here takes the terminal's assertion under the FAPI 2.0 profile and gives it a token.
func TestACertifiedServerGivesTheTerminalATokenAndRefusesForgeries(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "terminal.json")
	device := map[string]any{"baseUrl": "https://127.0.0.1:1", "systemRoots": true, "clientId": "pos-1", "bodyFormat": "form", "scope": oidcScopes}
	write := func() {
		text, err := json.Marshal(map[string]any{"serialNumber": "SN-1", "dataDir": "data", "device": device})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(config, text, 0o600))
	}
	terminal := func(args ...string) (int, map[string]any) {
		return command(t, append([]string{"terminal", "--config", config, "--json"}, args...)...)
	}
	write()
	exit, key := terminal("device-key")
	require.Zero(t, exit, key)
	forger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	server := startOIDC(t, map[string]any{"id": "pos-1", "jwk": key["jwk"]}, map[string]any{"id": "forger", "jwk": jwkOf(t, forger)})

	delete(device, "systemRoots")
	device["baseUrl"], device["trustedCaFile"] = server.issuer, server.caFile
	device["tokenUrl"], device["audience"] = server.issuer+"/token", server.issuer
	write()
	exit, token := terminal("token", "--show")
	require.Zero(t, exit, token)
	require.Equal(t, server.next(t, "issued"), token["accessToken"])
	require.ElementsMatch(t, []any{"order:create", "bill:create", "payment:create"}, token["scope"])
	expires, err := time.Parse(time.RFC3339, token["expiresAt"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(90*time.Second), expires, 20*time.Second)
	exit, masked := terminal("token")
	require.Zero(t, exit)
	require.NotContains(t, masked["accessToken"], token["accessToken"])

	refusesForgeries(t, server.issuer+"/token", server.ca, server.issuer, "forger", forger)
}

func TestTheEmulatedServerRefusesTheSameForgeries(t *testing.T) {
	t.Parallel()
	world, err := emulator.Start(t.Context(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = world.Close() })
	env := world.Env().MPAC
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	body, err := json.Marshal(map[string]string{
		"serial_number": "SN-F", "public_key_pem": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	})
	require.NoError(t, err)
	resp, err := trusting(world.CAPEM()).Post(env.URL+"/api/v1/device/provision/generateActivationCode", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var code map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&code))
	require.NoError(t, world.Admin(t.Context(), http.MethodPost, "/admin/api/mpac/activate",
		map[string]any{"activationCode": code["activation_code"], "merchantId": 1, "storeId": 1}, nil))
	refusesForgeries(t, env.TokenURL, world.CAPEM(), env.Issuer, code["client_id"].(string), key)
}

// refusesForgeries sends assertions that differ from a good one in one thing.
func refusesForgeries(t *testing.T, tokenURL string, ca []byte, issuer, clientID string, key *ecdsa.PrivateKey) {
	t.Helper()
	client := trusting(ca)
	ask := func(assertion string) (int, string) {
		t.Helper()
		resp, err := client.PostForm(tokenURL, url.Values{
			"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_assertion": {assertion}, "scope": {"order:create"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		})
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		var answer struct{ Error string }
		require.NoError(t, json.Unmarshal(text, &answer), string(text))
		return resp.StatusCode, answer.Error
	}
	refused := func(what, assertion string) {
		t.Helper()
		status, code := ask(assertion)
		require.Equal(t, "invalid_client", code, what)
		require.Contains(t, []int{400, 401}, status, what)
	}
	good := forge(t, key, clientID, issuer, false)
	status, code := ask(good)
	require.Equal(t, 200, status, code)
	refused("the same jti again", good)
	refused("a DER signature", forge(t, key, clientID, issuer, true))
	refused("another aud", forge(t, key, clientID, "https://elsewhere.example", false))
	status, code = ask(forge(t, key, clientID, issuer, false))
	require.Equal(t, 200, status, "%s: the same without a mistake", code)
}

// forge makes an assertion with the standard library alone.
func forge(t *testing.T, key *ecdsa.PrivateKey, clientID, audience string, der bool) string {
	t.Helper()
	now := time.Now().Unix()
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	part := func(value map[string]any) string {
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	input := part(map[string]any{"alg": "ES256", "typ": "client-authentication+jwt"}) + "." + part(map[string]any{
		"iss": clientID, "sub": clientID, "aud": audience, "iat": now, "exp": now + 60, "jti": strconv.QuoteToASCII(string(id)),
	})
	digest := sha256.Sum256([]byte(input))
	if der {
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		require.NoError(t, err)
		return input + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	require.NoError(t, err)
	raw := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return input + "." + base64.RawURLEncoding.EncodeToString(raw)
}

func jwkOf(t *testing.T, key *ecdsa.PrivateKey) map[string]string {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	encode := base64.RawURLEncoding.EncodeToString
	return map[string]string{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "x": encode(point[1:33]), "y": encode(point[33:])}
}

func trusting(ca []byte) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}
