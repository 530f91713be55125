package pgw

import "encoding/json"

// Settings can be changed while the gateway runs, and stay over a restart.
type Settings struct {
	// StrictToken makes payment tokens of one use that live 5 minutes and come as Bearer alone.
	StrictToken bool `json:"strictToken"`
	// RatePerMinute is the limit of a merchant; overall it is ten times that. 0: no limit.
	RatePerMinute int `json:"ratePerMinute"`
	// UnavailableProviders answer no confirmation: it is 503 provider_unavailable.
	UnavailableProviders []string `json:"unavailableProviders"`
}

const settingsKey = "pgw.settings"

func (s *Server) readSettings() error {
	s.settings = Settings{RatePerMinute: 1000, UnavailableProviders: []string{}}
	text, err := s.state.Value(settingsKey)
	if err != nil || text == "" {
		return err
	}
	return json.Unmarshal([]byte(text), &s.settings)
}

func (s *Server) current() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}

// Settings are those in force.
func (s *Server) Settings() Settings { return s.current() }

// Configure changes the settings.
func (s *Server) Configure(next Settings) error {
	if next.RatePerMinute < 0 || next.RatePerMinute > 1_000_000_000 {
		return ErrSettings
	}
	for _, key := range next.UnavailableProviders {
		if _, known := providerOf(key); !known {
			return ErrSettings
		}
	}
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := s.state.SetValue(settingsKey, string(text)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = next
	s.limits.reset()
	return nil
}
