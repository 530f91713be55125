package httpx

import (
	"math/rand/v2"
	"regexp"
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
		"123456789012" + token[:39]: "****",
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

// What the expression says, which is too large for an app: package regexp takes 100 KB of each ABI.
func TestMaskedIsItsExpression(t *testing.T) {
	t.Parallel()
	unsafe := regexp.MustCompile(`[0-9](?:[ ./-]?[0-9]){11,}|[A-Za-z0-9_.+/=-]{40,}`)
	unsafe.Longest()
	number := regexp.MustCompile(`[0-9](?:[ ./-]?[0-9]){11,}`)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		// Long runs of few kinds, so that every limit is met.
		var b strings.Builder
		for range 1 + rng.IntN(8) {
			piece := []string{"7", "5 ", "3-", "a", "Zz_", " ", "..", "é", "4/2"}[rng.IntN(9)]
			b.WriteString(strings.Repeat(piece, 1+rng.IntN(45)))
		}
		text := b.String()
		require.Equal(t, unsafe.ReplaceAllString(text, "****"), masked(text), text)
		require.Equal(t, number.MatchString(text), HasCardNumber(text), text)
	}
}

func TestTheFormsOfTexts(t *testing.T) {
	t.Parallel()
	forms := map[string]struct {
		expression string
		is         func(text string) bool
	}{
		"id":        {`^[A-Za-z0-9_-]{1,4}$`, func(text string) bool { return IsID(text, 4) }},
		"digits":    {`^[0-9]+$`, func(text string) bool { return IsDigits(text, 0) }},
		"4 digits":  {`^[0-9]{4}$`, func(text string) bool { return IsDigits(text, 4) }},
		"printable": {`^[!-~]{1,4}$`, func(text string) bool { return IsPrintable(text, 4) }},
	}
	for name, form := range forms {
		expression := regexp.MustCompile(form.expression)
		for _, text := range []string{"", "1", "1234", "12345", "a_-Z", "a b", "!~", "~~~~~", "\x7f", "é", "１", "12\n", "\x00", "ab/"} {
			require.Equal(t, expression.MatchString(text), form.is(text), "%s: %q", name, text)
		}
	}
}
