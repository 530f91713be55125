package mobile

import (
	"net/url"
	"slices"
	"strings"

	"github.com/smartpos-go/terminal/internal/httpx"
)

// deviceConfig is the section of the device's identity, its POS operations and its channel.
type deviceConfig struct {
	// BaseURL is the API gateway.
	BaseURL string `json:"baseUrl"`
	// WSURL is the whole address of the socket. Default: BaseURL with wss and /api/v1/ws.
	WSURL         string `json:"wsUrl"`
	TrustedCAFile string `json:"trustedCaFile"`
	TrustedCA     string `json:"trustedCa"`
	SystemRoots   bool   `json:"systemRoots"`
	// TokenURL is the whole address of a token server elsewhere. Default: the gateway's.
	TokenURL string `json:"tokenUrl"`
	// Audience is the issuer of the token server. Default: BaseURL.
	Audience string `json:"audience"`
	// ClientID is that of a device registered by hand; activation is skipped then.
	ClientID string `json:"clientId"`
	// BodyFormat of the token request is json (default) or form.
	BodyFormat string `json:"bodyFormat"`
	// Scope is what tokens are asked for. Default: what the server gives unasked.
	Scope []string `json:"scope"`
	// Name is shown in the portal.
	Name string `json:"name"`

	trustedCA []byte
}

// socketPath is the default path of the socket under the gateway (protocol section 3, OPEN).
const socketPath = "/api/v1/ws"

func (c *config) readDevice() (err error) {
	d := c.Device
	if d == nil {
		return nil
	}
	if err := checkBaseURL("device", d.BaseURL); err != nil {
		return err
	}
	switch {
	case len(d.Name) > 255:
		return badConfig("device.name has more than 255 characters")
	case d.ClientID != "" && (len(d.ClientID) > 50 || !visible(d.ClientID)):
		return badConfig("device.clientId must have 1 to 50 visible ASCII characters")
	case !slices.Contains([]string{"", "json", "form"}, d.BodyFormat):
		return badConfig(`device.bodyFormat must be "json" or "form"`)
	}
	for _, scope := range d.Scope {
		if scope == "" || !visible(scope) {
			return badConfig("device.scope must be a list of scopes without spaces")
		}
	}
	if d.trustedCA, err = c.readRoots("device", d.SystemRoots, d.TrustedCA, d.TrustedCAFile); err != nil {
		return err
	}
	d.BaseURL = strings.TrimRight(d.BaseURL, "/")
	if d.WSURL == "" {
		d.WSURL = "wss" + strings.TrimPrefix(d.BaseURL, "https") + socketPath
	}
	for key, address := range map[string]struct{ text, scheme string }{
		"device.wsUrl": {d.WSURL, "wss"}, "device.tokenUrl": {d.TokenURL, "https"},
	} {
		u, err := url.Parse(address.text)
		if address.text != "" && (err != nil || u.Scheme != address.scheme || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
			return badConfig("%s must be a whole %s:// address without query", key, address.scheme)
		}
	}
	if d.Audience == "" {
		d.Audience = d.BaseURL
	}
	return nil
}

// visible: printable ASCII without space, which may stand in a header or between the spaces of a list.
func visible(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

func checkBaseURL(section, address string) error {
	base, err := url.Parse(address)
	switch {
	case address == "":
		return badConfig("%s.baseUrl is missing", section)
	case err != nil || base.Scheme != "https" || base.Host == "":
		return badConfig("%s.baseUrl must be https://host[:port][/path]", section)
	}
	return nil
}

// readRoots reads what a section trusts: its CA, or nothing of its own beside the system's.
func (c *config) readRoots(section string, system bool, text, file string) ([]byte, error) {
	if system {
		if text != "" || file != "" {
			return nil, badConfig("%[1]s.systemRoots excludes %[1]s.trustedCa and %[1]s.trustedCaFile", section)
		}
		return nil, nil
	}
	read, err := c.readTrust(section, text, file)
	if err != nil {
		return nil, err
	}
	if _, err := httpx.ParseCA(read); err != nil {
		return nil, badConfig("%s.trustedCa: %v", section, err)
	}
	return read, nil
}
