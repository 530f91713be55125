package mobile

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/posstream"
)

// streamConfig is the configJSON of StartEventStream. The secret is never in it.
type streamConfig struct {
	Listen  string           `json:"listen"`
	KeyID   string           `json:"keyId"`
	RSA     string           `json:"rsa"`
	AES     string           `json:"aes"`
	Allow   []string         `json:"allow"`
	TLS     *streamTLSConfig `json:"tls"`
	BaseDir string           `json:"baseDir"`
}

type streamTLSConfig struct {
	CertificateFile string `json:"certificateFile"`
	KeyFile         string `json:"keyFile"`
}

func parseStreamConfig(text string) (posstream.Options, error) {
	bad := func(detail string) (posstream.Options, error) {
		return posstream.Options{}, fault.New(fault.InvalidConfig, "mobile: event stream configuration", detail)
	}
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return bad("it must be a JSON object")
	}
	var c streamConfig
	err := json.Unmarshal([]byte(text), &c)
	if err == nil {
		err = exactKeys([]byte(text), reflect.TypeFor[streamConfig](), "")
	}
	switch {
	case err != nil:
		return bad(jsonProblem(err))
	case c.Listen == "":
		return bad("listen is missing")
	case c.KeyID == "":
		return bad("keyId is missing")
	}
	o := posstream.Options{Listen: c.Listen, KeyID: c.KeyID, RSA: posstream.RSA(c.RSA), AES: posstream.AES(c.AES)}
	for _, each := range c.Allow {
		prefix, err := netip.ParsePrefix(each)
		if one, errOne := netip.ParseAddr(each); errOne == nil && one.Zone() == "" { // a range has no zone: it would let in others
			prefix, err = one.Unmap().Prefix(one.Unmap().BitLen())
		}
		if err != nil {
			return bad(`allow must hold ranges such as "192.168.1.0/24", or addresses without a zone`)
		}
		o.Allow = append(o.Allow, prefix)
	}
	if c.TLS == nil {
		return o, nil
	}
	certificate, err := c.TLS.certificate(c.BaseDir)
	if err != nil {
		return bad(err.Error())
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	return o, nil
}

// certificate reads both files.
func (c *streamTLSConfig) certificate(baseDir string) (tls.Certificate, error) {
	read := func(key, name string) ([]byte, error) {
		if name == "" {
			return nil, errors.New("tls." + key + " is missing")
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(baseDir, name)
		}
		info, err := os.Stat(name)
		if err == nil && key == "keyFile" && info.Mode().Perm()&0o077 != 0 {
			return nil, errors.New("tls.keyFile must be readable by its owner alone: chmod 600")
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, errors.New("tls." + key + " cannot be read")
		}
		return text, nil
	}
	chain, err := read("certificateFile", c.CertificateFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := read("keyFile", c.KeyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	defer clear(key)
	certificate, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return tls.Certificate{}, errors.New("tls: certificate and key do not fit")
	}
	return certificate, nil
}
