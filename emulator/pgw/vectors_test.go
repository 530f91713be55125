package pgw

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The emulator's own code against the vectors that pin the clients' too.
func TestVectors(t *testing.T) {
	t.Parallel()
	type vector struct {
		Name, Scheme, Secret, Method, Path, Body, Key, Signature string
		Timestamp                                                int64
	}
	var all struct{ Signatures, MustFail []vector }
	text, err := os.ReadFile("../../backend/pgw/merchant/testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	require.Len(t, all.Signatures, 8)
	sum := func(v vector) []byte {
		return signature(v.Scheme, keyOf(v.Scheme, v.Secret), v.Method, v.Path, fmt.Sprint(v.Timestamp), []byte(v.Body))
	}
	for _, v := range all.Signatures {
		require.Equal(t, decodeSignature(v.Scheme, v.Signature), sum(v), v.Name)
		if v.Key != "" {
			require.Equal(t, v.Key, keyOf(v.Scheme, v.Secret), v.Name)
		}
	}
	require.Len(t, all.MustFail, 1)
	require.NotEqual(t, hex.EncodeToString(sum(all.MustFail[0])), all.MustFail[0].Signature)
	require.Nil(t, decodeSignature(schemeNewline, "zz"))
	require.Nil(t, decodeSignature(schemeColon, "====="))
}

func TestWebhookVector(t *testing.T) {
	t.Parallel()
	var v struct{ Secret, Signature, Body string }
	text, err := os.ReadFile("testdata/webhook.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &v))
	require.Equal(t, v.Signature, hex.EncodeToString(sign(v.Secret, []byte(v.Body))))
	require.NotEmpty(t, base64.StdEncoding.EncodeToString(sign(v.Secret, []byte(v.Body))))
	n, ok := readNotice([]byte(v.Body))
	require.True(t, ok)
	require.Equal(t, notice{"PAYPAY-TXN-456", "SUCCESS", "JPY", 100000, time.Date(2026, 1, 28, 11, 5, 0, 0, time.UTC)}, n)
	again, err := writeNotice(n)
	require.NoError(t, err)
	require.Equal(t, v.Body, string(again), "what the simulated providers send is of the same form")
}

// The moves of protocol section 4.5, every pair of states.
func TestMoves(t *testing.T) {
	t.Parallel()
	all := []string{requiresMethod, requiresAction, processing, succeeded, failed, cancelled}
	legal := map[string][]string{
		requiresMethod: {requiresAction, processing, succeeded, failed, cancelled},
		requiresAction: {processing, succeeded, failed, cancelled},
		processing:     {succeeded, failed},
	}
	for _, from := range all {
		for _, to := range all {
			require.Equal(t, contains(legal[from], to), moves[from][to], "%s to %s", from, to)
		}
		require.Equal(t, legal[from] == nil, final(from), from)
	}
}

func contains(list []string, text string) bool {
	for _, each := range list {
		if each == text {
			return true
		}
	}
	return false
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for tries, want := range map[int]time.Duration{1: time.Second, 2: 4 * time.Second, 3: 16 * time.Second, 4: 64 * time.Second} {
		require.Equal(t, want, backoff(tries))
	}
}

func FuzzNotice(f *testing.F) {
	f.Add([]byte(`{"transaction_id":"T","status":"SUCCESS","amount":1,"currency":"JPY","timestamp":"2026-01-28T11:05:00Z"}`))
	f.Add([]byte(`{"transaction_id":"T","status":"SUCCESS","amount":1.0}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, ok := readNotice(body)
		if !ok {
			return
		}
		text, err := writeNotice(n)
		require.NoError(t, err)
		again, ok := readNotice(text)
		require.True(t, ok)
		require.Equal(t, n.transactionID, again.transactionID)
		require.Equal(t, n.amount, again.amount)
	})
}
