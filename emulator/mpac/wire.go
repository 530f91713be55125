package mpac

import (
	"net/http"
	"time"
)

// This file holds what the vendor's pages leave open (protocol sections 2, 3 and 11) and what is therefore ours: bodies, limits,
// lives, error codes. A vendor's answer is a change here. Names of columns and paths that the pages do print are used as printed.

// Paths of the portal that need no token.
const (
	prefix         = "/api/v1"
	pathToken      = "/auth/device/token" //nolint:gosec // a path.
	pathGenerate   = "/device/provision/generateActivationCode"
	pathActivate   = "/device/provision/activate"
	pathActivation = "/device/provision/activationStatus"
	pathJWKS       = "/jwks/"
	pathSocket     = "/ws"
)

// Issuers are FACT; skews and lives of assertions are the defaults of protocol section 2.2.
const (
	issuerDevices    = "svc-portal-devices"
	issuerUsers      = "svc-portal-users"
	assertionSkew    = 30 * time.Second
	assertionMaxLife = 300 * time.Second
	tokenSkew        = 5 * time.Second
	humanLife        = 900 * time.Second
	jwksLife         = 5 * time.Minute
	maxToken         = 8192 // bytes of a JWT
)

// Activation (protocol section 2.4).
const (
	activationLife = 15 * time.Minute
	pollInterval   = 5 // seconds
	maxSerial      = 64
	maxName        = 255
)

// Scopes: three are FACT, refund is ours and given only when it is asked for.
const (
	scopeOrder   = "order:create"
	scopeBill    = "bill:create"
	scopePayment = "payment:create"
	scopeRefund  = "payment:refund"
)

var (
	usualScopes = []string{scopeOrder, scopeBill, scopePayment}
	allScopes   = []string{scopeOrder, scopeBill, scopePayment, scopeRefund}
)

// Roles are FACT; who may do what is ours.
const (
	roleSystem   = "SYSTEM_OP"
	rolePSP      = "PSP_ADMIN"
	roleMerchant = "MERCHANT_ADMIN"
	roleManager  = "STORE_MANAGER"
	roleStaff    = "STAFF"
)

// Limits of smarttab. Amounts are integer yen; the largest fits the vendor's numeric(12,2).
const (
	maxAmount    = 9_999_999_999
	maxItems     = 500
	maxQuantity  = 100_000
	maxSplits    = 100
	maxCombined  = 50
	maxText      = 50
	maxItemName  = 255
	maxReason    = 255
	maxKey       = 100 // FACT: idempotency_key
	usualListLen = 100
	maxListLen   = 1000
)

// The socket (protocol section 3, all of it ours).
const (
	subprotocol    = "mpac.v1"
	maxFrame       = 64 << 10
	heartbeat      = 30 // seconds between a client's pings
	maxMessages    = 60 // a minute, ack, ping and auth.refresh not counted
	replayLife     = 24 * time.Hour
	closeBad       = 4400
	closeAuth      = 4401
	closeForbidden = 4403
	closeSilent    = 4408
	closeReplaced  = 4409
	closeRate      = 4429
	closeUTF8      = 1007
	closeRestart   = 1012
)

// tokenAnswer is the token endpoint's 200 (protocol section 2.2).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// deviceClaims are those of a device token (protocol section 2.3).
type deviceClaims struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	DeviceSN   string   `json:"device_sn"`
	MerchantID int64    `json:"merchant_id"`
	StoreID    int64    `json:"store_id"`
	Scope      []string `json:"scope"`
	IssuedAt   int64    `json:"iat"`
	Expires    int64    `json:"exp"`
	ID         string   `json:"jti"`
}

// humanClaims are those of a person's token.
type humanClaims struct {
	Issuer     string `json:"iss"`
	Subject    string `json:"sub"`
	Role       string `json:"role"`
	MerchantID int64  `json:"merchant_id"`
	StoreID    int64  `json:"store_id"`
	PSPID      int64  `json:"psp_id"`
	IssuedAt   int64  `json:"iat"`
	Expires    int64  `json:"exp"`
	ID         string `json:"jti"`
}

// codeAnswer is generateActivationCode's 201.
type codeAnswer struct {
	DeviceID       string `json:"device_id"`
	ClientID       string `json:"client_id"`
	ActivationCode string `json:"activation_code"`
	ExpiresAt      string `json:"expires_at"`
	PollInterval   int    `json:"poll_interval"`
}

// statusAnswer is activationStatus's 200; the ids come once it is active.
type statusAnswer struct {
	Status     string `json:"status"`
	ClientID   string `json:"client_id,omitempty"`
	MerchantID int64  `json:"merchant_id,omitempty"`
	StoreID    int64  `json:"store_id,omitempty"`
}

// Refusals that more than one place gives.
var (
	errNotFound     = no(http.StatusNotFound, "not_found", "there is no such resource here")
	errToken        = no(http.StatusUnauthorized, "invalid_token", "a valid Bearer token is needed")
	errScope        = no(http.StatusForbidden, "insufficient_scope", "the token lacks the scope of this call; ask for it in the token request")
	errForbidden    = no(http.StatusForbidden, "forbidden", "this caller may not do this")
	errJSON         = no(http.StatusBadRequest, "malformed_json", "the body must be one JSON object")
	errKeyMissing   = no(http.StatusBadRequest, "idempotency_key_required", "this call needs the header Idempotency-Key, 1 to 100 printable characters")
	errKeyConflict  = no(http.StatusConflict, "idempotency_conflict", "this Idempotency-Key was used with another request; make a new key")
	errBound        = no(http.StatusConflict, "already_active", "this serial number belongs to a device that was activated")
	errInvalidAgent = &oauthError{http.StatusUnauthorized, "invalid_client", "the client assertion is not accepted"}
)
