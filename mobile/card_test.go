package mobile

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// A card number in the wrong field must not come back in the error's text.
func TestABadCardIsNamedWithoutItsValues(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"number in v":      `{"v":5555555555554444.0,"pan":"x"}`,
		"number in expiry": `{"v":1,"expiry":5555555555554444}`,
		"number as pan":    `{"v":1,"pan":5555555555554444}`,
		"broken":           `{"v":1,"pan":"5555555555554444`,
		"list":             `["5555555555554444"]`,
		"empty":            ``,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			card, _, err := readCard([]byte(text))
			require.Contains(t, []fault.Code{fault.InvalidRequest, fault.InvalidCard}, fault.CodeOf(err))
			require.NotContains(t, err.Error(), "55555555")
			require.Empty(t, card.PAN)
		})
	}
}
