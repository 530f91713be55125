package deviceauth

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

// reachable is an endpoint that gives tokens while up is true.
func reachable(up *bool) *endpoint {
	return &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
		if !*up {
			return mpac.Token{}, fault.New(fault.NetworkUnavailable, "test", "")
		}
		return gives(n, 90*time.Second)
	}}
}

func TestNetworkAvailableEndsThePauseAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := false
		e := reachable(&up)
		s, _ := newSource(t, e)
		for range 20 { // an hour of a dead endpoint
			_, err := within(s, time.Second)
			require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err))
			time.Sleep(3 * time.Minute)
		}
		_, _ = within(s, time.Millisecond)
		up = true
		s.NetworkAvailable()
		began := time.Now()
		bearer(t, s)
		require.Zero(t, time.Since(began))
		asked := e.calls.Load()
		for range 100 {
			s.NetworkAvailable()
			bearer(t, s)
		}
		require.Equal(t, asked, e.calls.Load(), "the token stays")
	})
}

// A request that went out on the network before may never be answered; one that is on its way on the new one must not be cut off
// however often the system tells of networks.
func TestNetworkAvailableGivesARequestOneSecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(ctx context.Context, n int64) (mpac.Token, error) {
			if n == 1 {
				<-ctx.Done()
				return mpac.Token{}, ctx.Err()
			}
			time.Sleep(500 * time.Millisecond)
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		result := make(chan error, 1)
		go func() {
			_, err := within(s, time.Minute)
			result <- err
		}()
		synctest.Wait()
		began := time.Now()
		for range 5 {
			s.NetworkAvailable()
			time.Sleep(100 * time.Millisecond)
		}
		require.Equal(t, fault.Timeout, fault.CodeOf(<-result))
		require.Equal(t, hurryWithin, time.Since(began))
		require.Equal(t, "token-2", bearer(t, s), "at once: that it failed counts for nothing")
		require.Equal(t, hurryWithin+500*time.Millisecond, time.Since(began))
	})
}

// Who waits a pause out must not go on waiting when there is nothing to wait for any more.
func TestWhoWaitsAPauseOutIsWokenWhenItEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Source){"network": (*Source).NetworkAvailable, "reset": (*Source).Reset} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				up := false
				e := reachable(&up)
				s, _ := newSource(t, e)
				for range 10 {
					_, _ = within(s, time.Second)
					time.Sleep(3 * time.Minute)
				}
				_, _ = within(s, time.Millisecond)
				began := time.Now()
				var all sync.WaitGroup
				for range 20 {
					all.Go(func() {
						if _, err := s.Token(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				time.Sleep(time.Second)
				up = true
				asked := e.calls.Load()
				end(s)
				all.Wait()
				require.Equal(t, time.Second, time.Since(began))
				require.Equal(t, asked+1, e.calls.Load())
			})
		})
	}
}
