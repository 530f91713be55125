package emulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStartRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, busy.Close()) })
	for _, tt := range []struct {
		name string
		o    Options
	}{
		{name: "no port", o: Options{Listen: "127.0.0.1"}},
		{name: "port that is no number", o: Options{Listen: "127.0.0.1:http"}},
		{name: "port beyond the last", o: Options{Listen: "127.0.0.1:65536"}},
		{name: "port in use", o: Options{Listen: busy.Addr().String()}},
		{name: "env file in no folder", o: Options{EnvFile: filepath.Join(t.TempDir(), "none", "env.json")}},
		{name: "state folder that is a file", o: Options{StateDir: os.Args[0]}},
		{name: "randomness that ends", o: Options{Rand: bytes.NewReader(nil)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, err := Start(context.Background(), tt.o)
			require.Error(t, err)
			require.Nil(t, w)
		})
	}
}

func TestCertificatesNameEveryWayToTheHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		listen string
		host   string // in the env
		names  []string
	}{
		{listen: "", host: "127.0.0.1"},
		{listen: "127.0.0.2:0", host: "127.0.0.2", names: []string{"127.0.0.2"}},
		{listen: "localhost:0", host: "localhost"},
		{listen: "0.0.0.0:0", host: "127.0.0.1", names: []string{"0.0.0.0"}},
		{listen: ":0", host: "127.0.0.1"},
	} {
		t.Run(tt.listen, func(t *testing.T) {
			t.Parallel()
			w, err := Start(context.Background(), Options{Listen: tt.listen})
			require.NoError(t, err)
			defer func() { require.NoError(t, w.Close()) }()
			roots := x509.NewCertPool()
			require.True(t, roots.AppendCertsFromPEM(w.CAPEM()))
			for _, base := range []string{w.Env().Admin.URL, w.Env().MACS.URL} {
				address, err := url.Parse(base)
				require.NoError(t, err)
				require.Equal(t, tt.host, address.Hostname())
				conn, err := tls.Dial("tcp", address.Host, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots})
				require.NoError(t, err)
				leaf := conn.ConnectionState().PeerCertificates[0]
				require.NoError(t, conn.Close())
				for _, name := range append([]string{"localhost", "127.0.0.1", "::1", "10.0.2.2"}, tt.names...) {
					require.NoError(t, leaf.VerifyHostname(name))
				}
			}
		})
	}
}

func TestEnvFileIsPrivateAndComplete(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "env.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"old":true}`), 0o644))
	w, err := Start(context.Background(), Options{EnvFile: path})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var env Env
	require.NoError(t, json.Unmarshal(text, &env))
	require.Equal(t, w.Env(), env)
	require.Equal(t, 1, env.V)
	require.True(t, filepath.IsAbs(env.CAFile))
	ca, err := os.ReadFile(env.CAFile)
	require.NoError(t, err)
	require.Equal(t, w.CAPEM(), ca)
	require.GreaterOrEqual(t, len(env.MACS.WhitelistSecret), 32)
	require.GreaterOrEqual(t, len(env.Admin.Token), 32)
}

func TestClockAndRandAreInjected(t *testing.T) {
	t.Parallel()
	begin := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	zeros := bytes.NewReader(make([]byte, 4096))
	w, err := Start(context.Background(), Options{Now: func() time.Time { return begin }, Rand: zeros})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	require.Regexp(t, "^A{43}$", w.Env().Admin.Token)
	require.NoError(t, w.Admin(context.Background(), http.MethodPost, "/admin/api/terminals", map[string]string{"serialNumber": "SN-1"}, nil))
	var code struct {
		Code      string
		ExpiresAt time.Time
	}
	require.NoError(t, w.Admin(context.Background(), http.MethodPost, "/admin/api/terminals/SN-1/pairing-code", nil, &code))
	require.Equal(t, "00000000", code.Code)
	require.Equal(t, begin.Add(2*time.Hour), code.ExpiresAt)
}

// Not parallel: the ports it comes back to must not be taken meanwhile by another world of these tests.
func TestCloseIsIdempotentAndGivesEverythingBack(t *testing.T) {
	o := Options{StateDir: t.TempDir()}
	w, err := Start(context.Background(), o)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	again, err := Start(context.Background(), o)
	require.NoError(t, err, "the ports and the folder are free")
	require.Equal(t, w.Env(), again.Env())
	require.NoError(t, again.Close())
}

func TestDamagedCAIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.key"), []byte("half"), 0o600))
	_, err := Start(context.Background(), Options{StateDir: dir})
	require.ErrorContains(t, err, "ca.key is damaged")
}

func TestAdminErrorsHaveTheAPIsWords(t *testing.T) {
	t.Parallel()
	w, err := Start(context.Background(), Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, w.Close()) }()
	err = w.Admin(context.Background(), http.MethodPost, "/admin/api/terminals/SN-1/unpair", nil, nil)
	require.ErrorContains(t, err, "HTTP 404")
	require.ErrorContains(t, err, "no such terminal")
}
