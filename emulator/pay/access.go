package pay

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Account is a merchant's account. Endpoints are "METHOD /path" with {name} for one part; nil is all.
type Account struct {
	PublicKey    string   `json:"publicKey"`
	SecretKey    string   `json:"secretKey"`
	MerchantCode string   `json:"merchantCode"`
	Active       bool     `json:"active"`
	Endpoints    []string `json:"endpoints"`
}

// Service is who may call Pay under an x-id. Nil Endpoints and Sources are all.
type Service struct {
	ID        string   `json:"id"`
	Endpoints []string `json:"endpoints"`
	Sources   []string `json:"sources"`
}

// Access is the access configuration.
type Access struct {
	Accounts []Account `json:"accounts"`
	Services []Service `json:"services"`
}

// ErrAccess is a configuration that cannot be read; what it wraps says where.
var ErrAccess = errors.New("bad access configuration")

// ErrFreshness is a window that is none.
var ErrFreshness = errors.New("freshnessSeconds must be 0 to 86400")

type access struct {
	accounts map[string]Account // by public key, lower case
	services map[string]Service
}

const accessKey = "pay.access"

func (s *Server) openAccess() error {
	text, err := s.state.Value(accessKey)
	if err != nil {
		return err
	}
	a := Access{Accounts: []Account{s.first}, Services: []Service{s.service}}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			return err
		}
	}
	s.access, err = a.index()
	return err
}

// SetAccess replaces the whole configuration. Errors: [ErrAccess], and then the one before stays.
func (s *Server) SetAccess(a Access) error {
	index, err := a.index()
	if err != nil {
		return err
	}
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if err := s.state.SetValue(accessKey, string(text)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access = index
	return nil
}

// SetFreshness changes how far x-date may be off; 0 is no limit. It is forgotten with a restart.
func (s *Server) SetFreshness(seconds int) error {
	if seconds < 0 || seconds > 86_400 {
		return ErrFreshness
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freshness = time.Duration(seconds) * time.Second
	return nil
}

var endpointText = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) /\S*$`)

func (a Access) index() (access, error) {
	index := access{accounts: map[string]Account{}, services: map[string]Service{}}
	for _, account := range a.Accounts {
		key := strings.ToLower(account.PublicKey)
		_, twice := index.accounts[key]
		switch {
		case uuid.Validate(key) != nil || len(key) != 36 || twice:
			return access{}, bad("each account's publicKey must be a UUID of its own")
		case account.SecretKey == "" || account.MerchantCode == "":
			return access{}, bad("an account needs secretKey and merchantCode")
		}
		if err := checkEndpoints(account.Endpoints); err != nil {
			return access{}, err
		}
		index.accounts[key] = account
	}
	for _, service := range a.Services {
		if _, twice := index.services[service.ID]; service.ID == "" || twice {
			return access{}, bad("each service needs an id of its own")
		}
		if err := checkEndpoints(service.Endpoints); err != nil {
			return access{}, err
		}
		for _, source := range service.Sources {
			if !knownSources[source] {
				return access{}, bad("sources are shop, cp, staff and directlink")
			}
		}
		index.services[service.ID] = service
	}
	return index, nil
}

func checkEndpoints(endpoints []string) error {
	for _, e := range endpoints {
		if !endpointText.MatchString(e) {
			return bad(`an endpoint is like "GET /api/v2/buyers/{id}"`)
		}
	}
	return nil
}

func bad(text string) error { return &accessError{text} }

type accessError struct{ text string }

func (e *accessError) Error() string { return ErrAccess.Error() + ": " + e.text }
func (e *accessError) Unwrap() error { return ErrAccess }
