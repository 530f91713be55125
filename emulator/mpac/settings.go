package mpac

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/smartpos-go/terminal/emulator/state"
)

// Bounds of the settings; a token's life is FACT (protocol section 2.3).
const (
	minTokenSeconds = 60
	maxTokenSeconds = 120
	maxRate         = 1_000_000
	valueSettings   = "mpac.settings"
)

// Settings are what a tester may set; they outlive a restart.
type Settings struct {
	// RatePerMinute is how many requests a user, and an address, may make in a minute; 0 is no limit. Default 1000.
	RatePerMinute int `json:"ratePerMinute"`
	// TokenSeconds is the life of a device token, 60 to 120. Default 90.
	TokenSeconds int `json:"tokenSeconds"`
}

// ErrSettings is wrapped by what Configure refuses.
var ErrSettings = errors.New("ratePerMinute must be 0 to 1000000 and tokenSeconds 60 to 120")

func (s Settings) check() error {
	if s.RatePerMinute < 0 || s.RatePerMinute > maxRate || s.TokenSeconds < minTokenSeconds || s.TokenSeconds > maxTokenSeconds {
		return ErrSettings
	}
	return nil
}

// board holds the settings in force.
type board struct {
	state *state.State
	mu    sync.Mutex
	now   Settings
}

func openBoard(st *state.State) (*board, error) {
	b := &board{state: st, now: Settings{RatePerMinute: 1000, TokenSeconds: 90}}
	text, err := st.Value(valueSettings)
	if err != nil || text == "" {
		return b, err
	}
	if err := json.Unmarshal([]byte(text), &b.now); err != nil {
		return nil, fmt.Errorf("emulator: settings: %w", err)
	}
	return b, nil
}

func (b *board) get() Settings {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *board) set(s Settings) error {
	if err := s.check(); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.state.SetValue(valueSettings, string(text)); err != nil {
		return err
	}
	b.now = s
	return nil
}
