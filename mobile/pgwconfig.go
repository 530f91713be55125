package mobile

// pgwConfig is the section of the payment gateway, as a terminal with payment tokens uses it.
type pgwConfig struct {
	// BaseURL is the gateway.
	BaseURL       string `json:"baseUrl"`
	TrustedCAFile string `json:"trustedCaFile"`
	TrustedCA     string `json:"trustedCa"`
	SystemRoots   bool   `json:"systemRoots"`
	// Bearer sends payment tokens as Authorization: Bearer, for a gateway whose tokens are strict.
	Bearer bool `json:"bearer"`

	trustedCA []byte
}

func (c *config) readPGW() (err error) {
	p := c.PGW
	if p == nil {
		return nil
	}
	if err := checkBaseURL("pgw", p.BaseURL); err != nil {
		return err
	}
	p.trustedCA, err = c.readRoots("pgw", p.SystemRoots, p.TrustedCA, p.TrustedCAFile)
	return err
}
