package pairing_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/pairing"
)

// server answers /pos/pair and the proof; what it does is set by each test.
type server struct {
	mu     sync.Mutex
	pair   http.HandlerFunc
	proof  http.HandlerFunc
	bodies []string
	tokens []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	pair, proof := s.pair, s.proof
	if r.URL.Path == "/pos/pair" {
		s.bodies = append(s.bodies, string(body))
	} else {
		s.tokens = append(s.tokens, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}
	s.mu.Unlock()
	if r.URL.Path == "/pos/pair" {
		pair(w, r)
		return
	}
	proof(w, r)
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func lost(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// keys is a key store of one key.
type keys struct {
	key  *rsa.PrivateKey
	lost bool
	made int
}

func (k *keys) Signer() (crypto.Signer, error) {
	switch {
	case k.lost:
		return nil, fault.New(fault.KeyLost, "test", "")
	case k.key == nil:
		return nil, pairing.ErrNoKey
	}
	return k.key, nil
}

func (k *keys) Generate() (crypto.Signer, error) {
	k.made++
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	k.key = key
	return key, err
}

func (k *keys) Delete() error { k.key, k.lost = nil, false; return nil }

type memory map[string]string

func (m memory) Setting(key string) (string, error) { return m[key], nil }
func (m memory) SetSetting(key, value string) error { m[key] = value; return nil }

type rig struct {
	*server
	keys    *keys
	memory  memory
	url     string
	ca      []byte
	pairing *pairing.Pairing
	macs    *macs.Client
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{server: &server{pair: answers(200, `{"status":"paired"}`), proof: answers(200, `{"ranges":[]}`)}, keys: &keys{}, memory: memory{}}
	tls := httptest.NewTLSServer(r.server)
	t.Cleanup(tls.Close)
	r.url, r.ca = tls.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})
	r.open(t)
	r.late(t, 0)
	return r
}

// late gives the terminal a clock that is late, as a new run on another day.
func (r *rig) late(t *testing.T, by time.Duration) {
	t.Helper()
	trusted := clock.New(clock.NewFake(time.Now().Add(-by)), clock.State{})
	client, err := macs.New(macs.Options{BaseURL: r.url, TrustedCA: r.ca, Clock: trusted, Sign: func(next http.RoundTripper) http.RoundTripper {
		return pairing.Transport{Next: next, Pairing: r.pairing, Clock: trusted}
	}})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	r.macs = client
}

func (r *rig) open(t *testing.T) {
	t.Helper()
	var err error
	r.pairing, err = pairing.Open(pairing.Options{SerialNumber: "SN-0001", Keys: r.keys, Memory: r.memory})
	require.NoError(t, err)
}

func (r *rig) set(pair, proof http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pair, r.proof = pair, proof
}

func (r *rig) do(t *testing.T, code string) fault.Code {
	t.Helper()
	return fault.CodeOf(r.pairing.Pair(t.Context(), r.macs, code))
}

func TestACodeOfAnotherShapeSendsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, code := range []string{"", "1234567", "123456789", "1234567a", "1234 678", "１２３４５６７８", "-1234567"} {
		require.Equal(t, fault.InvalidCode, r.do(t, code), code)
	}
	require.Empty(t, r.bodies)
	require.Zero(t, r.keys.made)
}

func TestRefusalsAreTypedAndSentOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   fault.Code
	}{
		"wrong code":           {403, `{"errorCode":"INVALID_PAIRING_CODE"}`, fault.PairingCodeRejected},
		"bad key":              {422, `{"errorCode":"INVALID_PUBLIC_KEY"}`, fault.KeyRejected},
		"unknown code":         {403, `{"errorCode":"CODE_OF_TOMORROW"}`, fault.PairingCodeRejected},
		"403 without a code":   {403, ``, fault.PairingCodeRejected},
		"404 without a code":   {404, ``, fault.ProtocolError},
		"404 with a code":      {404, `{"errorCode":"NO_SUCH_TERMINAL"}`, fault.PairingCodeRejected},
		"410":                  {410, ``, fault.PairingCodeRejected},
		"402 with a code":      {402, `{"errorCode":"PAY_FIRST"}`, fault.PairingCodeRejected},
		"401 with a code":      {401, `{"errorCode":"UNAUTHORIZED"}`, fault.PairingCodeRejected},
		"429":                  {429, ``, fault.RateLimited},
		"proxy":                {407, ``, fault.BadResponse},
		"HTML with 200":        {200, `<html>`, fault.BadResponse},
		"another word than ok": {200, `{"status":"maybe"}`, fault.BadResponse},
		"500":                  {500, ``, fault.ServerError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.set(answers(tt.status, tt.body), r.proof)
			require.Equal(t, tt.want, r.do(t, "12345678"))
			require.Len(t, r.bodies, 1)
			require.NotEqual(t, pairing.Paired, r.pairing.State())
		})
	}
}

