package mpac

import (
	"net/http"
	"strconv"
	"strings"
)

// Headers that the gateway injects (FACT, protocol section 2.1).
const (
	headerType     = "X-Caller-Type"
	headerID       = "X-Caller-Id"
	headerRole     = "X-Role"
	headerMerchant = "X-Merchant-Id"
	headerStore    = "X-Store-Id"
)

// Kinds of callers; user is an inference of protocol section 2.1.
const (
	callerDevice = "device"
	callerUser   = "user"
)

// caller is who a service believes it speaks with: what the gateway found in the token.
type caller struct {
	kind, id, role      string
	merchantID, storeID int64
}

// strip takes out of a request every header that only the gateway may set.
func strip(h http.Header) {
	for name := range h {
		canonical := http.CanonicalHeaderKey(name)
		if strings.HasPrefix(canonical, "X-Caller-") || canonical == headerRole || canonical == headerMerchant || canonical == headerStore {
			delete(h, name)
		}
	}
}

// inject writes the caller into the headers towards a service.
func (c caller) inject(h http.Header) {
	h.Set(headerType, c.kind)
	h.Set(headerID, c.id)
	if c.kind == callerUser {
		h.Set(headerRole, c.role)
	}
	h.Set(headerMerchant, strconv.FormatInt(c.merchantID, 10))
	h.Set(headerStore, strconv.FormatInt(c.storeID, 10))
}

// callerOf reads what inject wrote; without it there is no caller, merchant 0 and store 0 own nothing.
func callerOf(h http.Header) caller {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(h.Get(name), 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	return caller{kind: h.Get(headerType), id: h.Get(headerID), role: h.Get(headerRole), merchantID: number(headerMerchant), storeID: number(headerStore)}
}

// reaches reports whether a person's place covers a store (ours: managers their store, merchants theirs, operators all).
func (c caller) reaches(merchant, store int64) bool {
	switch c.role {
	case roleSystem, rolePSP:
		return true
	case roleMerchant:
		return c.merchantID == merchant
	}
	return c.merchantID == merchant && c.storeID == store
}
