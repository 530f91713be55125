package httpx_test

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
)

func answerOK(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }

// Only the CA of the parameters is trusted, and a certificate refused for its dates alone is another fault than a foreign one.
func TestTrust(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	past, future := life{-48 * hour, -24 * hour}, life{24 * hour, 48 * hour}
	own := newCA(t, today)
	foreign := newCA(t, today)
	expired := newCA(t, past)
	tests := map[string]struct {
		trusted, issuer *ca
		leaf            life
		host            string
		wall            time.Duration // the device's clock, from now
		observed        bool          // trusted time is known to be now
		want            fault.Code
	}{
		"own CA":                            {trusted: own, issuer: own, leaf: today, want: ""},
		"foreign CA":                        {trusted: own, issuer: foreign, leaf: today, want: fault.TLSUntrusted},
		"self-signed":                       {trusted: own, leaf: today, want: fault.TLSUntrusted},
		"another address":                   {trusted: own, issuer: own, leaf: today, host: "127.0.0.2", want: fault.TLSUntrusted},
		"a name for an address":             {trusted: own, issuer: own, leaf: today, host: "localhost", want: fault.TLSUntrusted},
		"expired leaf":                      {trusted: own, issuer: own, leaf: past, want: fault.ClockWrong},
		"leaf not yet good":                 {trusted: own, issuer: own, leaf: future, want: fault.ClockWrong},
		"expired CA":                        {trusted: expired, issuer: expired, leaf: today, want: fault.ClockWrong},
		"expired CA and leaf":               {trusted: expired, issuer: expired, leaf: past, want: fault.ClockWrong},
		"expired and of a foreign CA":       {trusted: own, issuer: foreign, leaf: past, want: fault.TLSUntrusted},
		"expired and of another host":       {trusted: own, issuer: own, leaf: past, host: "127.0.0.2", want: fault.TLSUntrusted},
		"device clock a year behind":        {trusted: own, issuer: own, leaf: today, wall: -365 * 24 * hour, want: fault.ClockWrong},
		"device clock wrong, trusted right": {trusted: own, issuer: own, leaf: today, wall: 365 * 24 * hour, observed: true, want: ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.host == "" {
				tt.host = "127.0.0.1"
			}
			server := serve(t, tt.issuer, tt.leaf, tt.host, http.HandlerFunc(answerOK))
			trusted := clock.New(clock.NewFake(time.Now().Add(tt.wall)), clock.State{})
			if tt.observed {
				trusted.Observe(time.Now(), 0)
			}
			client, err := httpx.New(httpx.Options{BaseURL: server.URL, TrustedCA: tt.trusted.pem(), Clock: trusted})
			require.NoError(t, err)
			t.Cleanup(client.Close)

			resp, err := client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/"})
			require.Equal(t, tt.want, fault.CodeOf(err), "%v", err)
			if tt.want == "" {
				require.Equal(t, 200, resp.Status)
				return
			}
			require.True(t, httpx.NotSent(err), "nothing is said to a server that is not trusted")
		})
	}
}

// A Date that came over a connection nobody verified must not move the clock.
func TestAnUntrustedServerDoesNotMoveTheClock(t *testing.T) {
	t.Parallel()
	server := serve(t, newCA(t, today), today, "127.0.0.1", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(240*time.Hour).UTC().Format(http.TimeFormat))
	}))
	c := clock.New(clock.NewFake(time.Now()), clock.State{})
	client, err := httpx.New(httpx.Options{BaseURL: server.URL, TrustedCA: newCA(t, today).pem(), Clock: c})
	require.NoError(t, err)
	_, err = client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/"})
	require.ErrorIs(t, err, fault.TLSUntrusted)
	require.False(t, c.Status().Observed)
}

// A server that speaks plain HTTP on the port cannot be trusted.
func TestPlainHTTPServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(answerOK))
	t.Cleanup(server.Close)
	client, err := httpx.New(httpx.Options{
		BaseURL: "https" + server.URL[len("http"):], TrustedCA: newCA(t, today).pem(), Clock: clock.New(clock.System{}, clock.State{}),
	})
	require.NoError(t, err)
	_, err = client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/"})
	require.Equal(t, fault.TLSUntrusted, fault.CodeOf(err), "%v", err)
	require.True(t, httpx.NotSent(err))
}

// A server that speaks no TLS of today, or wants what a terminal has not, ends the handshake with an alert.
func TestATLSAlertIsNoLostConnection(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.1":            func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"client certificate": func(c *tls.Config) { c.MaxVersion, c.ClientAuth = tls.VersionTLS12, tls.RequireAnyClientCert },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			authority := newCA(t, today)
			cert, key := newCert(t, today, "127.0.0.1", authority)
			server := httptest.NewUnstartedServer(http.HandlerFunc(answerOK))
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
			change(server.TLS)
			server.StartTLS()
			t.Cleanup(server.Close)
			client, err := httpx.New(httpx.Options{BaseURL: server.URL, TrustedCA: authority.pem()})
			require.NoError(t, err)
			t.Cleanup(client.Close)
			_, err = client.Do(t.Context(), httpx.Request{Method: "GET", Path: "/"})
			require.Equal(t, fault.TLSUntrusted, fault.CodeOf(err), "%v", err)
		})
	}
}

func TestParseCA(t *testing.T) {
	t.Parallel()
	one := string(newCA(t, today).pem())
	tests := map[string]struct {
		pem  string
		want int
	}{
		"one":                {one, 1},
		"two":                {one + string(newCA(t, today).pem()), 2},
		"text around it":     {"# our CA\n" + one + "end\n", 1},
		"none":               {"", 0},
		"no PEM":             {"MIIB", 0},
		"a key":              {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0},
		"broken certificate": {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0},
		"cut file":           {one + one[:len(one)/2], 0},
		"broken first block": {one[:len(one)/2] + one, 0},
		"half a file":        {one + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certs, err := httpx.ParseCA([]byte(tt.pem))
			require.Len(t, certs, tt.want)
			if tt.want == 0 {
				require.ErrorIs(t, err, fault.InvalidConfig)
			}
		})
	}
}

func FuzzParseCA(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		certs, err := httpx.ParseCA(text)
		require.Equal(t, err == nil, len(certs) > 0, "certificates or an error, never neither")
	})
}