func TestALostAnswerHeals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.set(lost, r.proof)
	require.Equal(t, fault.NetworkUnavailable, r.do(t, "12345678"))
	require.Equal(t, pairing.Pending, r.pairing.State())
	r.open(t) // a restart

	r.set(answers(409, `{"errorCode":"ALREADY_PAIRED"}`), answers(503, ``))
	require.Equal(t, fault.ServerError, r.do(t, "12345678"))
	require.Equal(t, pairing.Pending, r.pairing.State(), "a proof without an answer proves nothing")

	r.set(answers(409, `{"errorCode":"ALREADY_PAIRED"}`), answers(200, `{"ranges":[]}`))
	require.Empty(t, r.do(t, "12345678"))
	require.Equal(t, pairing.Paired, r.pairing.State())
	require.Equal(t, 1, r.keys.made, "the key is made once")
	require.Equal(t, r.bodies[0], r.bodies[len(r.bodies)-1], "and sent again as it was")
}

func TestADataFolderIsOfOneTerminal(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := pairing.Options{SerialNumber: "SN-0002", Keys: r.keys, Memory: r.memory}
	_, err := pairing.Open(other)
	require.NoError(t, err, "nobody's yet")
	require.Empty(t, r.do(t, "12345678"))
	_, err = pairing.Open(other)
	require.ErrorIs(t, err, fault.InvalidConfig)
	require.ErrorContains(t, err, "serialNumber")
	require.NoError(t, r.pairing.Unpair())
	_, err = pairing.Open(other)
	require.NoError(t, err, "nobody's again")
}

func TestPairedElsewhereIsAlreadyPaired(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, proof := range []http.HandlerFunc{
		answers(403, `{"errorCode":"ACCESS_FORBIDDEN"}`), answers(403, `{"errorCode":"FORBIDDEN"}`), answers(401, `{"errorCode":"UNAUTHORIZED"}`), answers(401, ``),
	} {
		r.set(answers(409, ``), proof)
		require.Equal(t, fault.AlreadyPaired, r.do(t, "12345678"))
		require.Equal(t, pairing.Unpaired, r.pairing.State())
	}
}

func TestUnpairedAtTheServerPairsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Empty(t, r.do(t, "12345678"))
	require.Equal(t, fault.AlreadyPaired, r.do(t, "87654321"), "while the server accepts the key")
	r.set(r.pair, answers(403, `{"errorCode":"ACCESS_FORBIDDEN"}`))
	require.Empty(t, r.do(t, "87654321"))
	require.Equal(t, pairing.Paired, r.pairing.State())
}

func TestALostKeyIsMadeAnewByPairing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Empty(t, r.do(t, "12345678"))
	r.keys.lost = true
	_, err := r.pairing.Signer()
	require.ErrorIs(t, err, fault.KeyLost)
	require.Empty(t, r.do(t, "87654321"))
	require.Equal(t, 2, r.keys.made)
	_, err = r.pairing.Signer()
	require.NoError(t, err)
}

func TestUnpairForgetsTheKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Empty(t, r.do(t, "12345678"))
	require.NoError(t, r.pairing.Unpair())
	require.Equal(t, pairing.Unpaired, r.pairing.State())
	require.Nil(t, r.keys.key)
	_, err := r.macs.BINRanges(t.Context(), "")
	require.ErrorIs(t, err, fault.NotPaired, "nothing is signed any more")
}

func TestEachRequestHasItsOwnJWTWithExactlyThreeClaims(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Empty(t, r.do(t, "12345678"))
	list, err := r.macs.BINRanges(t.Context(), "")
	require.NoError(t, err)
	require.NoError(t, list.Body.Close())
	parts := strings.Split(r.tokens[len(r.tokens)-1], ".")
	require.Len(t, parts, 3)
	header, claims := decode(t, parts[0]), decode(t, parts[1])
	require.Equal(t, map[string]any{"alg": "RS256", "typ": "JWT"}, header)
	require.Len(t, claims, 3)
	require.Equal(t, "SN-0001", claims["sub"])
	require.InDelta(t, float64(time.Now().Unix()), claims["iat"], 10)
	require.InDelta(t, claims["iat"].(float64)+60, claims["exp"], 0)
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	require.NoError(t, rsa.VerifyPKCS1v15(&r.keys.key.PublicKey, crypto.SHA256, sum[:], sig))
}

func TestAWrongClockIsCorrectedAndTheRequestSignedOnceMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Empty(t, r.do(t, "12345678"))
	r.late(t, 2*time.Hour)
	var calls atomic.Int32
	r.set(r.pair, func(w http.ResponseWriter, req *http.Request) {
		calls.Add(1)
		claims := decode(t, strings.Split(req.Header.Get("Authorization"), ".")[1])
		if time.Since(time.Unix(int64(claims["iat"].(float64)), 0)).Abs() > time.Minute {
			answers(403, `{"errorCode":"ACCESS_FORBIDDEN"}`)(w, req)
			return
		}
		answers(200, `{"ranges":[]}`)(w, req)
	})
	list, err := r.macs.BINRanges(t.Context(), "")
	require.NoError(t, err)
	require.NoError(t, list.Body.Close())
	require.EqualValues(t, 2, calls.Load())
}

func decode(t *testing.T, part string) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	var value map[string]any
	require.NoError(t, json.Unmarshal(text, &value))
	return value
}
