package mobile

import (
	"encoding/json"
	"time"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/deviceauth"
)

type deviceKeyJSON struct {
	V              int     `json:"v"`
	PublicKeyPEM   string  `json:"publicKeyPem"`
	JWK            jwkJSON `json:"jwk"`
	KeyFingerprint string  `json:"keyFingerprint"`
}

// jwkJSON is the public key as a token server's registration wants it (RFC 7517).
type jwkJSON struct {
	KeyType string `json:"kty"`
	Curve   string `json:"crv"`
	X       string `json:"x"`
	Y       string `json:"y"`
	Use     string `json:"use"`
	Alg     string `json:"alg"`
}

func deviceKeyAnswer(key deviceauth.PublicKey, fingerprint string) deviceKeyJSON {
	return deviceKeyJSON{
		V: 1, PublicKeyPEM: key.PEM, KeyFingerprint: fingerprint,
		JWK: jwkJSON{KeyType: "EC", Curve: "P-256", X: key.X, Y: key.Y, Use: "sig", Alg: "ES256"},
	}
}

type activationJSON struct {
	V              int    `json:"v"`
	Status         string `json:"status"`
	ActivationCode string `json:"activationCode,omitempty"`
	ExpiresAt      string `json:"expiresAt,omitempty"`
	DeviceID       string `json:"deviceId,omitempty"`
	ClientID       string `json:"clientId,omitempty"`
	MerchantID     int64  `json:"merchantId,omitempty"`
	StoreID        int64  `json:"storeId,omitempty"`
}

func activationAnswer(a deviceauth.Activation) activationJSON {
	answer := activationJSON{
		V: 1, Status: a.Status, ActivationCode: a.Code, DeviceID: a.DeviceID, ClientID: a.ClientID, MerchantID: a.MerchantID, StoreID: a.StoreID,
	}
	if !a.ExpiresAt.IsZero() {
		answer.ExpiresAt = rfc3339(a.ExpiresAt)
	}
	return answer
}

type tokenJSON struct {
	V           int      `json:"v"`
	ExpiresAt   string   `json:"expiresAt"`
	Scope       []string `json:"scope"`
	AccessToken string   `json:"accessToken"`
}

func tokenAnswer(t deviceauth.Token) tokenJSON {
	return tokenJSON{V: 1, ExpiresAt: rfc3339(t.ExpiresAt), Scope: append([]string{}, t.Scope...), AccessToken: t.Bearer()}
}

type callJSON struct {
	V              int             `json:"v"`
	Status         int             `json:"status"`
	Body           json.RawMessage `json:"body"`
	IdempotencyKey string          `json:"idempotencyKey,omitempty"`
}

// callAnswer gives the body as it came: JSON as JSON, anything else as text, nothing as null.
func callAnswer(a mpac.Answer) callJSON {
	answer := callJSON{V: 1, Status: a.Status, IdempotencyKey: a.Key}
	switch {
	case len(a.Body) == 0:
	case json.Valid(a.Body):
		answer.Body = a.Body
	default:
		answer.Body, _ = json.Marshal(string(a.Body)) //nolint:errchkjson // a string.
	}
	return answer
}

type unknownCallJSON struct {
	IdempotencyKey string `json:"idempotencyKey"`
	Method         string `json:"method"`
	Path           string `json:"path"`
	StartedAt      string `json:"startedAt"`
}

// withDevice adds where the device stands.
func (s *statusJSON) withDevice(a deviceauth.Activation, open []mpac.Pending, unknownCards, unrecordedCards int) {
	s.Activation = a.Status
	if s.Activation == "" {
		s.Activation = "none"
	}
	s.UnknownCalls = make([]unknownCallJSON, len(open))
	for i, call := range open {
		s.UnknownCalls[i] = unknownCallJSON{call.Key, call.Method, call.Path, call.StartedAt.UTC().Format(time.RFC3339)}
	}
	s.UnknownCards, s.UnrecordedCards = &unknownCards, &unrecordedCards
	s.SafeToWipe = s.SafeToWipe && len(open) == 0 && unknownCards == 0 && unrecordedCards == 0
}
