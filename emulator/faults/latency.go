package faults

import (
	"net/http"
	"time"
)

// maxLatencyMs is a day: more of them would overflow a duration.
const maxLatencyMs = 86_400_000

// latency processes the request late. A client that leaves and a server that stops end the wait without an answer.
var latency = kind{
	check: func(f Fault) error {
		if f.LatencyMs < 0 || f.LatencyMs > maxLatencyMs {
			return bad("latencyMs must be 0 to 86400000")
		}
		return nil
	},
	apply: func(f Fault, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			timer := time.NewTimer(time.Duration(f.LatencyMs) * time.Millisecond)
			defer timer.Stop()
			select {
			case <-timer.C:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				hangUp(r)
			}
		})
	},
}
