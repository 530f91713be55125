package httpx

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
)

// IsObject guards against null, lists and bare values, which encoding/json lets into a struct.
func IsObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte{'{'})
}

// tokenRunes are what tokens and keys are written with. Japanese has no spaces, so a run of other letters is no token.
const tokenRunes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/="

// cardNumber is what could be one: 12 digits or more, also in groups.
var cardNumber = regexp.MustCompile(`[0-9](?:[ ./-]?[0-9]){11,}`)

// Clip makes a server's text safe to show: one line, valid UTF-8, at most n characters, no digits that could be a card number or
// a code, no run of 49 characters that could be a token.
func Clip(text string, n int) string {
	var b strings.Builder
	digits, run, count := 0, 0, 0
	for _, r := range cardNumber.ReplaceAllString(strings.ToValidUTF8(text, "�"), "****") {
		if count++; count > n {
			break
		}
		if unicode.IsControl(r) {
			r = ' '
		}
		digits, run = digits+1, run+1
		if r < '0' || r > '9' {
			digits = 0
		}
		if !strings.ContainsRune(tokenRunes, r) {
			run = 0
		}
		if digits > 8 || run > 48 {
			r = '*'
		}
		b.WriteRune(r)
	}
	return b.String()
}
