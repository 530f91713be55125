package admin_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhitelistBodies(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	hash, other := strings.Repeat("a", 64), strings.Repeat("b", 64)
	for body, want := range map[string]string{
		`{}`: `{"count":0}`,
		`{"pans":null,"hashes":null,"generate":null}`:                            `{"count":0}`,
		`{"hashes":["` + hash + `","` + other + `"]}`:                            `{"count":2}`,
		`{"generate":{"seed":1,"count":3},"hashes":["` + hash + `"]}`:            `{"count":4}`,
		`{"hashes":["` + hash + `","` + hash + `"],"pans":["5555555555554444"]}`: `{"count":2}`,
	} {
		answer := a.call(http.MethodPut, "/admin/api/whitelist", body)
		require.Equal(t, http.StatusOK, answer.Code, "%s: %s", body, answer.Body)
		require.JSONEq(t, want, answer.Body.String(), body)
	}
	for _, body := range []string{
		``, `[]`, `null`, `{"hashes":{}}`, `{"hashes":"` + hash + `"}`, `{"hashes":[1]}`, `{"hashes":[null]}`, `{"hashes":["` + hash + `"]`, `{}{}`, `{} x`,
		`{"generate":[]}`, `{"generate":{"count":"1"}}`, `{"hash":["` + hash + `"]}`,
		`{"generate":{"cuont":3}}`,
	} {
		requireError(t, http.StatusUnprocessableEntity, a.call(http.MethodPut, "/admin/api/whitelist", body))
	}
}

// hashBody makes the body of a PUT while it is read.
type hashBody struct {
	hashes, next int
	pending      string
}

func (b *hashBody) Read(p []byte) (int, error) {
	for b.pending == "" {
		switch {
		case b.next > b.hashes:
			return 0, io.EOF
		case b.next == b.hashes:
			b.pending = "]}"
		default:
			sum := sha256.Sum256([]byte(strconv.Itoa(b.next)))
			before := ","
			if b.next == 0 {
				before = `{"hashes":[`
			}
			b.pending = before + `"` + hex.EncodeToString(sum[:]) + `"`
		}
		b.next++
	}
	n := copy(p, b.pending)
	b.pending = b.pending[n:]
	return n, nil
}

// TestWhitelistMemory: a body of 34 MB goes to disk as it comes.
func TestWhitelistMemory(t *testing.T) { //nolint:paralleltest // measures the process.
	a := newAPI(t)
	live := func() uint64 {
		samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(samples)
		return samples[0].Value.Uint64()
	}
	runtime.GC()
	idle := live()
	peaks, done := make(chan uint64), make(chan struct{})
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		peak := uint64(0)
		for {
			select {
			case <-done:
				peaks <- peak
				return
			case <-tick.C:
				peak = max(peak, live())
			}
		}
	}()
	const hashes = 500_000
	r := httptest.NewRequest(http.MethodPut, "/admin/api/whitelist", &hashBody{hashes: hashes})
	r.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	a.ServeHTTP(answer, r)
	close(done)
	peak := <-peaks
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	require.JSONEq(t, `{"count":500000}`, answer.Body.String())
	require.Greater(t, peak, idle, "the call was measured")
	require.Less(t, peak-idle, uint64(32<<20))
	t.Logf("peak above idle: %.1f MiB", float64(peak-idle)/(1<<20))
}
