package deviceauth

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

// shop is a rig whose POS operations go through a Transport; tokens are numbered.
func shop(t *testing.T) (*rig, *mpac.Smarttab) {
	t.Helper()
	r := newRig(t, byHand)
	var n atomic.Int64
	r.set(func() {
		r.token = func(w http.ResponseWriter, _ *http.Request) {
			answers(200, fmt.Sprintf(`{"access_token":"tok-%d","expires_in":90}`, n.Add(1)))(w, nil)
		}
	})
	s := r.source(t, false)
	return r, mpac.NewSmarttab(r.portal, mpac.SmarttabOptions{
		Authorize: func(next http.RoundTripper) http.RoundTripper { return Transport{Next: next, Source: s} },
	})
}

func TestA401IsRenewedOnceAndTheRequestSentOnceMore(t *testing.T) {
	t.Parallel()
	r, smarttab := shop(t)
	var calls atomic.Int64
	r.set(func() {
		r.api = func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) == 1 {
				w.WriteHeader(401)
				return
			}
			answers(201, `{"id":"o"}`)(w, nil)
		}
	})
	answer, err := smarttab.Do(t.Context(), mpac.Operation{Method: "POST", Path: "/api/v1/orders", Body: []byte(`{"a":1}`)})
	require.NoError(t, err)
	require.Equal(t, 201, answer.Status)
	require.Equal(t, []string{`{"a":1}`, `{"a":1}`}, r.asked("/orders"), "the body goes out whole both times")
	require.Equal(t, []string{"Bearer tok-1", "Bearer tok-2"}, r.auth)
}

func TestA401ForEveryTokenIsTokenRefused(t *testing.T) {
	t.Parallel()
	r, smarttab := shop(t)
	r.set(func() { r.api = answers(401, `{"error":{"code":"invalid_token","message":"x"}}`) })
	_, err := smarttab.Do(t.Context(), mpac.Operation{Method: "POST", Path: "/api/v1/orders", Body: []byte(`{}`)})
	require.Equal(t, fault.TokenRefused, fault.CodeOf(err))
	require.Len(t, r.asked("/orders"), 2)
	for range 20 {
		_, err := smarttab.Do(t.Context(), mpac.Operation{Method: "GET", Path: "/api/v1/bills"})
		require.Equal(t, fault.TokenRefused, fault.CodeOf(err))
	}
	require.Less(t, len(r.asked("/token")), 10, "no storm at the token server")
	r.set(func() { r.api = answers(200, `{"items":[]}`) })
	_, err = smarttab.Do(t.Context(), mpac.Operation{Method: "GET", Path: "/api/v1/bills"})
	require.NoError(t, err, "the token in hand is tried again at once")
}

func TestASuspendedDeviceFailsAndKeepsEverything(t *testing.T) {
	t.Parallel()
	for state, code := range map[string]fault.Code{"suspended": fault.DeviceSuspended, "decommissioned": fault.DeviceDecommissioned} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			r, smarttab := shop(t)
			r.set(func() { r.token = answers(403, `{"error":"access_denied","error_description":"`+state+`"}`) })
			_, err := smarttab.Do(t.Context(), mpac.Operation{Method: "GET", Path: "/api/v1/orders"})
			require.Equal(t, code, fault.CodeOf(err))
			require.Empty(t, r.asked("/orders"))
			require.NotNil(t, r.keys.key, "nothing is wiped")
			_, err = r.device.Identity()
			require.NoError(t, err)
		})
	}
}

func TestCallsShareOneToken(t *testing.T) {
	t.Parallel()
	r, smarttab := shop(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if _, err := smarttab.Do(t.Context(), mpac.Operation{Method: "GET", Path: "/api/v1/orders"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.Len(t, r.asked("/token"), 1)
}

// A body that can be read once cannot be sent again; the 401 is the caller's, and his next request has another token.
func TestA401OfAStreamIsGivenAndItsTokenDropped(t *testing.T) {
	t.Parallel()
	r, _ := shop(t)
	source := r.source(t, false)
	client := http.Client{Transport: Transport{Next: r.Client().Transport, Source: source}}
	r.set(func() { r.api = answers(401, ``) })
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), "POST", r.URL+"/api/v1/orders", io.MultiReader(strings.NewReader("{}")))
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 401, resp.StatusCode)
	}
	require.Equal(t, []string{"Bearer tok-1", "Bearer tok-2"}, r.auth)
}
