package pgw

import (
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// States of a client.
const (
	statusActive    = "active"
	statusSuspended = "suspended"
)

// client is a key of an organisation; several may live at once.
type client struct {
	apiKey, organisation, merchantID, scheme, key, status string
}

const clientColumns = "api_key, organisation, merchant_id, scheme, key, status"

// findClient looks up by API key, or by merchant for the scheme whose id that is.
func findClient(tx *sql.Tx, id string) (client, bool, error) {
	var c client
	err := tx.QueryRow(`SELECT `+clientColumns+` FROM pgw_client
WHERE (api_key = ?1 AND scheme <> 'newline_raw') OR (merchant_id = ?1 AND scheme = 'newline_raw')`, id).
		Scan(&c.apiKey, &c.organisation, &c.merchantID, &c.scheme, &c.key, &c.status)
	if errors.Is(err, sql.ErrNoRows) {
		return client{}, false, nil
	}
	return c, err == nil, err
}

func insertClient(tx *sql.Tx, c client) error {
	_, err := tx.Exec("INSERT INTO pgw_client("+clientColumns+") VALUES(?,?,?,?,?,?)", c.apiKey, c.organisation, c.merchantID, c.scheme, c.key, c.status)
	return err
}

// The organisation of the env file.
const (
	firstOrganisation = "org_0001"
	firstMerchant     = "M-0001"
	firstStore        = "S-0001"
)

// openFirst begins the organisation of the env file. Its secret is kept beside the database's other secrets, so that the env file
// can be written again.
func (s *Server) openFirst() error {
	secret, err := s.state.Secret("pgw.secretKey")
	if err != nil {
		return err
	}
	s.secret = "sk_test_" + secret
	apiKey, err := s.state.Secret("pgw.apiKey")
	if err != nil {
		return err
	}
	s.origin = client{"pk_test_" + apiKey, firstOrganisation, firstMerchant, schemeNewline, keyOf(schemeNewline, s.secret), statusActive}
	return s.state.Do(func(tx *sql.Tx) error {
		if _, there, err := findClient(tx, s.origin.apiKey); err != nil || there {
			return err
		}
		stores := `[{"id":"` + firstStore + `","code":"S1","name":"Store 1","status":"active"}]`
		if err := upsertMerchant(tx, firstOrganisation, merchant{firstMerchant, "M1", "Merchant 1", statusActive, stores}); err != nil {
			return err
		}
		return insertClient(tx, s.origin)
	})
}

// Errors of the operator's calls.
var (
	ErrUnknownClient   = errors.New("no client has this API key")
	ErrUnknownMerchant = errors.New("no client has this merchantId")
	ErrScheme          = errors.New("scheme must be newline, newline_raw or colon")
	ErrClientStatus    = errors.New("status must be active or suspended")
	ErrOrigin          = errors.New("an origin is https://host[:port], or http:// on a development machine")
	ErrRawKey          = errors.New("this merchant has a newline_raw key already: its id alone would not say which is meant")
)

// NewClient is what an operator says of a new key.
type NewClient struct {
	// Scheme of its signature; "" is newline.
	Scheme string
	// Status is active or suspended; "" is active.
	Status string
	// MerchantID makes it a further key of that merchant's organisation. "": a new organisation with a merchant of its own.
	MerchantID string
	// Origins are the web origins that may call for this organisation.
	Origins []string
}

// Credentials are a key as it is given out, once.
type Credentials struct {
	APIKey     string `json:"apiKey"`
	SecretKey  string `json:"secretKey"`
	MerchantID string `json:"merchantId"`
	Scheme     string `json:"scheme"`
	Status     string `json:"status"`
}

// AddClient makes a key.
func (s *Server) AddClient(n NewClient) (Credentials, error) {
	if n.Scheme == "" {
		n.Scheme = schemeNewline
	}
	if n.Status == "" {
		n.Status = statusActive
	}
	switch {
	case n.Scheme != schemeNewline && n.Scheme != schemeNewlineRaw && n.Scheme != schemeColon:
		return Credentials{}, ErrScheme
	case n.Status != statusActive && n.Status != statusSuspended:
		return Credentials{}, ErrClientStatus
	}
	raw := make([]byte, 48)
	if _, err := io.ReadFull(s.state.Rand, raw); err != nil {
		return Credentials{}, fmt.Errorf("emulator: client: %w", err)
	}
	secret := "sk_test_" + base64.RawURLEncoding.EncodeToString(raw[16:])
	c := client{apiKey: "pk_test_" + hex.EncodeToString(raw[:16]), merchantID: n.MerchantID, scheme: n.Scheme, key: keyOf(n.Scheme, secret), status: n.Status}
	err := s.state.Do(func(tx *sql.Tx) error {
		if err := place(tx, &c); err != nil {
			return err
		}
		if err := setOrigins(tx, c.organisation, n.Origins, false); err != nil {
			return err
		}
		return insertClient(tx, c)
	})
	return Credentials{c.apiKey, secret, c.merchantID, c.scheme, c.status}, err
}

// place finds the organisation of a new key, or makes one.
func place(tx *sql.Tx, c *client) error {
	if c.merchantID == "" {
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM pgw_client").Scan(&n); err != nil {
			return err
		}
		c.organisation, c.merchantID = fmt.Sprintf("org_%04d", n+1), fmt.Sprintf("M-%04d", n+1)
		return upsertMerchant(tx, c.organisation, merchant{c.merchantID, c.merchantID, "Merchant " + c.merchantID, statusActive, "[]"})
	}
	err := tx.QueryRow("SELECT organisation FROM pgw_client WHERE merchant_id = ? LIMIT 1", c.merchantID).Scan(&c.organisation)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknownMerchant
	}
	if err != nil || c.scheme != schemeNewlineRaw {
		return err
	}
	if _, there, err := findClient(tx, c.merchantID); err != nil || there {
		return errors.Join(err, ErrRawKey)
	}
	return nil
}

