package httpx

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestAServersTextIsMadeSafeToShow(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("aB3-", 20)
	for text, want := range map[string]string{
		"plain":                     "plain",
		"two\r\nlines":              "two  lines",
		"card 5555555555554444 end": "card **** end",
		"bad \xff byte":             "bad � byte",
		token + " end":              "**** end",
		"secret " + token[:40]:      "secret ****",
		"no " + token[:39]:          "no " + token[:39],
		"pi_01KG8Z3F0V9T6Q4N2M8X7C5B1A_secret_00112233445566778899aabbccddeeff": "****",
		"この注文はすでに会計済みのため取り消すことができませんので店舗の責任者にお問い合わせください":                        "この注文はすでに会計済みのため取り消すことができませんので店舗の責任者にお問い合わせください",
	} {
		require.Equal(t, want, Clip(text, 100))
	}
	require.Equal(t, 3, utf8.RuneCountInString(Clip("éééé", 3)))
}

func TestIsObject(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{`{}`: true, " \n{": true, `[]`: false, `null`: false, ``: false, `"{"`: false} {
		require.Equal(t, want, IsObject([]byte(body)), body)
	}
}
