package mpac

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Options set up a Portal. BaseURL and either TrustedCA or SystemRoots are needed.
type Options struct {
	// BaseURL is the API gateway: https://host[:port][/path].
	BaseURL string
	// TrustedCA is the PEM text of the only CAs that are trusted, for the token server too.
	TrustedCA []byte
	// SystemRoots trusts the machine's own roots instead of TrustedCA.
	SystemRoots bool
	// TokenURL is the whole address of a token server elsewhere. Empty: Paths.Token under BaseURL.
	TokenURL string
	// Timeout is the deadline of a call. Zero is 10 s.
	Timeout time.Duration
	// Clock is trusted time: the one of the offline.Store, which remembers it. Nil: a new one over the machine's.
	Clock *clock.Clock
	// Log gets one debug line a call, without bodies and queries. Nil logs nothing.
	Log *slog.Logger
	// Paths replaces paths of a server that differs, such as ShortPaths. Zero values are the defaults.
	Paths Paths
}

// Portal calls what a device without a token may call. Make one with NewPortal; Close it.
type Portal struct {
	api, tokens *httpx.Client
	tokenPath   string
	paths       Paths
	clock       *clock.Clock
	timeout     time.Duration
}

// NewPortal returns a client; Close it. Nothing is sent. Errors: invalid_config.
func NewPortal(o Options) (*Portal, error) {
	if o.Clock == nil {
		o.Clock = clock.New(clock.System{}, clock.State{})
	}
	if o.Timeout == 0 {
		o.Timeout = httpx.DefaultTimeout
	}
	client := func(base string) (*httpx.Client, error) {
		return httpx.New(httpx.Options{BaseURL: base, TrustedCA: o.TrustedCA, SystemRoots: o.SystemRoots, Timeout: o.Timeout, Clock: o.Clock, Log: o.Log})
	}
	api, err := client(o.BaseURL)
	if err != nil {
		return nil, err
	}
	p := &Portal{api: api, tokens: api, paths: o.Paths.withDefaults(), clock: o.Clock, timeout: o.Timeout}
	p.tokenPath = p.paths.Token
	if o.TokenURL == "" {
		return p, nil
	}
	u, err := url.Parse(o.TokenURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.InvalidConfig, "mpac: options", "tokenUrl must be a whole https:// address without query")
	}
	p.tokenPath = u.EscapedPath()
	if p.tokens, err = client("https://" + u.Host); err != nil {
		return nil, err
	}
	return p, nil
}

// Close ends idle connections.
func (p *Portal) Close() {
	p.api.Close()
	p.tokens.Close()
}

// withDefaults fills every empty path.
func (p Paths) withDefaults() Paths {
	d := pathsUnder("/api/v1")
	return Paths{
		GenerateActivationCode: cmp.Or(p.GenerateActivationCode, d.GenerateActivationCode),
		Activate:               cmp.Or(p.Activate, d.Activate),
		ActivationStatus:       cmp.Or(p.ActivationStatus, d.ActivationStatus),
		Token:                  cmp.Or(p.Token, d.Token),
		DeviceKeys:             cmp.Or(p.DeviceKeys, d.DeviceKeys),
		HumanKeys:              cmp.Or(p.HumanKeys, d.HumanKeys),
		Orders:                 cmp.Or(p.Orders, d.Orders),
		Bills:                  cmp.Or(p.Bills, d.Bills),
		Payments:               cmp.Or(p.Payments, d.Payments),
	}
}

// Memory remembers small values durably; the offline.Store is one.
type Memory interface {
	// SetSetting stores a value, or forgets it when it is ""; it is on disk when the call returns.
	SetSetting(key, value string) error
	// Settings gives the values of all keys that begin with prefix.
	Settings(prefix string) (map[string]string, error)
}

// SmarttabOptions set up a Smarttab.
type SmarttabOptions struct {
	// Authorize adds the token to every request: a deviceauth.Transport. Nil sends them without one.
	Authorize func(http.RoundTripper) http.RoundTripper
	// Scopes gives the scopes of the token that Authorize would add, nil when they are not known: a call that they do not allow
	// is refused before it is sent. It may make the token. Nil checks nothing.
	Scopes Scopes
	// Memory keeps calls that have no answer over a restart. Nil keeps none.
	Memory Memory
}
