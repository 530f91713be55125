package deviceauth

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// activeRig is a rig whose device was activated.
func activeRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, nil)
	r.set(func() { r.status = answers(200, `{"status":"active"}`) })
	for range 2 {
		_, err := r.device.Request(t.Context(), r.portal)
		require.NoError(t, err)
	}
	require.Equal(t, "active", r.device.Activation().Status)
	return r
}

// A portal that released the device, or lost it, takes no assertion of it any more: it is activated again, as token_refused says, and
// keeps its key.
func TestADeviceThatIsNotTakenAnyMoreAsksForACode(t *testing.T) {
	t.Parallel()
	r := activeRig(t)
	r.set(func() { r.token = answers(401, `{"error":"invalid_client"}`) })
	_, err := r.source(t, false).Token(t.Context())
	require.Equal(t, fault.TokenRefused, fault.CodeOf(err))
	r.open(t, nil)
	a, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	require.Equal(t, "pending", a.Status)
	require.Equal(t, 1, r.keys.made)
}

// A key store that is busy while the code is asked for must not cost the device the key that the portal may still know.
func TestAKeyThatFailsWhileACodeIsAskedForIsKept(t *testing.T) {
	t.Parallel()
	r := activeRig(t)
	r.set(func() { r.token = answers(401, `{"error":"invalid_client"}`) })
	_, err := r.source(t, false).Token(t.Context())
	require.Equal(t, fault.TokenRefused, fault.CodeOf(err))
	r.keys.good, r.keys.failures = 1, 1
	_, err = r.device.Request(t.Context(), r.portal)
	require.Equal(t, fault.KeyLost, fault.CodeOf(err))
	require.Equal(t, "active", r.device.Activation().Status)
	a, err := r.device.Request(t.Context(), r.portal)
	require.NoError(t, err)
	require.Equal(t, "pending", a.Status)
	require.Equal(t, 1, r.keys.made)
}

// A wrong clock or a wrong audience is refused alike: a device that is active at the portal stays so.
func TestADeviceThatIsActiveAtThePortalStaysSo(t *testing.T) {
	t.Parallel()
	for name, generate := range map[string]http.HandlerFunc{"active": answers(409, `{"error":{"code":"already_active","message":"x"}}`), "no network": lostAnswer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := activeRig(t)
			token := r.token
			r.set(func() { r.token, r.generate = answers(401, `{"error":"invalid_client"}`), generate })
			s := r.source(t, false)
			_, err := s.Token(t.Context())
			require.Equal(t, fault.TokenRefused, fault.CodeOf(err))
			a, err := r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			require.Equal(t, "active", a.Status)
			asked := len(r.asked("/generateActivationCode"))

			r.set(func() { r.token = token })
			s.Reset()
			_, err = s.Token(t.Context())
			require.NoError(t, err)
			r.open(t, nil)
			_, err = r.device.Request(t.Context(), r.portal)
			require.NoError(t, err)
			require.Len(t, r.asked("/generateActivationCode"), asked, "a device that gets tokens asks for no code")
		})
	}
}
