package pgw

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func post(path, key, authorization string) *call {
	r := httptest.NewRequest(http.MethodPost, path, nil)
	r.Header.Set("Idempotency-Key", key)
	r.Header.Set("Authorization", authorization)
	return &call{r: r}
}

// A key is held while its request is under way: by the same caller on the same path only.
func TestARequestUnderWayHoldsItsKey(t *testing.T) {
	t.Parallel()
	s, create := &Server{}, routes[1]
	_, release, err := s.begin(create, post("/v1/payment_intents", "k", "HMAC-SHA256 a:1:x"))
	require.NoError(t, err)
	_, _, err = s.begin(create, post("/v1/payment_intents", "k", "HMAC-SHA256 a:2:y"))
	require.ErrorIs(t, err, errKeyRunning)
	for _, other := range []*call{
		post("/v1/payment_intents", "k", "HMAC-SHA256 b:1:x"), post("/v1/payment_intents/x/capture", "k", "HMAC-SHA256 a:1:x"),
		post("/v1/payment_intents", "k2", "HMAC-SHA256 a:1:x"),
	} {
		_, _, err = s.begin(create, other)
		require.NoError(t, err)
	}
	release()
	_, _, err = s.begin(create, post("/v1/payment_intents", "k", "HMAC-SHA256 a:3:z"))
	require.NoError(t, err)
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	var l limiter
	now := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	for i := range 3 {
		header := http.Header{}
		err := l.take(header, "M-1", now, 2)
		require.Equal(t, "2", header.Get("X-RateLimit-Limit"))
		if i < 2 {
			require.NoError(t, err)
			require.Empty(t, header.Get("Retry-After"))
			continue
		}
		require.ErrorContains(t, err, "rate_limited")
		require.Equal(t, "0", header.Get("X-RateLimit-Remaining"))
		require.Equal(t, "60", header.Get("Retry-After"))
		require.Equal(t, "1769594460", header.Get("X-RateLimit-Reset"))
	}
	require.NoError(t, l.take(http.Header{}, "M-2", now, 2), "each merchant has its own")
	require.Error(t, l.take(http.Header{}, "M-1", now.Add(window-time.Second), 2))
	require.NoError(t, l.take(http.Header{}, "M-1", now.Add(window), 2), "a new minute")
	require.NoError(t, l.take(http.Header{}, "M-1", now.Add(-time.Hour), 2), "a clock moved back")
	require.NoError(t, l.take(http.Header{}, "M-1", now, 0), "no limit")
	overall := http.Header{}
	require.NoError(t, l.take(overall, "", now, 1))
	require.Empty(t, overall, "the overall count does not show")
	require.Error(t, l.take(overall, "", now, 1))
}
