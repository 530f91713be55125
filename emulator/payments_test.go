package emulator_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/emulator/pgw"
)

const intents = "/v1/payment_intents"

// till is a merchant's server and a payment page, written from the wire alone.
type till struct {
	t      *testing.T
	w      *emulator.World
	client *http.Client
	offset time.Duration           // of the server's clock
	at     int64                   // the time that is signed; 0 is the server's
	write  func(hex string) string // how the signature is written; nil as it is
}

func newTill(t *testing.T, o emulator.Options) *till {
	t.Helper()
	w, err := emulator.Start(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return &till{t: t, w: w, client: tillClient(t, w)}
}

func tillClient(t *testing.T, w *emulator.World) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(w.CAPEM()))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// answer is an answer of the gateway, with the fields that tests look at.
type answer struct {
	status int
	header http.Header
	text   string
	Error  struct{ Code, Param string }
	ID     string
	Status string
	Token  string `json:"payment_token"`
	Tx     string `json:"provider_transaction_id"`
	Reason string `json:"cancellation_reason"`
	Data   []struct{ ID, Status, Type string }
	More   bool `json:"has_more"`
}

func (p *till) do(method, path, body string, header map[string]string) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.w.Env().PGW.URL+path, strings.NewReader(body))
	require.NoError(p.t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := p.client.Do(req)
	require.NoError(p.t, err)
	text, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &a) // a test that wants fields says so
	return a
}

// signed makes a signed request of the first key.
func (p *till) signed(method, path, body string, header map[string]string) answer {
	p.t.Helper()
	env := p.w.Env().PGW
	return p.signedBy(pgw.Credentials{APIKey: env.APIKey, SecretKey: env.SecretKey}, method, path, body, header)
}

func (p *till) signedBy(c pgw.Credentials, method, path, body string, header map[string]string) answer {
	p.t.Helper()
	alone, _, _ := strings.Cut(path, "?")
	at := fmt.Sprint(time.Now().Add(p.offset).Unix())
	if p.at != 0 {
		at = fmt.Sprint(p.at)
	}
	key := sha256.Sum256([]byte(c.SecretKey))
	mac := hmac.New(sha256.New, []byte(hex.EncodeToString(key[:])))
	fmt.Fprintf(mac, "%s\n%s\n%s\n%x", method, alone, at, sha256.Sum256([]byte(body)))
	signature := hex.EncodeToString(mac.Sum(nil))
	if p.write != nil {
		signature = p.write(signature)
	}
	all := map[string]string{"Authorization": "HMAC-SHA256 " + c.APIKey + ":" + at + ":" + signature}
	for name, value := range header {
		all[name] = value
	}
	return p.do(method, path, body, all)
}

func order(ref string) string {
	return `{"amount":1200,"currency":"JPY","merchant_ref_id":"` + ref + `","payment_method_types":["qr_mpm","qr_cpm"]}`
}

func (p *till) created(ref string) answer {
	p.t.Helper()
	a := p.signed("POST", intents, order(ref), nil)
	require.Equal(p.t, 201, a.status, a.text)
	return a
}

// act makes a call with a payment token in the body.
func (p *till) act(a answer, action, more string) answer {
	p.t.Helper()
	return p.do("POST", intents+"/"+a.ID+"/"+action, `{"payment_token":"`+a.Token+`"`+more+`}`, nil)
}

func (p *till) confirmed(ref string) answer {
	p.t.Helper()
	made := p.created(ref)
	a := p.act(made, "confirm", `,"payment_method_type":"qr_mpm","provider":"PAYPAY"`)
	require.Equal(p.t, 200, a.status, a.text)
	a.Token = made.Token
	return a
}

func (p *till) retrieve(a answer) answer {
	p.t.Helper()
	return p.do("GET", intents+"/"+a.ID+"?payment_token="+a.Token, "", nil)
}

func (p *till) admin(method, path string, in, out any) {
	p.t.Helper()
	require.NoError(p.t, p.w.Admin(p.t.Context(), method, path, in, out))
}

func (p *till) clock(offset time.Duration) {
	p.t.Helper()
	p.offset = offset
	p.admin("PUT", "/admin/api/clock", map[string]any{"offsetSeconds": offset.Seconds()}, nil)
}

