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

// unsafe is what could be a card number, 12 digits or more, also in groups; and what could be a token, a key or a signature. Japanese
// has no spaces, so a run of other letters is no token.
var unsafe = regexp.MustCompile(`[0-9](?:[ ./-]?[0-9]){11,}|[A-Za-z0-9_.+/=-]{40,}`)

// Clip makes a server's text safe to show: one line, valid UTF-8, at most n characters, no digits that could be a card number or
// a code, nothing of a run of 40 characters that could be a token.
func Clip(text string, n int) string {
	var b strings.Builder
	digits, count := 0, 0
	for _, r := range unsafe.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "****") {
		if count++; count > n {
			break
		}
		if unicode.IsControl(r) {
			r = ' '
		}
		if digits++; r < '0' || r > '9' {
			digits = 0
		}
		if digits > 8 {
			r = '*'
		}
		b.WriteRune(r)
	}
	return b.String()
}
