package mobile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// config is the parameters file, and the configJSON of Open: one schema.
type config struct {
	SerialNumber string `json:"serialNumber"`
	DataDir      string `json:"dataDir"`
	// MACS is the entry job, Device the identity at MPAC, PGW the payment gateway: one of them at least.
	MACS   *macsConfig   `json:"macs"`
	Device *deviceConfig `json:"device"`
	PGW    *pgwConfig    `json:"pgw"`
	// The whitelist secret: itself, a file that holds it, or the alias of a MAC key that the host keeps.
	WhitelistSecret     string         `json:"whitelistSecret"`
	WhitelistSecretFile string         `json:"whitelistSecretFile"`
	WhitelistKey        string         `json:"whitelistKey"`
	Timeouts            timeoutsConfig `json:"timeouts"`
	Offline             offlineConfig  `json:"offline"`
	Card                cardConfig     `json:"card"`
	// BaseDir is what relative paths are relative to. Default: the working folder.
	BaseDir string `json:"baseDir"`
	// ClockOffset moves the terminal's own clock, for tests of a wrong one.
	ClockOffset string `json:"clockOffset"`

	secret      []byte
	trustedCA   []byte
	clockOffset time.Duration
	online      time.Duration
	warnAge     time.Duration
	maxAge      time.Duration
}

type macsConfig struct {
	BaseURL       string `json:"baseUrl"`
	TrustedCAFile string `json:"trustedCaFile"`
	TrustedCA     string `json:"trustedCa"`
}

type timeoutsConfig struct {
	Online *string `json:"online"`
}

type offlineConfig struct {
	ListWarnAge   *string `json:"listWarnAge"`
	ListMaxAge    *string `json:"listMaxAge"`
	MaxGuests     *int    `json:"maxGuests"`
	MaxPending    *int    `json:"maxPending"`
	PerCardPerDay *int    `json:"perCardPerDay"`
	AllowForce    bool    `json:"allowForce"`
}

type cardConfig struct {
	// SkipLuhn admits PANs without a valid check digit.
	SkipLuhn bool `json:"skipLuhn"`
}

// minSecret is the shortest whitelist secret, in bytes.
const minSecret = 32

func badConfig(format string, args ...any) error {
	return fault.New(fault.InvalidConfig, "mobile: configuration", fmt.Sprintf(format, args...))
}

// parseConfig reads and checks everything, so that a wrong parameter is found at Open and named.
func parseConfig(text string, hostKeepsKeys bool) (*config, error) {
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return nil, badConfig("it must be a JSON object")
	}
	var c config
	err := json.Unmarshal([]byte(text), &c)
	if err == nil {
		err = exactKeys([]byte(text), reflect.TypeFor[config](), "")
	}
	if err != nil {
		return nil, badConfig("%s", jsonProblem(err))
	}
	switch {
	case c.SerialNumber == "":
		return nil, badConfig("serialNumber is missing")
	case len(c.SerialNumber) > 64 || strings.TrimSpace(c.SerialNumber) != c.SerialNumber:
		return nil, badConfig("serialNumber must have 1 to 64 characters")
	case c.DataDir == "":
		return nil, badConfig("dataDir is missing")
	case c.MACS == nil && c.Device == nil && c.PGW == nil:
		return nil, badConfig("macs, device and pgw are missing: one of them at least is needed")
	case c.MACS != nil && c.MACS.BaseURL == "":
		return nil, badConfig("macs.baseUrl is missing")
	}
	c.DataDir = c.path(c.DataDir)
	for _, check := range []func() error{c.readCA, func() error { return c.readSecret(hostKeepsKeys) }, c.readDevice, c.readPGW, c.readDurations, c.checkOffline} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

func (c *config) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.BaseDir, name)
}

func (c *config) readCA() (err error) {
	if c.MACS == nil {
		return nil
	}
	c.trustedCA, err = c.readTrust("macs", c.MACS.TrustedCA, c.MACS.TrustedCAFile)
	return err
}

