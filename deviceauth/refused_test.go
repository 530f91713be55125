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

func TestA401StormRenewsOnceAndThenEverMoreSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) { return gives(n, 90*time.Second) }}
		s, _ := newSource(t, e)
		token, err := within(s, time.Second)
		require.NoError(t, err)
		var storm sync.WaitGroup
		for range 1000 {
			storm.Go(func() {
				if !s.Refused(token) || bearer(t, s) != "token-2" {
					t.Error("every caller gets the one new token")
				}
			})
		}
		storm.Wait()
		require.Equal(t, int64(2), e.calls.Load())

		second, err := within(s, time.Second)
		require.NoError(t, err)
		require.False(t, s.Refused(second), "a new token so soon changes nothing")
		require.Equal(t, "token-2", bearer(t, s), "another server may take it")
		for began := time.Now(); time.Since(began) < 10*time.Minute; time.Sleep(100 * time.Millisecond) {
			token, err := within(s, time.Second)
			require.NoError(t, err)
			s.Refused(token)
		}
		require.Less(t, e.calls.Load(), int64(30))
	})
}

func TestARefusedDeviceIsAskedForSeldomAndHeals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		suspended := true
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			if suspended {
				return mpac.Token{}, fault.New(fault.DeviceSuspended, "test", "")
			}
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		for range 1000 {
			_, err := within(s, time.Millisecond)
			require.Equal(t, fault.DeviceSuspended, fault.CodeOf(err))
		}
		require.LessOrEqual(t, e.calls.Load(), int64(2))
		suspended = false
		bearer(t, s)
	})
}

// What the device lacks is no failure of the server: once it is there, nothing is waited for.
func TestAnActivationTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			if n == 1 {
				return mpac.Token{}, fault.New(fault.NotActivated, "test", "")
			}
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		_, err := within(s, time.Second)
		require.Equal(t, fault.NotActivated, fault.CodeOf(err))
		began := time.Now()
		require.Equal(t, "token-2", bearer(t, s))
		require.Zero(t, time.Since(began))
	})
}
