package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// tlsConfig trusts the CA of the options. The chain is verified here and not by crypto/tls, for two reasons of time: a
// device's clock may be wrong while trusted time is right, or the other way round, and a certificate refused for its
// dates alone is another fault than a foreign one.
func (o Options) tlsConfig(host string) (*tls.Config, error) {
	v := verifier{host: host, clock: o.Clock}
	if !o.SystemRoots {
		certs, err := ParseCA(o.TrustedCA)
		if err != nil {
			return nil, err
		}
		v.roots = certs
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection does the whole verification.
		VerifyConnection:   v.verify,
	}, nil
}

// verifier does what crypto/tls does, at two times.
type verifier struct {
	host  string              // of the base URL; a connection state does not name an IP address
	roots []*x509.Certificate // nil: the system's
	clock *clock.Clock
}

func (v verifier) verify(state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return fault.New(fault.TLSUntrusted, "httpx: verify certificate", "the server sent none")
	}
	err := v.chain(state, v.clock.Wall())
	if err == nil {
		return nil
	}
	if datesAlone := v.undated(state); datesAlone {
		if v.chain(state, v.clock.Now()) == nil {
			return nil
		}
		return fault.New(fault.ClockWrong, "httpx: verify certificate", "the certificate is good but for its dates")
	}
	return fault.Wrap(fault.TLSUntrusted, "httpx: verify certificate", err)
}

func (v verifier) chain(state tls.ConnectionState, now time.Time) error {
	return verifyChain(state.PeerCertificates, v.roots, v.host, now)
}

// undated verifies the chain with every date taken out: a leaf and a CA may have no day in common.
func (v verifier) undated(state tls.ConnectionState) bool {
	now := time.Unix(0, 0)
	wide := func(certs []*x509.Certificate) []*x509.Certificate {
		if certs == nil {
			return nil
		}
		out := make([]*x509.Certificate, len(certs))
		for i, cert := range certs {
			c := *cert
			c.NotBefore, c.NotAfter = now.Add(-time.Hour), now.Add(time.Hour)
			out[i] = &c
		}
		return out
	}
	if v.roots == nil { // the system's roots cannot be copied: ask at the middle of the leaf's own life
		leaf := state.PeerCertificates[0]
		return v.chain(state, leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore)/2)) == nil
	}
	return verifyChain(wide(state.PeerCertificates), wide(v.roots), v.host, now) == nil
}

func verifyChain(peer, roots []*x509.Certificate, name string, now time.Time) error {
	options := x509.VerifyOptions{DNSName: name, CurrentTime: now, Intermediates: x509.NewCertPool()}
	if roots != nil {
		options.Roots = pool(roots)
	}
	for _, cert := range peer[1:] {
		options.Intermediates.AddCert(cert)
	}
	_, err := peer[0].Verify(options)
	return err //nolint:wrapcheck // wrapped by verify.
}

func pool(certs []*x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	for _, cert := range certs {
		p.AddCert(cert)
	}
	return p
}

// ParseCA reads PEM certificates. Errors: invalid_config when there is none or one cannot be read.
func ParseCA(pemText []byte) ([]*x509.Certificate, error) {
	certs, err := parsePEM(pemText)
	if err != nil {
		return nil, fault.Wrap(fault.InvalidConfig, "httpx: trusted CA", err)
	}
	if len(certs) == 0 {
		return nil, fault.Wrap(fault.InvalidConfig, "httpx: trusted CA", errors.New("no PEM certificate in it"))
	}
	return certs, nil
}