// hook sends a webhook as PayPay does.
func (p *till) hook(tx, status string, amount int, currency string) answer {
	p.t.Helper()
	body := fmt.Sprintf(`{"transaction_id":%q,"status":%q,"amount":%d,"currency":%q,"timestamp":%q}`, tx, status, amount, currency, time.Now().UTC().Format(time.RFC3339))
	mac := hmac.New(sha256.New, []byte(p.w.Env().PGW.WebhookSecrets["paypay"]))
	mac.Write([]byte(body))
	return p.do("POST", "/v1/webhooks/paypay", body, map[string]string{"X-PayPay-Signature": hex.EncodeToString(mac.Sum(nil))})
}

func (p *till) webhooks(state string) (list []pgw.Webhook) {
	p.t.Helper()
	var out struct{ Webhooks []pgw.Webhook }
	p.admin("GET", "/admin/api/pgw/webhooks?state="+state, nil, &out)
	return out.Webhooks
}

func (p *till) events() (list []pgw.Event) {
	p.t.Helper()
	var out struct{ Events []pgw.Event }
	p.admin("GET", "/admin/api/pgw/events?after=0", nil, &out)
	return out.Events
}

// eventually waits for the gateway's worker.
func (p *till) eventually(what string, fn func() bool) {
	p.t.Helper()
	require.Eventually(p.t, fn, 10*time.Second, 5*time.Millisecond, what)
}

func (p *till) reaches(a answer, status string) {
	p.t.Helper()
	p.eventually(status, func() bool { return p.retrieve(a).Status == status })
}

func TestIdempotencyKeysOfTheGateway(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	key := map[string]string{"Idempotency-Key": "01J-KEY"}
	one := p.signed("POST", intents, order("REF"), key)
	two := p.signed("POST", intents, order("REF"), key)
	require.Equal(t, 201, two.status)
	require.Equal(t, one.text, two.text)
	require.Equal(t, "true", two.header.Get("Idempotent-Replayed"))
	require.Empty(t, one.header.Get("Idempotent-Replayed"))
	other := p.signed("POST", intents, order("OTHER"), key)
	require.Equal(t, "idempotency_conflict", other.Error.Code)
	refused := p.signed("POST", intents, `{"amount":0}`, map[string]string{"Idempotency-Key": "bad"})
	again := p.signed("POST", intents, `{"amount":0}`, map[string]string{"Idempotency-Key": "bad"})
	require.Equal(t, refused.text, again.text, "a refusal is an answer too, with its request id")
	long := p.signed("POST", intents, order("LONG"), map[string]string{"Idempotency-Key": strings.Repeat("k", 101)})
	require.Equal(t, 400, long.status)
	p.admin("PUT", "/admin/api/pgw/settings", map[string]any{"unavailableProviders": []string{"paypay"}}, nil)
	confirm := func() answer {
		return p.do("POST", intents+"/"+one.ID+"/confirm", `{"payment_token":"`+one.Token+`","provider":"PAYPAY"}`, map[string]string{"Idempotency-Key": "c"})
	}
	require.Equal(t, "provider_unavailable", confirm().Error.Code)
	p.admin("PUT", "/admin/api/pgw/settings", map[string]any{"unavailableProviders": []string{}}, nil)
	require.Equal(t, 200, confirm().status, "what failed at the gateway is not kept")
	p.clock(25 * time.Hour)
	require.Equal(t, 201, p.signed("POST", intents, order("OTHER"), key).status, "free after 24 hours")
}

// Neither a payment token nor a secret key is anywhere in the state folder or the journal.
func TestTokensAreStoredHashed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := newTill(t, emulator.Options{StateDir: dir})
	a := p.signed("POST", intents, order("REF"), map[string]string{"Idempotency-Key": "k"})
	require.Equal(t, 201, a.status)
	p.retrieve(a)
	p.do("GET", intents+"/"+a.ID, "", map[string]string{"Authorization": "Bearer " + a.Token})
	p.do("GET", "/v1/"+a.Token, "", nil)
	p.act(a, "confirm", `,"provider":"PAYPAY"`)
	var made pgw.Credentials
	p.admin("POST", "/admin/api/pgw/clients", map[string]string{}, &made)
	var journal json.RawMessage
	p.admin("GET", "/admin/api/requests", nil, &journal)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	all := [][]byte{journal}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all = append(all, text)
	}
	require.Greater(t, len(all), 3)
	_, secret, _ := strings.Cut(a.Token, "_secret_")
	for i, text := range all {
		require.False(t, bytes.Contains(text, []byte(secret)), "a payment token in %d", i)
		require.False(t, bytes.Contains(text, []byte(made.SecretKey)), "a secret key in %d", i)
	}
}

