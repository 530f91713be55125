package mpac

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/smartpos-go/terminal/emulator/state"
)

// PaymentGateway is the way from svc-smarttab to mpac-pgw: through the gateway's own listener, signed as a merchant's server signs.
type PaymentGateway struct {
	BaseURL           string
	Client            *http.Client
	APIKey, SecretKey string
}

const (
	pathIntents    = "/v1/payment_intents"
	gatewayTimeout = 10 * time.Second
	maxGatewayBody = 1 << 20
)

// errGateway is an answer of the payment gateway that is none, or says that it cannot now.
var errGateway = no(http.StatusServiceUnavailable, "payment_gateway_unavailable", "the payment gateway does not answer; ask again with the same Idempotency-Key")

// intent is what svc-smarttab reads of a PaymentIntent.
type intent struct {
	ID                 string `json:"id"`
	Status             string `json:"status"`
	MerchantRefID      string `json:"merchant_ref_id"`
	TransactionID      string `json:"provider_transaction_id"`
	CancellationReason string `json:"cancellation_reason"`
	ExpiresAt          string `json:"expires_at"`
	PaymentToken       string `json:"payment_token"`
	LastError          *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"last_error"`
}

// newIntent is the create request with the fields of protocol section 4.3 that CP prints.
type newIntent struct {
	Amount            int64  `json:"amount"`
	Currency          string `json:"currency"`
	MerchantRefID     string `json:"merchant_ref_id"`
	PaymentMethodType string `json:"payment_method_type"`
	ProcessingMode    string `json:"processing_mode"`
	OrderID           string `json:"order_id,omitempty"`
}

// road is a PaymentGateway in use.
type road struct {
	PaymentGateway
	clock *state.Clock
}

// create makes the PaymentIntent of a payment. The payment's id is its merchant_ref_id and its idempotency key, so that asking again
// gives the same one, with its token.
func (g *road) create(ctx context.Context, p payment, orderID string) (intent, error) {
	body, err := json.Marshal(newIntent{p.TotalAmount, p.Currency, p.ID, p.PaymentMethod, p.ProcessingMode, orderID})
	if err != nil {
		return intent{}, fmt.Errorf("emulator: payment gateway: %w", err)
	}
	var made intent
	err = g.call(ctx, http.MethodPost, "", body, p.ID, &made)
	if err == nil && (made.ID == "" || made.PaymentToken == "") {
		err = errGateway
	}
	return made, err
}

// list gives a page of PaymentIntents, newest first; after is the last id of the page before.
func (g *road) list(ctx context.Context, after string) (page []intent, more bool, err error) {
	query := url.Values{"limit": {"100"}}
	if after != "" {
		query.Set("starting_after", after)
	}
	var answer struct {
		Data    []intent `json:"data"`
		HasMore bool     `json:"has_more"`
	}
	err = g.call(ctx, http.MethodGet, "?"+query.Encode(), nil, "", &answer)
	return answer.Data, answer.HasMore, err
}

// call makes one signed call. What the gateway refuses for good is a conflict that says why, everything else errGateway.
func (g *road) call(ctx context.Context, method, query string, body []byte, key string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, gatewayTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, g.BaseURL+pathIntents+query, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("emulator: payment gateway: %w", err)
	}
	req.Header.Set("Authorization", g.signature(method, body))
	if key != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := g.Client.Do(req)
	if err != nil {
		return errGateway
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxGatewayBody))
	switch {
	case err != nil:
		return errGateway
	case resp.StatusCode/100 == 2 && json.Unmarshal(text, into) == nil:
		return nil
	}
	var refusal struct {
		Error struct{ Code string }
	}
	if json.Unmarshal(text, &refusal) != nil || (resp.StatusCode != http.StatusConflict && resp.StatusCode != http.StatusUnprocessableEntity) ||
		refusal.Error.Code == "idempotency_in_progress" {
		return errGateway
	}
	return conflict("the payment gateway refuses this payment: " + refusal.Error.Code)
}

// signature is scheme N of protocol section 4.1: the key is the hex text of the secret's hash, and a query is not signed.
func (g *road) signature(method string, body []byte) string {
	at := strconv.FormatInt(g.clock.Now().Unix(), 10)
	secret, sum := sha256.Sum256([]byte(g.SecretKey)), sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(hex.EncodeToString(secret[:])))
	_, _ = io.WriteString(mac, method+"\n"+pathIntents+"\n"+at+"\n"+hex.EncodeToString(sum[:])) // a hash takes everything
	return "HMAC-SHA256 " + g.APIKey + ":" + at + ":" + hex.EncodeToString(mac.Sum(nil))
}

// unanswered reports whether a call of the payment gateway got no answer.
func unanswered(err error) bool { return errors.Is(err, errGateway) }
