package pgw

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Schemes of a client's signature (protocol section 4.1). A client has one; no other is tried.
const (
	schemeNewline    = "newline"
	schemeNewlineRaw = "newline_raw"
	schemeColon      = "colon"
)

// signatureWindow is how far a signature's time may be off, in seconds, either way.
const signatureWindow = 300

var timestampText = regexp.MustCompile(`^[0-9]{1,12}$`)

var (
	errNoAuthorization = no(http.StatusUnauthorized, "missing_authorization", "the header Authorization: HMAC-SHA256 <id>:<timestamp>:<signature> is needed")
	errSignature       = no(http.StatusUnauthorized, "invalid_signature", "the signature does not fit the request")
	errSignatureTime   = no(http.StatusUnauthorized, "expired_signature", "the signature's time is more than 5 minutes off")
	errNoClient        = no(http.StatusUnauthorized, "client_not_found", "no client has this id")
	errSuspended       = no(http.StatusForbidden, "client_suspended", "the client is suspended")
)

// authenticate checks the signature of a request.
func (s *Server) authenticate(c *call) (client, error) {
	values := c.r.Header.Values("Authorization")
	if len(values) != 1 {
		return client{}, errNoAuthorization
	}
	rest, is := strings.CutPrefix(values[0], "HMAC-SHA256 ")
	parts := strings.SplitN(rest, ":", 3)
	if !is || len(parts) != 3 || parts[0] == "" || !timestampText.MatchString(parts[1]) {
		return client{}, errNoAuthorization
	}
	found, there, err := findClient(c.tx, parts[0])
	if err != nil {
		return client{}, err
	}
	if !there {
		return client{}, errNoClient
	}
	at, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return client{}, errNoAuthorization
	}
	if off := s.now().Unix() - at; off > signatureWindow || off < -signatureWindow {
		return client{}, errSignatureTime
	}
	path, _, _ := strings.Cut(c.r.RequestURI, "?") // as it was sent
	want := signature(found.scheme, found.key, c.r.Method, path, parts[1], c.body)
	if !hmac.Equal(want, decodeSignature(found.scheme, parts[2])) {
		return client{}, errSignature
	}
	if found.status != statusActive {
		return client{}, errSuspended
	}
	return found, nil
}

// keyOf is what a scheme signs with: the 64 ASCII characters of the secret's hash, or the secret itself.
func keyOf(scheme, secret string) string {
	if scheme == schemeNewline {
		sum := sha256.Sum256([]byte(secret))
		return hex.EncodeToString(sum[:])
	}
	return secret
}

func signature(scheme, key, method, path, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	if scheme == schemeColon {
		mac.Write([]byte(method + ":" + path + ":" + timestamp + ":"))
		mac.Write(body)
	} else {
		sum := sha256.Sum256(body)
		mac.Write([]byte(method + "\n" + path + "\n" + timestamp + "\n" + hex.EncodeToString(sum[:])))
	}
	return mac.Sum(nil)
}

// decodeSignature gives nil for what cannot be one. Hex may be in either case.
func decodeSignature(scheme, text string) []byte {
	decode := hex.DecodeString
	if scheme == schemeColon {
		decode = base64.StdEncoding.Strict().DecodeString
	}
	sum, err := decode(text)
	if err != nil {
		return nil
	}
	return sum
}
