package entry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestCardCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		card Card
		skip bool
		bad  bool
	}{
		"16 digits":               {card: Card{PAN: []byte("5555555555554444")}},
		"12 digits":               {card: Card{PAN: []byte("501800000009")}},
		"all fields":              {card: Card{PAN: []byte("5555555555554444"), Expiry: "2912", Service: "LOUNGE", EntryMode: "CHIP"}},
		"bad check digit":         {card: Card{PAN: []byte("5555555555554445")}, bad: true},
		"bad check digit allowed": {card: Card{PAN: []byte("5555555555554445")}, skip: true},
		"11 digits":               {card: Card{PAN: []byte("55555555555")}, bad: true},
		"20 digits":               {card: Card{PAN: []byte("55555555555555555555")}, skip: true, bad: true},
		"blanks":                  {card: Card{PAN: []byte("5555 5555 5555 4444")}, skip: true, bad: true},
		"letters":                 {card: Card{PAN: []byte("555555555555444a")}, skip: true, bad: true},
		"other digits":            {card: Card{PAN: []byte("５５５５")}, skip: true, bad: true},
		"empty":                   {bad: true},
		"month 13":                {card: Card{PAN: []byte("5555555555554444"), Expiry: "2913"}, bad: true},
		"month 00":                {card: Card{PAN: []byte("5555555555554444"), Expiry: "2900"}, bad: true},
		"unknown service":         {card: Card{PAN: []byte("5555555555554444"), Service: "BAR"}, bad: true},
		"unknown entry mode":      {card: Card{PAN: []byte("5555555555554444"), EntryMode: "TELEPATHY"}, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.card.check(!tt.skip)
			if name == "12 digits" {
				err = tt.card.check(false)
			}
			if !tt.bad {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, fault.InvalidCard)
			if len(tt.card.PAN) > 0 {
				require.NotContains(t, err.Error(), string(tt.card.PAN))
			}
		})
	}
}

func TestACardNeverPrints(t *testing.T) {
	t.Parallel()
	card := Card{PAN: []byte("5555555555554444"), Expiry: "2912"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "card", card)
	for _, text := range []string{fmt.Sprint(card), fmt.Sprintf("%v %+v %#v %s", card, card, card, card), log.String()} {
		require.NotContains(t, text, "5555")
		require.NotContains(t, text, "53 53")
	}
}

func TestEveryReasonHasAText(t *testing.T) {
	t.Parallel()
	for _, reason := range []Reason{"not_listed", "list_missing", "list_stale", "recent_refusal", "limit", ReasonOfflineDisabled} {
		d := denied(reason)
		require.NotEmpty(t, d.Message, reason)
		text, err := json.Marshal(d.Message)
		require.NoError(t, err)
		require.Greater(t, len(text), 10)
	}
}

func TestOnlyRefusalsOfTheCardItselfStay(t *testing.T) {
	t.Parallel()
	for _, info := range fault.All() {
		if info.Refusal {
			want := info.Code != fault.UnknownDevice && info.Code != fault.TemporarilyBlocked
			require.Equal(t, want, staysRefused(info.Code), info.Code)
		}
	}
}
