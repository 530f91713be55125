package httpx

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// parsePEM reads every CERTIFICATE block. Anything else in the text is an error: half a CA file trusts half of what was
// meant.
func parsePEM(text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return certs, nil
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("a PEM block that is no certificate")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("a certificate that cannot be read")
		}
		certs = append(certs, cert)
		text = rest
	}
}