func TestBadBodiesOfCreate(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	for name, tt := range map[string]struct{ body, param string }{
		"amount 0":           {`{"amount":0,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["qr_mpm"]}`, "amount"},
		"negative":           {`{"amount":-1,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["qr_mpm"]}`, "amount"},
		"fraction":           {`{"amount":10.5,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["qr_mpm"]}`, "amount"},
		"fraction of 0":      {`{"amount":10.0,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["qr_mpm"]}`, "amount"},
		"2^53":               {`{"amount":9007199254740992,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["qr_mpm"]}`, "amount"},
		"no currency":        {`{"amount":1,"merchant_ref_id":"R","payment_method_types":["qr_mpm"]}`, "currency"},
		"no ref":             {`{"amount":1,"currency":"JPY","payment_method_types":["qr_mpm"]}`, "merchant_ref_id"},
		"long ref":           {`{"amount":1,"currency":"JPY","merchant_ref_id":"` + strings.Repeat("r", 101) + `","payment_method_types":["qr_mpm"]}`, "merchant_ref_id"},
		"no method":          {`{"amount":1,"currency":"JPY","merchant_ref_id":"R"}`, "payment_method_types"},
		"no such method":     {`{"amount":1,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["qr_mpm","shells"]}`, "payment_method_types"},
		"method as a number": {`{"amount":1,"currency":"JPY","merchant_ref_id":"R","payment_method_types":[1]}`, "payment_method_types"},
		"no such mode":       {`{"amount":1,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["cash"],"processing_mode":"x"}`, "processing_mode"},
		"1441 minutes":       {`{"amount":1,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["cash"],"expires_in_minutes":1441}`, "expires_in_minutes"},
		"another merchant":   {`{"amount":1,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["cash"],"merchant_id":"M-9999"}`, "merchant_id"},
		"order as a number":  {`{"amount":1,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["cash"],"order_id":7}`, "order_id"},
	} {
		a := p.signed("POST", intents, tt.body, nil)
		require.Equal(t, []any{422, "validation_error", tt.param}, []any{a.status, a.Error.Code, a.Error.Param}, name)
	}
	for _, body := range []string{``, `[]`, `{"amount":1`, `{"amount":1,"amount":2}`} {
		require.Equal(t, "invalid_request", p.signed("POST", intents, body, nil).Error.Code, body)
	}
	for path, status := range map[string]int{"/v2/x": 404, "/": 404, intents + "/a/b/c": 404, "/v1/payment_intents/": 404} {
		require.Equal(t, status, p.signed("GET", path, "", nil).status, path)
	}
	a := p.signed("DELETE", intents, "", nil)
	require.Equal(t, 405, a.status)
	require.Equal(t, "POST, GET, OPTIONS", a.header.Get("Allow"))
}

// The largest amount that every JSON reader keeps is one; the webhook and the capture take it too.
func TestTheLargestAmount(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	const most = 1<<53 - 1
	made := p.signed("POST", intents, fmt.Sprintf(`{"amount":%d,"currency":"JPY","merchant_ref_id":"R","payment_method_types":["qr_mpm"]}`, most), nil)
	require.Equal(t, 201, made.status, made.text)
	paid := p.act(made, "confirm", `,"payment_method_type":"qr_mpm","provider":"PAYPAY"`)
	require.Equal(t, 200, p.hook(paid.Tx, "SUCCESS", most, "JPY").status)
	p.reaches(made, "succeeded")
}

