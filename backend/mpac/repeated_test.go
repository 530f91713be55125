package mpac_test

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

// The first try may have made a payment when its answer was lost. That the second was turned away says nothing of it: an app that
// is told "refused" would pay again under a new key.
func TestARepetitionThatIsTurnedAwaySaysNothingOfTheFirstTry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		second http.HandlerFunc
		want   fault.Code
	}{
		"rate":      {says(429, ``), fault.OutcomeUnknown},
		"token":     {says(401, ``), fault.OutcomeUnknown},
		"scope":     {says(403, ``), fault.OutcomeUnknown},
		"suspended": {says(403, `{"error":{"code":"device_suspended","message":""}}`), fault.DeviceSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, s := newSmarttab(t, nil)
			g.set(lost, tt.second)
			_, err := s.Do(t.Context(), post("k"))
			require.Equal(t, tt.want, fault.CodeOf(err))
			require.Len(t, g.requests(), 2)
			open, err := s.Pending()
			require.NoError(t, err)
			require.Len(t, open, 1)
			g.set(says(201, `{"id":"o-1"}`))
			answer, err := s.Resolve(t.Context(), "k")
			require.NoError(t, err)
			require.Equal(t, 201, answer.Status)
		})
	}
}

// roundTripper is a function that sends.
type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

// The network changed under the call to one with a login page, or the token ran out with the portal barring the device: the second
// try never reaches the server.
func TestARepetitionThatDoesNotLeaveSaysNothingOfTheFirstTry(t *testing.T) {
	t.Parallel()
	for _, code := range []fault.Code{
		fault.TLSUntrusted, fault.ClockWrong, fault.TokenRefused, fault.DeviceSuspended, fault.KeyLost, fault.RateLimited, fault.NetworkUnavailable,
	} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			g, p := newGateway(t, nil)
			var tries atomic.Int32
			s := mpac.NewSmarttab(p, mpac.SmarttabOptions{Memory: g.memory, Authorize: func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(req *http.Request) (*http.Response, error) {
					if tries.Add(1) == 2 {
						_ = req.Body.Close()
						return nil, fault.New(code, "test", "")
					}
					return next.RoundTrip(req)
				})
			}})
			g.set(lost)
			_, err := s.Do(t.Context(), post("k"))
			require.EqualValues(t, 2, tries.Load())
			require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
			open, err := s.Pending()
			require.NoError(t, err)
			require.Len(t, open, 1)
		})
	}
}

// On a connection that was used before, net/http would repeat what it takes for idempotent by itself; nobody would know that the conflict
// is one with the own first try.
func TestNoRequestIsRepeatedUnseen(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(says(200, `{}`))
	_, err := s.Do(t.Context(), mpac.Operation{Method: "GET", Path: "/api/v1/orders"})
	require.NoError(t, err)
	g.set(lost, says(409, `{"error":{"code":"conflict","message":"it is billed"}}`))
	_, err = s.Do(t.Context(), post("k"))
	require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
	sent := g.requests()
	require.Len(t, sent, 2)
	require.Equal(t, "k", sent[1].key)
}

// A payment that was made is not undone because the row that came back cannot be read.
func TestACreateWhoseAnswerCannotBeReadTellsItsKey(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"a fraction": `{"id":"p-1","amount":10.5}`, "a list": `[]`, "nothing": ``} {
		g, s := newSmarttab(t, nil)
		g.set(says(201, body))
		_, err := s.CreatePayment(t.Context(), mpac.NewPayment{BillID: "b", Amount: 100, Method: "cash"}, "")
		var unanswered *mpac.Unanswered
		require.ErrorAs(t, err, &unanswered, name)
		require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
		require.ErrorIs(t, err, fault.BadResponse)
		g.set(says(201, `{"id":"p-1","amount":100}`))
		_, err = s.CreatePayment(t.Context(), mpac.NewPayment{BillID: "b", Amount: 100, Method: "cash"}, unanswered.Key)
		require.NoError(t, err)
	}
}

// A disk that is full by the time the answer comes must not turn a payment that was made into an error.
func TestAnAnswerCountsAlsoWhenItsCallCannotBeForgotten(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(func(w http.ResponseWriter, r *http.Request) {
		g.memory.mu.Lock()
		g.memory.fail = fault.New(fault.StorageFull, "test", "")
		g.memory.mu.Unlock()
		says(201, `{"id":"o-1"}`)(w, r)
	})
	answer, err := s.Do(t.Context(), post("k"))
	require.NoError(t, err)
	require.Equal(t, 201, answer.Status)
	g.memory.mu.Lock()
	g.memory.fail = nil
	g.memory.mu.Unlock()
	g.set(says(201, `{"id":"o-1"}`))
	_, err = s.Resolve(t.Context(), "k")
	require.NoError(t, err, "it is asked for again, and answered alike")
	open, err := s.Pending()
	require.NoError(t, err)
	require.Empty(t, open)
}

// bytesUnderTLS answers with bytes that are not of the connection, as a broken middle box does, after the server did what it was asked.
func bytesUnderTLS(bytes string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
			_, _ = secured.NetConn().Write([]byte(bytes))
		}
	}
}

// What breaks under TLS after the request went out is a lost answer, not a certificate that was refused.
func TestAnAnswerThatBreaksUnderTLSIsLost(t *testing.T) {
	t.Parallel()
	for name, bytes := range map[string]string{
		"a record that does not decrypt": "\x17\x03\x03\x00\x20garbage garbage garbage garbage!", "plain HTTP": "HTTP/1.1 200 OK\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, s := newSmarttab(t, nil)
			g.set(bytesUnderTLS(bytes))
			_, err := s.Do(t.Context(), post("k"))
			require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err), "%v", err)
			open, err := s.Pending()
			require.NoError(t, err)
			require.Len(t, open, 1)
		})
	}
}
