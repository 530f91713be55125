package journal

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mark stands for what was masked.
const mark = "***"

// What is masked. A card number may have separators and digits of any script, escaped ones too; a pairing code has 8 digits in a
// row, which BIN ranges have as well, so that it is looked for only where a terminal may send it. UUIDs name checks and entries
// and stay readable.
const (
	uuidText = `\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`
	panText  = `\p{Nd}(?:(?:\\[nrt]|[\s+._,|"/\\-]){0,4}\p{Nd}){11,}`
	codeText = `\p{Nd}{8,}`
)

var (
	uuid    = regexp.MustCompile(`^` + uuidText + `$`)
	pans    = regexp.MustCompile(uuidText + `|` + panText)
	codes   = regexp.MustCompile(uuidText + `|` + panText + `|` + codeText)
	jwts    = regexp.MustCompile(`[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	named   = regexp.MustCompile(`(?i)("(?:pairingCode|code|pan|maskedPan|publicKey|panHash|token|secret|password)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[0-9]+)`)
	hashes  = regexp.MustCompile(`"[0-9a-fA-F]{64}"(?:\s*,\s*"[0-9a-fA-F]{64}")*`)
	long    = regexp.MustCompile(`[A-Za-z0-9+/_-]{64,}={0,2}`)
	escaped = regexp.MustCompile(`\\u00([23][0-9a-fA-F])|%([23][0-9a-fA-F])`)
	torn    = regexp.MustCompile(`[\p{L}\p{Nd}\s"+._/\\%=-]+$`)
)

// mask takes out of a text what must not be kept, and all behind MaxBody. sent is true for what a terminal sent.
func mask(text string, hidden []string, sent bool) string {
	if len(text) > MaxBody { // half a secret is not known as one, so the cut word goes as a whole
		text = torn.ReplaceAllString(strings.ToValidUTF8(text[:MaxBody], ""), "") + "…"
	}
	text = escaped.ReplaceAllStringFunc(strings.ToValidUTF8(text, string(utf8.RuneError)), plain)
	for _, secret := range hidden {
		text = strings.ReplaceAll(text, secret, mark)
	}
	text = jwts.ReplaceAllString(text, mark)
	text = named.ReplaceAllString(text, `${1}"`+mark+`"`)
	text = hashes.ReplaceAllString(text, `"`+mark+`"`)
	text = long.ReplaceAllString(text, mark)
	digits := pans
	if sent {
		digits = codes
	}
	return digits.ReplaceAllStringFunc(text, func(found string) string {
		if uuid.MatchString(found) {
			return found
		}
		return mark
	})
}

// plain is an escaped digit or separator as itself; other escapes, such as that of a quotation mark, stay.
func plain(escape string) string {
	n, err := strconv.ParseUint(escape[len(escape)-2:], 16, 8)
	if err != nil || !strings.ContainsRune("0123456789 +-._/", rune(n)) {
		return escape
	}
	return string(rune(n))
}