// SetClient changes a key's status unless it is "", and its organisation's web origins unless they are nil.
func (s *Server) SetClient(apiKey, status string, origins []string) error {
	if status != "" && status != statusActive && status != statusSuspended {
		return ErrClientStatus
	}
	return s.state.Do(func(tx *sql.Tx) error {
		var organisation string
		err := tx.QueryRow("SELECT organisation FROM pgw_client WHERE api_key = ?", apiKey).Scan(&organisation)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrUnknownClient
		}
		if err == nil && status != "" {
			_, err = tx.Exec("UPDATE pgw_client SET status = ? WHERE api_key = ?", status, apiKey)
		}
		if err == nil && origins != nil {
			err = setOrigins(tx, organisation, origins, true)
		}
		return err
	})
}

func setOrigins(tx *sql.Tx, organisation string, origins []string, replace bool) error {
	if replace {
		if _, err := tx.Exec("DELETE FROM pgw_origin WHERE organisation = ?", organisation); err != nil {
			return err
		}
	}
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return ErrOrigin
		}
		if _, err := tx.Exec("INSERT OR IGNORE INTO pgw_origin(organisation, origin) VALUES(?,?)", organisation, origin); err != nil {
			return err
		}
	}
	return nil
}

// Credentials are those of the env file.
func (s *Server) Credentials() (c Credentials, storeID string) {
	return Credentials{s.origin.apiKey, s.secret, s.origin.merchantID, s.origin.scheme, statusActive}, firstStore
}

// WebhookSecrets are what the providers sign with, by key: paypay, linepay, rakuten, dpayment.
func (s *Server) WebhookSecrets() map[string]string {
	secrets := make(map[string]string, len(s.secrets))
	for key, secret := range s.secrets {
		secrets[key] = secret
	}
	return secrets
}