// A merchant's ids are its own: another organisation may have a merchant of the same id with a payment of the same merchant_ref_id.
func TestOrganisationsDoNotMeet(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	p.created("REF")
	var other pgw.Credentials
	p.admin("POST", "/admin/api/pgw/clients", map[string]string{}, &other)
	same := fmt.Sprintf(`{"merchants":[{"id":%q,"code":"X","name":"X","status":"active","stores":[]}]}`, p.w.Env().PGW.MerchantID)
	require.Equal(t, 200, p.signedBy(other, "POST", "/v1/sync/merchants", same, nil).status)
	order := `{"amount":1,"currency":"JPY","merchant_ref_id":"REF","payment_method_types":["qr_mpm"],"merchant_id":"` + p.w.Env().PGW.MerchantID + `"}`
	a := p.signedBy(other, "POST", intents, order, nil)
	require.Equal(t, 201, a.status, a.text)
}

func TestOriginsOfWebPages(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	const page = "https://pay.shop.example"
	a := p.created("REF")
	ask := func(origin, path string) answer {
		return p.do("OPTIONS", path, "", map[string]string{"Origin": origin, "Access-Control-Request-Method": "POST"})
	}
	require.Equal(t, 403, ask(page, intents+"/"+a.ID+"/confirm").status, "nobody is allowed at first")
	p.admin("PUT", "/admin/api/pgw/clients/"+p.w.Env().PGW.APIKey, map[string]any{"allowedOrigins": []string{page}}, nil)
	allowed := ask(page, intents+"/"+a.ID+"/confirm")
	require.Equal(t, 204, allowed.status)
	require.Equal(t, page, allowed.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "GET, POST, OPTIONS", allowed.header.Get("Access-Control-Allow-Methods"))
	require.Empty(t, allowed.header.Get("Access-Control-Allow-Credentials"))
	require.Equal(t, 403, ask("https://evil.example", intents+"/"+a.ID+"/confirm").status)
	var other pgw.Credentials
	p.admin("POST", "/admin/api/pgw/clients", map[string]any{"allowedOrigins": []string{"https://other.example"}}, &other)
	require.Equal(t, 403, ask("https://other.example", intents+"/"+a.ID+"/confirm").status, "another organisation's page")
	got := p.do("GET", intents+"/"+a.ID+"?payment_token="+a.Token, "", map[string]string{"Origin": page})
	require.Equal(t, page, got.header.Get("Access-Control-Allow-Origin"))
	got = p.do("GET", intents+"/"+a.ID+"?payment_token="+a.Token, "", map[string]string{"Origin": "https://evil.example"})
	require.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
	require.Error(t, p.w.Admin(t.Context(), "PUT", "/admin/api/pgw/clients/"+p.w.Env().PGW.APIKey, map[string]any{"allowedOrigins": []string{"*"}}, nil))
}

func TestKeysOfOneOrganisation(t *testing.T) {
	t.Parallel()
	p := newTill(t, emulator.Options{})
	var second pgw.Credentials
	p.admin("POST", "/admin/api/pgw/clients", map[string]string{"merchantId": p.w.Env().PGW.MerchantID}, &second)
	p.created("REF")
	require.Equal(t, 409, p.signedBy(second, "POST", intents, order("REF"), nil).status, "one merchant, whatever the key")
	list := p.signedBy(second, "GET", intents+"?merchant_ref_id=REF", "", nil)
	require.Equal(t, 200, list.status)
	require.Contains(t, list.text, `"merchant_ref_id":"REF"`)
	for name, in := range map[string]map[string]string{
		"scheme": {"scheme": "md5"}, "status": {"status": "asleep"},
	} {
		require.ErrorContains(t, p.w.Admin(t.Context(), "POST", "/admin/api/pgw/clients", in, nil), "422", name)
	}
	require.ErrorContains(t, p.w.Admin(t.Context(), "POST", "/admin/api/pgw/clients", map[string]string{"merchantId": "M-NONE"}, nil), "404")
	raw := map[string]string{"merchantId": p.w.Env().PGW.MerchantID, "scheme": "newline_raw"}
	p.admin("POST", "/admin/api/pgw/clients", raw, nil)
	require.ErrorContains(t, p.w.Admin(t.Context(), "POST", "/admin/api/pgw/clients", raw, nil), "409")
}
