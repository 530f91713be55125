package httpx

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// parsePEM reads every CERTIFICATE block. A block of another type or one that cannot be read whole is an error: half a CA file
// trusts half of what was meant. Text between blocks is comment.
func parsePEM(text []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	begun := bytes.Count(text, []byte("-----BEGIN"))
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			if len(certs) != begun { // pem.Decode passes over what it cannot read
				return nil, errors.New("a PEM block that is cut or broken")
			}
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
