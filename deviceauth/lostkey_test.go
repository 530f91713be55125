package deviceauth

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestALostKeyIsNeverReplacedQuietly(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*keys){
		"unreadable": func(k *keys) { k.lost = true },
		"gone":       func(k *keys) { k.key = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.set(func() { r.status = answers(200, `{"status":"active"}`) })
			_, err := r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			_, err = r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			lose(r.keys)
			r.open(t, nil)
			_, err = r.source(t, false).Token(t.Context())
			require.Equal(t, fault.KeyLost, fault.CodeOf(err))
			require.Equal(t, fault.KeyLost, fault.CodeOf(r.device.CheckKey()))
			_, err = r.device.PublicKey()
			require.Equal(t, fault.KeyLost, fault.CodeOf(err))
			require.Equal(t, 1, r.keys.made)
			require.Empty(t, r.asked("/token"))

			a, err := r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			require.Equal(t, "pending", a.Status, "a new activation is the way out")
			require.Equal(t, 2, r.keys.made)
		})
	}
}

// The portal does not know the key that was made in the place of a lost one: whatever becomes of the request for a code, the device must
// go on asking for one.
func TestALostKeyIsReplacedThroughARefusalAKillAndNoNetwork(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]http.HandlerFunc{
		"still active at the portal": answers(409, `{"error":{"code":"already_active","message":"x"}}`), "no network": lostAnswer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			generate := r.generate
			r.set(func() { r.status = answers(200, `{"status":"active"}`) })
			for range 2 {
				_, err := r.device.Request(t.Context(), r.portal)
				require.NoError(t, err)
			}
			r.keys.lost = true
			r.set(func() { r.generate = refusal })
			for range 2 {
				_, err := r.device.Request(t.Context(), r.portal)
				require.Error(t, err)
				r.open(t, nil)
			}
			_, err := r.device.Identity()
			require.Equal(t, fault.NotActivated, fault.CodeOf(err), "its new key is nobody's")
			r.set(func() { r.generate = generate })
			a, err := r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			require.Equal(t, "pending", a.Status)
			require.Equal(t, 2, r.keys.made)
		})
	}
}

func TestAKeyThatIsLostWhileItsCodeIsShownGetsAnotherCode(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	_, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	r.keys.lost = true
	r.open(t, nil)
	a, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	require.Equal(t, "pending", a.Status)
	require.Len(t, r.asked("/generateActivationCode"), 2)
	require.Equal(t, 2, r.keys.made)
}

// A key store that is busy fails now and then; that must not cost the device its identity.
func TestAKeyThatFailsOnceIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.set(func() { r.status = answers(200, `{"status":"active"}`) })
	for range 2 {
		_, err := r.device.Request(t.Context(), r.portal)
		require.NoError(t, err)
	}
	for range 3 {
		r.keys.failures = 1
		a, err := r.device.Request(t.Context(), r.portal)
		require.NoError(t, err)
		require.Equal(t, "active", a.Status)
	}
	require.Equal(t, 1, r.keys.made)
	require.Len(t, r.asked("/generateActivationCode"), 1)

	ctx, cancel := context.WithCancel(t.Context())
	r.keys.lost, r.keys.onLost = true, cancel // while it is tried again
	_, err := r.device.Request(ctx, r.portal)
	require.Equal(t, fault.Cancelled, fault.CodeOf(err))
	require.Equal(t, "active", r.device.Activation().Status)
	require.Equal(t, 1, r.keys.made)
}
