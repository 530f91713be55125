package pay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// authorize is the procedure of protocol section 8.3. It gives 200 with the consent, or the status of the first step that fails.
func (s *Server) authorize(q question) (grant, int) {
	date, ok := wellFormed(q.headers)
	if !ok { // before step a
		return grant{}, http.StatusBadRequest
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	account, there := s.access.accounts[strings.ToLower(q.headers[headerPublicKey])] // a
	if !there || !account.Active || !fits(account.SecretKey, q.headers) {            // b, c
		return grant{}, http.StatusUnauthorized
	}
	if off := s.clock.Now().Truncate(time.Second).Sub(date).Abs(); s.freshness > 0 && off > s.freshness {
		return grant{}, http.StatusUnauthorized
	}
	service, there := s.access.services[q.headers[headerID]] // d
	if !there || !permits(service.Endpoints, q) {
		return grant{}, http.StatusForbidden
	}
	source := q.headers[headerSource] // e
	if !knownSources[source] {
		return grant{}, http.StatusBadRequest
	}
	if service.Sources != nil && !slices.Contains(service.Sources, source) {
		return grant{}, http.StatusForbidden
	}
	if !permits(account.Endpoints, q) { // f
		return grant{}, http.StatusForbidden
	}
	return grant{MerchantCode: account.MerchantCode, Source: source}, http.StatusOK // g
}

// wellFormed checks what a header must look like. That of the token is left to the comparison.
func wellFormed(headers map[string]string) (date time.Time, ok bool) {
	for _, name := range six {
		if value := headers[name]; value == "" || strings.TrimSpace(value) != value {
			return time.Time{}, false
		}
	}
	key := headers[headerPublicKey]
	address, err := netip.ParseAddr(headers[headerBuyerIP])
	if uuid.Validate(key) != nil || len(key) != 36 || err != nil || address.Zone() != "" {
		return time.Time{}, false
	}
	text := headers[headerDate]
	date, err = time.Parse(dateForm, text)
	return date, err == nil && len(text) == len(dateForm) // Parse takes fractions of a second too
}

// fits compares the token, in either case of hex, in constant time.
func fits(secret string, headers map[string]string) bool {
	given, err := hex.DecodeString(headers[headerToken])
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(secret + headers[headerPublicKey] + headers[headerBuyerIP] + headers[headerDate]))
	return hmac.Equal(given, mac.Sum(nil))
}

// permits compares method and path with endpoints such as "GET /api/v2/buyers/{id}"; nil permits all.
func permits(endpoints []string, q question) bool {
	if endpoints == nil {
		return true
	}
	address, err := url.Parse(q.url)
	if err != nil {
		return false
	}
	path := strings.Split(address.EscapedPath(), "/")
	return slices.ContainsFunc(endpoints, func(endpoint string) bool {
		method, pattern, _ := strings.Cut(endpoint, " ")
		return method == q.method && matches(strings.Split(pattern, "/"), path)
	})
}

// matches takes any one part for {name}, but none that a server behind might read as another path.
func matches(pattern, path []string) bool {
	if len(pattern) != len(path) {
		return false
	}
	for i, p := range pattern {
		if strings.HasPrefix(p, "{") {
			if plain, err := url.PathUnescape(path[i]); err != nil || plain == "" || plain == "." || plain == ".." || strings.ContainsAny(plain, `/\`) {
				return false
			}
		} else if p != path[i] {
			return false
		}
	}
	return true
}
