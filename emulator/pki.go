package emulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

const day = 24 * time.Hour

// authority is the world's own CA. Its certificates are valid from long before now, so that a terminal whose clock is a month
// late can still talk to it.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// openAuthority reads the CA of the state folder, or makes it.
func openAuthority(st *state.State) (*authority, error) {
	path := filepath.Join(st.Dir(), "ca.key")
	text, err := os.ReadFile(path) //nolint:gosec // the state folder.
	if errors.Is(err, os.ErrNotExist) {
		if text, err = newAuthority(); err == nil {
			err = state.WriteFile(path, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("emulator: CA: %w", err)
	}
	keyBlock, rest := pem.Decode(text)
	certBlock, _ := pem.Decode(rest)
	if keyBlock == nil || certBlock == nil {
		return nil, fmt.Errorf("emulator: CA: %s is damaged; remove the state folder", path)
	}
	key, keyErr := x509.ParseECPrivateKey(keyBlock.Bytes)
	cert, certErr := x509.ParseCertificate(certBlock.Bytes)
	if err := errors.Join(keyErr, certErr); err != nil {
		return nil, fmt.Errorf("emulator: CA: %w", err)
	}
	return &authority{cert: cert, key: key, pem: pem.EncodeToMemory(certBlock)}, nil
}

func newAuthority() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "posemu CA"}, NotBefore: time.Now().Add(-365 * day), NotAfter: time.Now().Add(3650 * day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if template.SerialNumber, err = serial(); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), nil
}

// issue makes the certificate of the listeners.
func (a *authority) issue(host string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("emulator: certificate: %w", err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "posemu"}, NotBefore: time.Now().Add(-90 * day), NotAfter: time.Now().Add(730 * day),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names(host) {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	if template.SerialNumber, err = serial(); err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("emulator: certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, nil
}

// names are what a certificate names: loopback, the host as an Android emulator sees it, and the listen host.
func names(host string) []string {
	all := []string{"localhost", "127.0.0.1", "::1", "10.0.2.2"}
	if host != "" && !slices.Contains(all, host) {
		all = append(all, host)
	}
	return all
}

func serial() (*big.Int, error) {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("emulator: certificate: %w", err)
	}
	return n, nil
}