// readTrust reads the CA of a section: PEM text, or a file of it.
func (c *config) readTrust(section, text, file string) ([]byte, error) {
	switch {
	case text != "" && file != "":
		return nil, badConfig("%s.trustedCa and %s.trustedCaFile exclude each other", section, section)
	case text != "":
		return []byte(text), nil
	case file == "":
		return nil, badConfig("%s.trustedCaFile or %s.trustedCa is missing", section, section)
	}
	read, err := os.ReadFile(c.path(file))
	if err != nil {
		return nil, badConfig("%s.trustedCaFile cannot be read: %v", section, errors.Unwrap(err))
	}
	return read, nil
}

func (c *config) readSecret(hostKeepsKeys bool) error {
	given := 0
	for _, value := range []string{c.WhitelistSecret, c.WhitelistSecretFile, c.WhitelistKey} {
		if value != "" {
			given++
		}
	}
	switch {
	case c.MACS == nil && given > 0:
		return badConfig("whitelistSecret, whitelistSecretFile and whitelistKey belong to macs, which is missing")
	case c.MACS == nil:
		return nil
	case given == 0:
		return badConfig("whitelistSecret, whitelistSecretFile or (with a host that keeps keys) whitelistKey is missing")
	case given > 1:
		return badConfig("whitelistSecret, whitelistSecretFile and whitelistKey exclude each other")
	case c.WhitelistKey != "" && !hostKeepsKeys:
		return badConfig("whitelistKey needs a host that keeps keys")
	case c.WhitelistKey != "":
		return nil
	case c.WhitelistSecret != "":
		c.secret = []byte(c.WhitelistSecret)
		c.WhitelistSecret = ""
	default:
		path := c.path(c.WhitelistSecretFile)
		info, err := os.Stat(path)
		if err != nil {
			return badConfig("whitelistSecretFile cannot be read: %v", errors.Unwrap(err))
		}
		if info.Mode().Perm()&0o077 != 0 {
			return badConfig("whitelistSecretFile must be readable by its owner alone: chmod 600")
		}
		text, err := os.ReadFile(path) //nolint:gosec // the path is a parameter.
		if err != nil {
			return badConfig("whitelistSecretFile cannot be read: %v", errors.Unwrap(err))
		}
		c.secret = bytes.TrimRight(text, "\r\n")
	}
	if len(c.secret) < minSecret {
		return badConfig("whitelistSecret must have at least %d bytes", minSecret)
	}
	return nil
}

func (c *config) readDurations() error {
	for _, d := range []struct {
		key  string
		text *string
		into *time.Duration
		def  time.Duration
	}{
		{"timeouts.online", c.Timeouts.Online, &c.online, 5 * time.Second},
		{"offline.listWarnAge", c.Offline.ListWarnAge, &c.warnAge, 26 * time.Hour},
		{"offline.listMaxAge", c.Offline.ListMaxAge, &c.maxAge, 48 * time.Hour},
	} {
		*d.into = d.def
		if d.text == nil {
			continue
		}
		value, err := time.ParseDuration(*d.text)
		if err != nil || value <= 0 {
			return badConfig(`%s must be a positive duration such as "5s" or "48h"`, d.key)
		}
		*d.into = value
	}
	if c.ClockOffset == "" {
		return nil
	}
	offset, err := time.ParseDuration(c.ClockOffset)
	if err != nil {
		return badConfig("clockOffset must be a duration")
	}
	c.clockOffset = offset
	return nil
}

func (c *config) checkOffline() error {
	for _, n := range []struct {
		key   string
		value *int
		least int
	}{
		{"offline.maxGuests", c.Offline.MaxGuests, 0},
		{"offline.maxPending", c.Offline.MaxPending, 1},
		{"offline.perCardPerDay", c.Offline.PerCardPerDay, 1},
	} {
		if n.value != nil && (*n.value < n.least || *n.value > 1_000_000) {
			return badConfig("%s must be %d to 1000000", n.key, n.least)
		}
	}
	return nil
}

// or is a configured number, or zero for the default of the package it is for.
func or(value *int) int {
	if value == nil {
		return 0
	}
	return *value
}
