package pay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/secret"
)

// Secret is a merchant's secret key. It shows in no log and no JSON; string(s) is the key.
type Secret = secret.Text

// Token is the x-token: lower-case hex HMAC-SHA256 of secretKey, public key, buyer's address and date, one behind the other without
// separators, keyed with the secret key. Each is signed exactly as it is sent.
func Token(secretKey Secret, publicKey, buyerIP, date string) string {
	mac := hmac.New(sha256.New, []byte(secretKey))
	mac.Write([]byte(string(secretKey) + publicKey + buyerIP + date))
	return hex.EncodeToString(mac.Sum(nil))
}

// VerifyToken reports whether a token is that of its inputs, in constant time. Hex may be in either case.
func VerifyToken(secretKey Secret, publicKey, buyerIP, date, token string) bool {
	return hmac.Equal([]byte(Token(secretKey, publicKey, buyerIP, date)), []byte(strings.ToLower(token)))
}

// Date is a time as x-date has it: YYYY-MM-DDTHH:MM:SS in UTC.
func Date(t time.Time) string { return t.UTC().Format(dateForm) }

// Caller is who calls Pay.
type Caller struct {
	// PublicKey is the UUID of a merchant's account, Secret its secret key.
	PublicKey string
	Secret    Secret
	// ID names the calling service, Source the channel: shop, cp, staff or directlink.
	ID, Source string
}

// headerText is what a header may hold; a blank at an end would be cut on the way and the token would not fit any more.
var headerText = regexp.MustCompile(`^[\x21-\x7e]([\x20-\x7e]{0,198}[\x21-\x7e])?$`)

func (c Caller) check(op string) error {
	bad := func(detail string) error { return fault.New(fault.InvalidConfig, op, detail) }
	switch {
	case uuid.Validate(c.PublicKey) != nil || len(c.PublicKey) != 36:
		return bad("PublicKey must be a UUID")
	case c.Secret == "":
		return bad("Secret is missing")
	case !headerText.MatchString(c.ID):
		return bad("ID must be printable ASCII")
	case !headerText.MatchString(c.Source):
		return bad("Source must be printable ASCII, such as shop")
	}
	return nil
}

// CheckBuyerIP refuses what is no IPv4 or IPv6 address. Errors: invalid_request.
func CheckBuyerIP(ip string) error {
	address, err := netip.ParseAddr(ip)
	if err != nil || address.Zone() != "" {
		return fault.New(fault.InvalidRequest, "pay: sign", "the buyer's address must be IPv4 or IPv6, without a zone")
	}
	return nil
}

// Headers are the six headers of a call at a time. buyerIP is signed and sent as it is given. Errors: invalid_request for an address
// that is none, invalid_config.
func (c Caller) Headers(buyerIP string, at time.Time) (http.Header, error) {
	if err := c.check("pay: sign"); err != nil {
		return nil, err
	}
	if err := CheckBuyerIP(buyerIP); err != nil {
		return nil, err
	}
	date := Date(at)
	h := http.Header{}
	h.Set(HeaderPublicKey, c.PublicKey)
	h.Set(HeaderBuyerIP, buyerIP)
	h.Set(HeaderDate, date)
	h.Set(HeaderToken, Token(c.Secret, c.PublicKey, buyerIP, date))
	h.Set(HeaderID, c.ID)
	h.Set(HeaderSource, c.Source)
	return h, nil
}
