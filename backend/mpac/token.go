package mpac

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Bounds of a token's answer.
const (
	// assumedLife is the life of a token whose server does not say: the shortest of protocol section 2.3.
	assumedLife = 60 * time.Second
	// maxLife is the longest life that is believed, so that a device that was taken out of service notices.
	maxLife = time.Hour
	// maxToken bounds a token in bytes: servers refuse headers above 8 to 16 KiB.
	maxToken = 8 << 10
)

// TokenRequest asks for a token (protocol section 2.2).
type TokenRequest struct {
	ClientID string
	// Assertion is the signed JWT, good for this one request.
	Assertion string
	// Scope narrows the token. Empty asks for the default.
	Scope []string
	// Form sends a form as RFC 6749 says, not JSON.
	Form bool
}

// Token is what the token endpoint gave.
type Token struct {
	AccessToken AccessToken
	// Life is how long it is good, counted from the request: at most an hour, whatever the server says.
	Life time.Duration
	// Scope as the answer or the token's own claims say. Nil when neither does.
	Scope []string
}

// Token asks for a token. It is sent once: an assertion is good once. Errors: token_refused, device_suspended,
// device_decommissioned, protocol_error, and those of a call without an answer; RetryAfter gives the pause of a 429 or 503.
func (p *Portal) Token(ctx context.Context, r TokenRequest) (Token, error) {
	const op = "mpac: token"
	body, contentType, err := r.encode()
	if err != nil {
		return Token{}, fault.Wrap(fault.Internal, op, err)
	}
	resp, err := p.tokens.Do(ctx, httpx.Request{
		Method: http.MethodPost, Path: p.tokenPath, Body: body, Header: http.Header{"Content-Type": {contentType}},
	})
	if err != nil {
		return Token{}, err
	}
	if resp.Status < 200 || resp.Status > 299 {
		return Token{}, tokenFault(op, resp)
	}
	return readToken(op, resp.Body)
}

func (r TokenRequest) encode() (body []byte, contentType string, err error) {
	wire := tokenRequest{grantType, assertionType, r.Assertion, r.ClientID, strings.Join(r.Scope, " ")}
	if !r.Form {
		body, err = json.Marshal(wire)
		return body, "application/json", err
	}
	form := url.Values{
		"grant_type": {wire.GrantType}, "client_assertion_type": {wire.AssertionType}, "client_assertion": {wire.Assertion}, "client_id": {wire.ClientID},
	}
	if wire.Scope != "" {
		form.Set("scope", wire.Scope)
	}
	return []byte(form.Encode()), "application/x-www-form-urlencoded", nil
}

// tokenFault reads a refusal in the form of RFC 6749 section 5.2.
func tokenFault(op string, resp *httpx.Response) error {
	var e oauthError
	if httpx.IsObject(resp.Body) {
		_ = json.Unmarshal(resp.Body, &e) // a gateway's own error has no text here
	}
	detail := strings.TrimSuffix(fmt.Sprintf("HTTP %d %s: %s", resp.Status, httpx.Clip(e.Error, 64), httpx.Clip(e.Description, 200)), ": ")
	if code, none := httpx.NoAnswer(resp.Status); none {
		return withRetryAfter(fault.New(code, op, detail), resp)
	}
	switch {
	case resp.Status == 403 && e.Error == "access_denied" && e.Description == suspended:
		return fault.New(fault.DeviceSuspended, op, detail)
	case resp.Status == 403 && e.Error == "access_denied" && e.Description == decommissioned:
		return fault.New(fault.DeviceDecommissioned, op, detail)
	case resp.Status == 401, resp.Status == 403, resp.Status == 400 && e.Error != "":
		return fault.New(fault.TokenRefused, op, detail)
	}
	return fault.New(fault.ProtocolError, op, detail)
}

func readToken(op string, body []byte) (Token, error) {
	var answer tokenAnswer
	if err := decode(op, body, &answer); err != nil {
		return Token{}, err
	}
	bad := func(what string) (Token, error) { return Token{}, fault.New(fault.BadResponse, op, what) }
	switch {
	case answer.AccessToken == nil || !isToken(*answer.AccessToken):
		return bad("no usable access_token")
	case answer.TokenType != "" && !strings.EqualFold(answer.TokenType, "Bearer"):
		return bad("a token_type other than Bearer")
	}
	life, err := lifeOf(answer.ExpiresIn)
	if err != nil {
		return bad(err.Error())
	}
	scope, err := scopeOf(answer.Scope)
	if err != nil {
		return bad(err.Error())
	}
	if scope == nil {
		scope = claimedScope(*answer.AccessToken)
	}
	return Token{AccessToken: AccessToken(*answer.AccessToken), Life: life, Scope: scope}, nil
}

// isToken admits what may stand in a header: anything else could smuggle one in.
func isToken(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return text != "" && len(text) <= maxToken
}

// lifeOf reads expires_in: a number of seconds above 0, as text too, fractions dropped. Absent or null is assumedLife.
func lifeOf(raw json.RawMessage) (time.Duration, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return assumedLife, nil
	}
	text := string(raw)
	if text[0] == '"' && json.Unmarshal(raw, &text) != nil {
		return 0, errors.New("no usable expires_in")
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds < 1 || !json.Valid([]byte(text)) { // Go reads more as a number, NaN among it
		return 0, errors.New("no usable expires_in")
	}
	return time.Duration(min(seconds, maxLife.Seconds())) * time.Second, nil
}

// scopeOf reads scopes: text with spaces (RFC 6749), or a list as in the token's claims. Nil when absent.
func scopeOf(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return append([]string{}, strings.Fields(text)...), nil
	}
	scopes := []string{}
	if json.Unmarshal(raw, &scopes) != nil {
		return nil, errors.New("no usable scope")
	}
	return scopes, nil
}

// claimedScope is the scope claim of a token that is a JWT. It is not verified: it only spares calls the server would refuse.
func claimedScope(token string) []string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var claims struct {
		Scope json.RawMessage `json:"scope"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	scope, err := scopeOf(claims.Scope)
	if err != nil {
		return nil
	}
	return scope
}

// RetryAfter is the pause that a refusal asked for, 0 when it asked for none.
func RetryAfter(err error) time.Duration {
	var t *throttled
	if errors.As(err, &t) {
		return t.after
	}
	return 0
}
