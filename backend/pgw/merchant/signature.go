package merchant

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"
)

// Scheme is a form of the gateway's signature (protocol section 4.1).
type Scheme string

// The schemes. Newline is the guide's and the default; the others are legacy.
const (
	// Newline signs METHOD, PATH, TIMESTAMP and the hex SHA-256 of the body, joined by line feeds, with the 64 ASCII characters of
	// the secret's lower-case hex SHA-256 as key; the signature is lower-case hex.
	Newline Scheme = "newline"
	// NewlineRaw signs the same with the secret's own bytes; its id is the merchant's.
	NewlineRaw Scheme = "newline_raw"
	// Colon signs METHOD:PATH:TIMESTAMP:BODY with the secret's own bytes; the signature is standard base64.
	Colon Scheme = "colon"
)

// Known reports whether a scheme is one of the three.
func (s Scheme) Known() bool { return s == Newline || s == NewlineRaw || s == Colon }

// Message is what is signed.
type Message struct {
	// Method in upper case.
	Method string
	// Path begins with /v1/; a query is not signed, and cut off.
	Path string
	// Timestamp is in Unix seconds; the gateway takes it for 300 s either way.
	Timestamp int64
	// Body is the exact bytes that are sent; nil for none.
	Body []byte
}

// pathAlone is the path without its query.
func (m Message) pathAlone() string {
	path, _, _ := strings.Cut(m.Path, "?")
	return path
}

// Canonical is the text that is signed.
func (s Scheme) Canonical(m Message) string {
	text := s.head(nil, m)
	if s == Colon {
		text = append(text, m.Body...)
	}
	return string(text)
}

// head appends the canonical text but for the body that Colon has at its end, so that a body is never copied.
func (s Scheme) head(text []byte, m Message) []byte {
	separator := byte('\n')
	if s == Colon {
		separator = ':'
	}
	text = append(append(text, m.Method...), separator)
	text = append(append(text, m.pathAlone()...), separator)
	text = append(strconv.AppendInt(text, m.Timestamp, 10), separator)
	if s == Colon {
		return text
	}
	sum := sha256.Sum256(m.Body)
	return hex.AppendEncode(text, sum[:])
}

// BodyHash is the lower-case hex SHA-256 of a body; of no body it is that of no bytes.
func BodyHash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// key is what the HMAC is keyed with.
func (s Scheme) key(secret string) []byte {
	if s == Newline {
		sum := sha256.Sum256([]byte(secret))
		return []byte(hex.EncodeToString(sum[:]))
	}
	return []byte(secret)
}

// sum is the HMAC of a message, over a hash that is keyed and fresh.
func (s Scheme) sum(mac hash.Hash, m Message) []byte {
	var room [256]byte
	_, _ = mac.Write(s.head(room[:0], m)) // a hash takes everything
	if s == Colon {
		_, _ = mac.Write(m.Body)
	}
	return mac.Sum(nil)
}

func (s Scheme) encode(sum []byte) string {
	if s == Colon {
		return base64.StdEncoding.EncodeToString(sum)
	}
	return hex.EncodeToString(sum)
}

// Sign gives the signature of a message, "" for a scheme that is not known.
func (s Scheme) Sign(secret Secret, m Message) string {
	if !s.Known() {
		return ""
	}
	return s.encode(s.sum(hmac.New(sha256.New, s.key(string(secret))), m))
}

// Verify reports whether a signature is that of a message, in constant time. Hex may be in either case.
func (s Scheme) Verify(secret Secret, m Message, signature string) bool {
	if !s.Known() {
		return false
	}
	given, err := s.decode(signature)
	return err == nil && hmac.Equal(given, s.sum(hmac.New(sha256.New, s.key(string(secret))), m))
}

func (s Scheme) decode(signature string) ([]byte, error) {
	if s == Colon {
		return base64.StdEncoding.Strict().DecodeString(signature)
	}
	return hex.DecodeString(signature)
}

const authorization = "HMAC-SHA256"

// Header is the value of the Authorization header: HMAC-SHA256 id:timestamp:signature.
func Header(id string, timestamp int64, signature string) string {
	return authorization + " " + id + ":" + strconv.FormatInt(timestamp, 10) + ":" + signature
}

// ErrHeader is what ParseHeader gives for anything but its form.
var ErrHeader = errors.New("merchant: not of the form HMAC-SHA256 id:timestamp:signature")

// ParseHeader takes the value of an Authorization header apart, at the first two colons. Errors: [ErrHeader].
func ParseHeader(value string) (id string, timestamp int64, signature string, err error) {
	scheme, rest, _ := strings.Cut(value, " ")
	parts := strings.SplitN(rest, ":", 3)
	if scheme != authorization || len(parts) != 3 || parts[0] == "" || strings.ContainsAny(rest, " \t") {
		return "", 0, "", ErrHeader
	}
	timestamp, err = strconv.ParseInt(parts[1], 10, 64)
	if err != nil || parts[1] != strconv.FormatInt(timestamp, 10) { // the other side signed the text, +1 and 01 are not 1
		return "", 0, "", ErrHeader
	}
	return parts[0], timestamp, parts[2], nil
}
