package httpx_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// life is when a certificate is good, in hours from now.
type life struct{ from, to time.Duration }

var today = life{-time.Hour, 24 * time.Hour}

type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newCert(t *testing.T, l life, host string, issuer *ca) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test " + host},
		NotBefore: time.Now().Add(l.from), NotAfter: time.Now().Add(l.to), BasicConstraintsValid: true,
	}
	parent, signer := template, key
	switch {
	case host == "":
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	case net.ParseIP(host) != nil:
		template.IPAddresses = []net.IP{net.ParseIP(host)}
	default:
		template.DNSNames = []string{host}
	}
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

func newCA(t *testing.T, l life) *ca {
	t.Helper()
	cert, key := newCert(t, l, "", nil)
	return &ca{cert: cert, key: key}
}

func (c *ca) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

// serve starts a TLS server with a leaf of this CA, or a self-signed one for a nil CA.
func serve(t *testing.T, issuer *ca, l life, host string, h http.Handler) *httptest.Server {
	t.Helper()
	cert, key := newCert(t, l, host, issuer)
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// rig is a client and the server it trusts.
type rig struct {
	client *httpx.Client
	log    *bytes.Buffer
	source *clock.Fake
	clock  *clock.Clock
	url    string
}

func newRig(t *testing.T, h http.HandlerFunc, change func(*httpx.Options)) *rig {
	t.Helper()
	authority := newCA(t, today)
	server := serve(t, authority, today, "127.0.0.1", h)
	r := &rig{log: &bytes.Buffer{}, source: clock.NewFake(time.Now()), url: server.URL}
	r.clock = clock.New(r.source, clock.State{})
	o := httpx.Options{
		BaseURL: server.URL, TrustedCA: authority.pem(), Clock: r.clock,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	client, err := httpx.New(o)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	r.client = client
	return r
}
