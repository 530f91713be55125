package httpx

import (
	"bytes"
	"strings"
	"unicode"
)

// IsObject guards against null, lists and bare values, which encoding/json lets into a struct.
func IsObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte{'{'})
}

const (
	minCardNumber = 12
	minToken      = 40
	idBytes       = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	// tokenBytes are what tokens, keys and signatures are written with. Japanese has no spaces, so a run of other letters is no token.
	tokenBytes = idBytes + ".+/="
	// separators stand between the groups of a card number.
	separators = " ./-"
)

// Clip makes a server's text safe to show: one line, valid UTF-8, at most n characters, no digits that could be a card number or
// a code, nothing of a run of 40 characters that could be a token.
func Clip(text string, n int) string {
	var b strings.Builder
	digits, count := 0, 0
	for _, r := range masked(strings.ToValidUTF8(text, "\uFFFD")) {
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

// masked puts **** in the place of what could be a card number or a token.
func masked(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		secret := cardNumber(text[i:])
		if run := beginning(text[i:], tokenBytes); run >= minToken {
			secret = max(secret, run) // a token that begins with digits is one all the same
		}
		if secret == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		b.WriteString("****")
		i += secret
	}
	return b.String()
}

// cardNumber is how long what could be a card number at the start of text is: 12 digits or more, also in groups. 0 for none.
func cardNumber(text string) int {
	digits, end := 0, 0
	for i := 0; i < len(text); i++ {
		if isDigit(text[i]) {
			digits, end = digits+1, i+1
		} else if end == 0 || i > end || strings.IndexByte(separators, text[i]) < 0 {
			break
		}
	}
	if digits < minCardNumber {
		return 0
	}
	return end
}

// beginning is how many bytes at the start of text are some of bytes.
func beginning(text, bytes string) int {
	n := 0
	for n < len(text) && strings.IndexByte(bytes, text[n]) >= 0 {
		n++
	}
	return n
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// HasCardNumber reports whether text has what could be a card number: 12 digits or more, also in groups.
func HasCardNumber(text string) bool {
	for i := range len(text) {
		if cardNumber(text[i:]) > 0 {
			return true
		}
	}
	return false
}

// IsID reports whether text has 1 to n letters and digits of ASCII, _ and -. It is safe in a path, where a slash would make another
// call.
func IsID(text string, n int) bool {
	return text != "" && len(text) <= n && beginning(text, idBytes) == len(text)
}

// IsDigits reports whether text has n digits and nothing else; 0 is any number but none.
func IsDigits(text string, n int) bool {
	return text != "" && (n == 0 || len(text) == n) && strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// IsPrintable reports whether text has 1 to n characters of printable ASCII and no space. It is safe in a header.
func IsPrintable(text string, n int) bool {
	return text != "" && len(text) <= n && strings.IndexFunc(text, func(r rune) bool { return r < '!' || r > '~' }) < 0
}
