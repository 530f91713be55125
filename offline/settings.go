package offline

import (
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"github.com/smartpos-go/terminal/internal/clock"
)

// Settings of the store itself.
const (
	settingClock      = "clock"
	settingLists      = "lists"
	settingHead       = "journal.head"
	settingAnchor     = "journal.anchor"
	settingKeyID      = "journal.key"
	settingUnverified = "journal.unverified"
	settingLost       = "journal.lost"  // Unix seconds of when it was found out
	settingDamaged    = "lists.damaged" // the whitelist file that a lookup could not read
	settingUploaded   = "journal.uploaded"
)

// ownSettings are the prefixes a caller of SetSetting must not touch.
var ownSettings = []string{settingClock, settingLists, "journal."}

// execer is a database or a transaction.
type execer interface {
	Exec(query string, args ...any) (sql.Result, error)
	QueryRow(query string, args ...any) *sql.Row
}

// Setting gives a small value of another package, "" when there is none.
func (s *Store) Setting(key string) (string, error) {
	return setting(s.db, key)
}

// SetSetting stores a small value of another package; it is on disk when the call returns.
func (s *Store) SetSetting(key, value string) error {
	for _, own := range ownSettings {
		if strings.HasPrefix(key, own) {
			return errors.New("offline: set setting: this key is the store's own")
		}
	}
	return s.write("offline: set setting", func(c *change) error { return setSetting(c, key, value) })
}

func setting(db execer, key string) (string, error) {
	var value string
	err := db.QueryRow("SELECT value FROM setting WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, stored("offline: setting", err)
}

func setSetting(db execer, key, value string) error {
	_, err := db.Exec("INSERT INTO setting(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", key, value)
	return err //nolint:wrapcheck // mapped by write.
}

func savedClock(db execer) (clock.State, error) {
	var state clock.State
	text, err := setting(db, settingClock)
	if err != nil || text == "" {
		return state, err
	}
	if json.Unmarshal([]byte(text), &state) != nil {
		return clock.State{}, nil // a lost estimate is made anew by the next answer
	}
	return state, nil
}

func saveClock(db execer, state clock.State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err //nolint:wrapcheck // mapped by write.
	}
	return setSetting(db, settingClock, string(text))
}
