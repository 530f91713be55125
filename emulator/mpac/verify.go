package mpac

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/state"
	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// verifier checks access tokens as the gateway does: with the portal's published keys alone, which it caches.
type verifier struct {
	clock *state.Clock
	// fetch gets a key set from the portal.
	fetch func(set string) ([]byte, error)
	mu    sync.Mutex
	cache map[string]cached
}

type cached struct {
	keys map[string]crypto.PublicKey
	at   time.Time
}

// identity is the bearer of a good token.
type identity struct {
	caller
	scope []string
}

// verify gives the bearer; every failure is errToken. iss picks the key set, and the set's keys the algorithm.
func (v *verifier) verify(text string) (identity, error) {
	token, ok := readJWS(text)
	if !ok {
		return identity{}, errToken
	}
	set := ""
	switch iss, _ := token.claims.Text("iss"); iss {
	case issuerDevices:
		set = setDevice
	case issuerUsers:
		set = setHuman
	default:
		return identity{}, errToken
	}
	kid, ok := token.header.Text("kid")
	if !ok {
		return identity{}, errToken
	}
	key, err := v.key(set, kid)
	if err != nil {
		return identity{}, err
	}
	if key == nil || !token.verify(key) || !v.inTime(token.claims) {
		return identity{}, errToken
	}
	return readIdentity(set, token.claims)
}

// bearer verifies an Authorization header.
func (v *verifier) bearer(header string) (identity, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return identity{}, errToken
	}
	return v.verify(token)
}

func (v *verifier) inTime(claims strictjson.Object) bool {
	exp, expOK := claims.Integer("exp")
	iat, iatOK := claims.Integer("iat")
	now, skew := v.clock.Now().Unix(), int64(tokenSkew/time.Second)
	return expOK && iatOK && iat <= now+skew && exp > now-skew
}

// readIdentity reads claims whose signature is good.
func readIdentity(set string, claims strictjson.Object) (identity, error) {
	sub, subOK := claims.Text("sub")
	merchant, merchantOK := claims.Integer("merchant_id")
	store, storeOK := claims.Integer("store_id")
	if !subOK || uuid.Validate(sub) != nil || !merchantOK || !storeOK {
		return identity{}, errToken
	}
	who := identity{caller: caller{kind: callerDevice, id: sub, merchantID: merchant, storeID: store}}
	if set == setHuman {
		who.kind = callerUser
		var ok bool
		if who.role, ok = claims.Text("role"); !ok {
			return identity{}, errToken
		}
		return who, nil
	}
	list, ok := claims.List("scope")
	if !ok {
		return identity{}, errToken
	}
	for i := range list {
		scope, ok := strictjson.Object{"scope": list[i]}.Text("scope")
		if !ok {
			return identity{}, errToken
		}
		who.scope = append(who.scope, scope)
	}
	return who, nil
}

func (i identity) may(scope string) bool {
	return i.kind != callerDevice || scope == "" || slices.Contains(i.scope, scope)
}

// key looks a key up in the cached set, which lives 5 minutes; an unknown kid fetches it once more. nil is an unknown key.
func (v *verifier) key(set, kid string) (crypto.PublicKey, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.clock.Now()
	have := v.cache[set]
	fresh := !now.Before(have.at) && now.Sub(have.at) < jwksLife
	if key := have.keys[kid]; key != nil && fresh {
		return key, nil
	}
	text, err := v.fetch(set)
	if err != nil {
		return nil, err
	}
	keys, err := readJWKS(text)
	if err != nil {
		return nil, errors.Join(errors.New("emulator: gateway: the key set cannot be read"), fmt.Errorf("%s: %w", set, err))
	}
	v.cache[set] = cached{keys: keys, at: now}
	return keys[kid], nil
}
