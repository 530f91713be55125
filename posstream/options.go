package posstream

import (
	"crypto/tls"
	"net"
	"net/netip"
	"unicode/utf8"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/secret"
)

// Secret is an integrator's secret. Formatted or logged it shows nothing.
type Secret = secret.Bytes

// Options set up a Client. Listen, KeyID, Secret and Handler are needed.
type Options struct {
	// Listen is host:port, the address that the POS are configured with.
	Listen string
	// KeyID and Secret are the integrator's, from the portal; Secret is UTF-8. Listen copies it and Close clears the copy: clear
	// yours after the call.
	KeyID  string
	Secret Secret
	// Allow names who may connect and is given the secret. Empty is loopback alone.
	Allow []netip.Prefix
	// RSA and AES are as the POS have them. Default OAEPSHA256 and CBC.
	RSA RSA
	AES AES
	// TLS wraps every connection when it is not nil.
	TLS *tls.Config
	// Handler takes notices; see there.
	Handler Handler
}

// maxKeyID is the longest KeyID, maxSecret the longest Secret, in bytes.
const (
	maxKeyID  = 256
	maxSecret = 4096
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

func (o Options) checked() (Options, error) {
	bad := func(detail string) (Options, error) {
		return o, fault.New(fault.InvalidConfig, "posstream: options", detail)
	}
	if _, _, err := net.SplitHostPort(o.Listen); err != nil {
		return bad("listen must be host:port")
	}
	if o.RSA == "" {
		o.RSA = OAEPSHA256
	}
	if o.AES == "" {
		o.AES = CBC
	}
	switch {
	case o.KeyID == "" || len(o.KeyID) > maxKeyID || !utf8.ValidString(o.KeyID):
		return bad("the key id must have 1 to 256 bytes of UTF-8")
	case len(o.Secret) == 0 || len(o.Secret) > maxSecret || !utf8.Valid(o.Secret):
		return bad("the secret must have 1 to 4096 bytes of UTF-8")
	case o.RSA != OAEPSHA256 && o.RSA != OAEPSHA1 && o.RSA != PKCS1:
		return bad("rsa must be oaep-sha256, oaep-sha1 or pkcs1")
	case o.AES != CBC && o.AES != GCM:
		return bad("aes must be cbc or gcm")
	case o.Handler == nil:
		return bad("Handler is missing")
	}
	if len(o.Allow) == 0 {
		o.Allow = loopback
	}
	for _, p := range o.Allow {
		if !p.IsValid() || p.Addr().Is4In6() { // peers are compared unmapped: it would let nobody in
			return bad("allow holds a range that is none, or IPv4 mapped into IPv6")
		}
	}
	return o, nil
}

// allows tells whether a peer may connect.
func (o Options) allows(peer net.Addr) bool {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range o.Allow {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
