package deviceauth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func byHand(o *Options) { o.ClientID = "pos-1" }

func TestActivationGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	_, err := r.device.Identity()
	require.Equal(t, fault.NotActivated, fault.CodeOf(err))
	_, err = r.device.Await(t.Context(), r.portal, time.Minute)
	require.Equal(t, fault.NotActivated, fault.CodeOf(err), "there is nothing to wait for")

	a, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	require.Equal(t, []string{"pending", "12345678", "d-1"}, []string{a.Status, a.Code, a.DeviceID})
	var sent map[string]string
	require.NoError(t, json.Unmarshal([]byte(r.asked("/generateActivationCode")[0]), &sent))
	require.Equal(t, "SN-1", sent["serial_number"])
	require.Equal(t, "Till", sent["device_name"])
	public, err := r.device.PublicKey()
	require.NoError(t, err)
	require.Equal(t, public.PEM, sent["public_key_pem"])

	r.open(t, nil)
	again, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	require.Equal(t, a, again, "the same code is shown again")
	require.Len(t, r.asked("/generateActivationCode"), 1)

	r.set(func() { r.status = answers(200, `{"status":"active","client_id":"c-1","merchant_id":7,"store_id":8}`) })
	r.open(t, nil)
	a, err = r.device.Await(t.Context(), r.portal, time.Minute)
	require.NoError(t, err)
	require.Equal(t, Activation{Status: "active", DeviceID: "d-1", ClientID: "c-1", MerchantID: 7, StoreID: 8}, a)
	r.open(t, nil)
	identity, err := r.device.Identity()
	require.NoError(t, err)
	require.Equal(t, a, identity)
	require.Equal(t, 1, r.keys.made)
}

func TestACodeThatRanOutIsReplacedByTheNextRequest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		generate string
		status   http.HandlerFunc
	}{
		"the server says so":        {"2099-01-01T00:00:00Z", answers(200, `{"status":"expired"}`)},
		"the server forgot it":      {"2099-01-01T00:00:00Z", answers(404, `{"error":{"code":"not_found","message":"x"}}`)},
		"it refuses, past its time": {"2020-01-01T00:00:00Z", answers(403, `{}`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.set(func() {
				r.generate = answers(201, `{"device_id":"d-1","client_id":"c-1","activation_code":"12345678","expires_at":"`+tt.generate+`"}`)
				r.status = tt.status
			})
			_, err := r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			a, err := r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			require.Equal(t, Activation{Status: "expired"}, a)
			_, err = r.device.Identity()
			require.Equal(t, fault.ActivationExpired, fault.CodeOf(err))
			a, err = r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			require.Equal(t, "pending", a.Status)
			require.Equal(t, 1, r.keys.made, "the key stays")
		})
	}
}

// The code may have been entered while the device had no network; a device that forgets it then could not get another one, because
// it is active at the portal.
func TestACodeEnteredWhileTheDeviceWasOfflineIsNotForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.set(func() {
		r.generate = answers(201, `{"device_id":"d-1","client_id":"c-1","activation_code":"12345678","expires_at":"2020-01-01T00:00:00Z","poll_interval":1}`)
		r.status = lostAnswer
	})
	_, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	_, err = r.device.Await(t.Context(), r.portal, 10*time.Millisecond)
	require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err))
	r.open(t, nil)
	a, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	require.Equal(t, "pending", a.Status, "only the server knows")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.device.Request(ctx, r.portal)
	require.Equal(t, fault.Cancelled, fault.CodeOf(err))
	r.set(func() { r.status = answers(200, `{"status":"active","client_id":"c-1","merchant_id":7,"store_id":8}`) })
	a, err = r.device.Await(t.Context(), r.portal, time.Minute)
	require.NoError(t, err)
	require.Equal(t, "active", a.Status)
	require.Len(t, r.asked("/generateActivationCode"), 1)
}

func TestAPendingCodeIsShownWithoutNetwork(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	_, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	r.set(func() { r.status = lostAnswer })
	a, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	require.Equal(t, "12345678", a.Code)
	_, err = r.device.Await(t.Context(), r.portal, 10*time.Millisecond)
	require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err), "the wait ended without an answer")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.device.Await(ctx, r.portal, time.Minute)
	require.Equal(t, fault.Cancelled, fault.CodeOf(err))
}

func TestARefusedActivationChangesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   fault.Code
	}{
		"active elsewhere": {answers(409, `{"error":{"code":"already_active","message":"x"}}`), fault.Conflict},
		"bad key":          {answers(422, `{"error":{"code":"invalid_body","message":"x"}}`), fault.ProtocolError},
		"no code in it":    {answers(201, `{"device_id":"d","client_id":"c","expires_at":"2099-01-01T00:00:00Z"}`), fault.BadResponse},
		"no time":          {answers(201, `{"device_id":"d","client_id":"c","activation_code":"1","expires_at":"soon"}`), fault.BadResponse},
		"login page":       {answers(200, `<html>`), fault.BadResponse},
		"lost":             {lostAnswer, fault.NetworkUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.set(func() { r.generate = tt.answer })
			_, err := r.device.Request(t.Context(), r.portal)
			require.Equal(t, tt.want, fault.CodeOf(err))
			require.Equal(t, Activation{}, r.device.Activation())
		})
	}
}

func TestADiskThatIsFullStopsTheActivation(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.memory.fail = fault.New(fault.StorageFull, "test", "")
	_, err := r.device.Request(t.Context(), r.portal)
	require.Equal(t, fault.StorageFull, fault.CodeOf(err))
	require.Equal(t, Activation{}, r.device.Activation())
}

func TestTwoRequestsAskForOneCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := r.device.Request(t.Context(), r.portal); err != nil {
				t.Error(err)
			}
			if _, err := r.device.PublicKey(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Len(t, r.asked("/generateActivationCode"), 1)
	require.Equal(t, 1, r.keys.made)
}

// assertionOf takes an assertion apart and verifies it with the standard library.
func assertionOf(t *testing.T, text string, key *ecdsa.PublicKey) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(text, ".")
	require.Len(t, parts, 3)
	var raw [3][]byte
	for i, part := range parts {
		var err error
		raw[i], err = base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
	}
	require.NoError(t, json.Unmarshal(raw[0], &header))
	require.NoError(t, json.Unmarshal(raw[1], &claims))
	require.Len(t, raw[2], 64, "r and s, not DER")
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	require.True(t, ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])))
	return header, claims
}

func TestTheTokenRequestIsTheStrictestForm(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]bool{"JSON": false, "form": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, byHand)
			s := r.source(t, form, "order:create", "payment:refund")
			token, err := s.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "tok", token.Bearer())
			require.Equal(t, []string{"order:create", "payment:refund"}, token.Scope, "no word about the scope: it is the one asked for")
			s.Reset()
			_, err = s.Token(t.Context())
			require.NoError(t, err)

			ids := map[any]bool{}
			for i, body := range r.asked("/token") {
				fields := map[string]string{}
				if form {
					require.Equal(t, "application/x-www-form-urlencoded", r.types[i])
					values, err := url.ParseQuery(body)
					require.NoError(t, err)
					for key := range values {
						require.Len(t, values[key], 1)
						fields[key] = values.Get(key)
					}
				} else {
					require.Equal(t, "application/json", r.types[i])
					require.NoError(t, json.Unmarshal([]byte(body), &fields))
				}
				header, claims := assertionOf(t, fields["client_assertion"], &r.keys.key.PublicKey)
				delete(fields, "client_assertion")
				require.Equal(t, map[string]string{
					"grant_type": "client_credentials", "client_id": "pos-1", "scope": "order:create payment:refund",
					"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
				}, fields)
				require.Equal(t, map[string]any{"alg": "ES256", "typ": "client-authentication+jwt"}, header)
				require.InDelta(t, time.Now().Unix(), claims["iat"], 5)
				require.InDelta(t, 60, claims["exp"].(float64)-claims["iat"].(float64), 0)
				ids[claims["jti"]] = true
				delete(claims, "iat")
				delete(claims, "exp")
				delete(claims, "jti")
				require.Equal(t, map[string]any{"iss": "pos-1", "sub": "pos-1", "aud": "https://issuer.example"}, claims)
			}
			require.Len(t, ids, 2, "an id of its own for every attempt")
		})
	}
}

// The first assertion of a device whose clock is wrong is refused; the server's Date mends it within the same call.
func TestAClockFiveMinutesOffMendsItself(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]time.Duration{"ahead": 5 * time.Minute, "behind": -5 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, byHand)
			r.set(func() {
				r.ahead = off
				r.token = func(w http.ResponseWriter, _ *http.Request) {
					var fields map[string]string
					bodies := r.asked("/token")
					_ = json.Unmarshal([]byte(bodies[len(bodies)-1]), &fields)
					_, claims := assertionOf(t, fields["client_assertion"], &r.keys.key.PublicKey)
					if time.Since(time.Unix(int64(claims["iat"].(float64)), 0).Add(-off)).Abs() > 30*time.Second {
						answers(401, `{"error":"invalid_client"}`)(w, nil)
						return
					}
					answers(200, `{"access_token":"tok","expires_in":90}`)(w, nil)
				}
			})
			token, err := r.source(t, false).Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "tok", token.Bearer())
			require.WithinDuration(t, time.Now().Add(off+90*time.Second), token.ExpiresAt, 10*time.Second)
			require.Len(t, r.asked("/token"), 2)
		})
	}
}

func TestRetryAfterOfTheTokenServerIsHeeded(t *testing.T) {
	t.Parallel()
	r := newRig(t, byHand)
	r.set(func() {
		r.token = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "40")
			w.WriteHeader(429)
		}
	})
	s := r.source(t, false)
	_, err := s.Token(t.Context())
	require.Equal(t, fault.RateLimited, fault.CodeOf(err))
	left := s.failures.left(s.clock.Elapsed())
	require.Greater(t, left, 35*time.Second)
	require.LessOrEqual(t, left, 40*time.Second)
}

func TestOptionsThatAreMissing(t *testing.T) {
	t.Parallel()
	good := Options{SerialNumber: "SN", Audience: "a", Keys: &keys{}, Memory: &memory{values: map[string]string{}}}
	for _, lack := range []func(*Options){
		func(o *Options) { o.SerialNumber = "" }, func(o *Options) { o.Audience = "" },
		func(o *Options) { o.Keys = nil }, func(o *Options) { o.Memory = nil },
	} {
		o := good
		lack(&o)
		_, err := Open(o)
		require.Equal(t, fault.InvalidConfig, fault.CodeOf(err))
	}
	good.Memory = &memory{values: map[string]string{settingActivation: "{"}}
	_, err := Open(good)
	require.Equal(t, fault.StorageDamaged, fault.CodeOf(err))
	require.False(t, errors.Is(err, fault.InvalidConfig))
}

// ES256 assertion: the whole of it, as every token request pays.
func BenchmarkAssertion(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(b, err)
	d, err := Open(Options{
		SerialNumber: "SN", Audience: "https://issuer.example", ClientID: "pos-1", Keys: &keys{key: key}, Memory: &memory{values: map[string]string{}},
	})
	require.NoError(b, err)
	for b.Loop() {
		if _, err := d.assertion(); err != nil {
			b.Fatal(err)
		}
	}
}
