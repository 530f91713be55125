package mobile

import (
	"bytes"
	"context"
	"time"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/deviceauth"
	"github.com/smartpos-go/terminal/keystore"
)

// DeviceKey is the device's public key, made when there is none, for a token server that registers devices by hand; it sends
// nothing. Answer: {"v":1,"publicKeyPem","jwk","keyFingerprint"}. Errors: key_lost, which RequestActivation mends, storage faults.
func (t *Terminal) DeviceKey(op *Op) (string, error) {
	return t.deviceCall("device key", op, func(context.Context) (any, error) {
		key, err := t.device.PublicKey()
		if err != nil {
			return nil, err
		}
		fingerprint, err := keystore.Fingerprint(key.Key)
		if err != nil {
			return nil, err
		}
		return deviceKeyAnswer(key, fingerprint), nil
	})
}

// RequestActivation gives the activation as it stands, and asks for a code when there is none: at first, after one ran out, for a
// device that the portal released (token_refused), and for one whose key is lost. Show the code; a person enters it in the portal.
// Answer: {"v":1,"status":"pending|active|expired","activationCode","expiresAt","deviceId","clientId","merchantId","storeId"}; after
// expired the next call asks for a new code. Errors: conflict when the portal has an active device of this serial number under
// another key, and those of a call without an answer.
func (t *Terminal) RequestActivation(op *Op) (string, error) {
	return t.deviceCall("request activation", op, func(ctx context.Context) (any, error) {
		before := t.device.Activation()
		a, err := t.device.Request(ctx, t.portal)
		return t.activated(before, a, err)
	})
}

// AwaitActivation waits until the code was entered in the portal or ran out, at most the given seconds, and gives the activation
// as RequestActivation does; it may be called again, also after a restart. Missing answers are waited out. Errors: not_activated
// before a code was asked for, and that of the last try when it had no answer.
func (t *Terminal) AwaitActivation(op *Op, seconds int64) (string, error) {
	return t.deviceCall("await activation", op, func(ctx context.Context) (any, error) {
		wait := time.Duration(min(max(seconds, 0), 86_400)) * time.Second
		before := t.device.Activation()
		a, err := t.device.Await(ctx, t.portal, wait)
		return t.activated(before, a, err)
	})
}

// activated answers with an activation. The token in use is that of the one before.
func (t *Terminal) activated(before, a deviceauth.Activation, err error) (any, error) {
	if a.Status != before.Status {
		t.tokens.Reset()
	}
	if err != nil {
		return nil, err
	}
	return activationAnswer(a), nil
}

// DeviceToken is an access token with at least 10 s left, from memory when there is one. Answer: {"v":1,"expiresAt","scope",
// "accessToken"}; do not store or log it. Errors: not_activated, activation_expired, key_lost, token_refused, device_suspended,
// device_decommissioned, and those of a call without an answer. It heals by itself: call it again later.
func (t *Terminal) DeviceToken(op *Op) (string, error) {
	return t.deviceCall("device token", op, func(ctx context.Context) (any, error) {
		ctx, cancel := context.WithTimeout(ctx, t.config.online)
		defer cancel()
		token, err := t.tokens.Token(ctx)
		if err != nil {
			return nil, err
		}
		return tokenAnswer(token), nil
	})
}

// Call makes any POS operation: method, path such as /api/v1/orders, JSON body or none. What changes something is on disk with
// its idempotency key before it goes out; without a key one is made. Answer: {"v":1,"status","body","idempotencyKey"}, whatever
// the HTTP status. Errors: invalid_request, scope_missing, conflict for a key that another open call has, device_suspended,
// device_decommissioned, those of DeviceToken, and outcome_unknown when it went out and no answer came: then Call with the same
// key, or ResolveCall, tells, and does it at most once.
func (t *Terminal) Call(op *Op, method, path string, body []byte, idempotencyKey string) (string, error) {
	o := mpac.Operation{Method: method, Path: path, Key: idempotencyKey}
	if len(body) > 0 {
		o.Body = bytes.Clone(body)
	}
	return t.deviceCall("call", op, func(ctx context.Context) (any, error) {
		answer, err := t.smarttab.Do(ctx, o)
		if err != nil {
			return nil, err
		}
		return callAnswer(answer), nil
	})
}

// ResolveCall asks again for a call without an answer, as it was, by the idempotency key that Status lists. Answer and errors as
// of Call; not_found when no such call is open; storage_damaged for one that cannot be read, which is forgotten with this: the
// backend knows what came of it.
func (t *Terminal) ResolveCall(op *Op, idempotencyKey string) (string, error) {
	return t.deviceCall("resolve call", op, func(ctx context.Context) (any, error) {
		answer, err := t.smarttab.Resolve(ctx, idempotencyKey)
		if err != nil {
			return nil, err
		}
		return callAnswer(answer), nil
	})
}
