package posstream

import (
	"fmt"
	"net"
	"slices"
	"time"
)

// Config is one client application at one POS, as a portal would hold it.
type Config struct {
	id int64
	// POS is the name of the terminal that dials.
	POS string
	// Address is host:port of the client application.
	Address string
	// Events is what it subscribes to; empty is everything.
	Events []string
	// RSA is oaep-sha256 (default), oaep-sha1 or pkcs1; AES is cbc (default) or gcm.
	RSA, AES string
	// Reconnect is the pause between connections, 30 s by default.
	Reconnect time.Duration
}

const defaultReconnect = 30 * time.Second

func (c Config) checked() (Config, error) {
	bad := func(text string) (Config, error) { return c, fmt.Errorf("%w: %s", ErrBad, text) }
	if c.RSA == "" {
		c.RSA = "oaep-sha256"
	}
	if c.AES == "" {
		c.AES = "cbc"
	}
	if c.Reconnect == 0 {
		c.Reconnect = defaultReconnect
	}
	host, port, err := net.SplitHostPort(c.Address)
	switch {
	case err != nil || host == "" || port == "":
		return bad("address must be host:port")
	case c.POS == "" || len(c.POS) > 64:
		return bad("pos must have 1 to 64 characters")
	case !slices.Contains([]string{"oaep-sha256", "oaep-sha1", "pkcs1"}, c.RSA):
		return bad("rsa must be oaep-sha256, oaep-sha1 or pkcs1")
	case c.AES != "cbc" && c.AES != "gcm":
		return bad("aes must be cbc or gcm")
	case c.Reconnect < 10*time.Millisecond || c.Reconnect > 24*time.Hour:
		return bad("reconnectSeconds must be 0.01 to 86400")
	case slices.ContainsFunc(c.Events, func(name string) bool { return name == "" || len(name) > 64 }):
		return bad("events must be names")
	}
	return c, nil
}

func (c Config) subscribes(kind string) bool {
	return len(c.Events) == 0 || slices.Contains(c.Events, kind)
}
