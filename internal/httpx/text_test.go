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
		token:                       token[:48] + strings.Repeat("*", 32),
		"この注文はすでに会計済みのため取り消すことができませんので店舗の責任者にお問い合わせください": "この注文はすでに会計済みのため取り消すことができませんので店舗の責任者にお問い合わせください",
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
