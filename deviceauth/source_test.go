package deviceauth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/clock"
)

// bubble is the time of a synctest bubble; asleep is time that no timer saw.
type bubble struct {
	began  time.Time
	asleep atomic.Int64
}

func (b *bubble) Wall() time.Time        { return time.Now().Add(time.Duration(b.asleep.Load())) }
func (b *bubble) Elapsed() time.Duration { return time.Since(b.began) + time.Duration(b.asleep.Load()) }

// endpoint is a token server that the test plays.
type endpoint struct {
	calls atomic.Int64
	// answer plays call n, counted from 1.
	answer func(ctx context.Context, n int64) (mpac.Token, error)
}

func gives(n int64, life time.Duration) (mpac.Token, error) {
	return mpac.Token{AccessToken: mpac.AccessToken(fmt.Sprint("token-", n)), Life: life}, nil
}

// newSource is a source over an endpoint, in the bubble's time.
func newSource(t *testing.T, e *endpoint) (*Source, *bubble) {
	t.Helper()
	time := &bubble{began: time.Now()}
	s := &Source{
		clock: clock.New(time, clock.State{}), timeout: DefaultTimeout, calm: make(chan struct{}),
		fetch: func(ctx context.Context) (mpac.Token, error) { return e.answer(ctx, e.calls.Add(1)) },
	}
	s.life, s.end = context.WithCancel(context.Background())
	t.Cleanup(s.Close)
	return s, time
}

// within asks with a deadline.
func within(s *Source, d time.Duration) (Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return s.Token(ctx)
}

func bearer(t *testing.T, s *Source) string {
	t.Helper()
	token, err := within(s, time.Minute)
	require.NoError(t, err)
	return token.Bearer()
}

func TestATokenIsRefreshedOnUseAt70PercentAndNeverGivenOutInItsLast10Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) { return gives(n, 100*time.Second) }}
		s, _ := newSource(t, e)
		require.Equal(t, "token-1", bearer(t, s))
		time.Sleep(70*time.Second - 1)
		require.Equal(t, "token-1", bearer(t, s))
		require.Equal(t, int64(1), e.calls.Load())
		time.Sleep(time.Nanosecond)
		require.Equal(t, "token-1", bearer(t, s), "the refresh holds nobody up")
		synctest.Wait()
		require.Equal(t, "token-2", bearer(t, s))
		require.Equal(t, int64(2), e.calls.Load())

		e.answer = func(ctx context.Context, _ int64) (mpac.Token, error) { <-ctx.Done(); return mpac.Token{}, ctx.Err() }
		time.Sleep(90*time.Second - 1)
		require.Equal(t, "token-2", bearer(t, s), "10 s and a bit are left")
		time.Sleep(time.Nanosecond)
		_, err := within(s, time.Second)
		require.Equal(t, fault.Timeout, fault.CodeOf(err))
	})
}

func TestAThousandCallersMakeOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			time.Sleep(time.Second)
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				token, err := within(s, 2*time.Second)
				if err != nil || token.Bearer() != "token-1" {
					t.Errorf("%v %v", token.Bearer(), err)
				}
			})
		}
		all.Wait()
		require.Equal(t, int64(1), e.calls.Load())
	})
}

func TestACallerWhoLeavesTakesNothingWithHim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(ctx context.Context, n int64) (mpac.Token, error) {
			select {
			case <-time.After(5 * time.Second):
				return gives(n, 90*time.Second)
			case <-ctx.Done():
				return mpac.Token{}, ctx.Err()
			}
		}}
		s, _ := newSource(t, e)
		first, cancel := context.WithCancel(context.Background())
		left := make(chan error, 1)
		go func() {
			_, err := s.Token(first)
			left <- err
		}()
		synctest.Wait()
		stays := make(chan error, 1)
		go func() {
			_, err := within(s, 10*time.Second)
			stays <- err
		}()
		synctest.Wait()
		cancel()
		require.Equal(t, fault.Cancelled, fault.CodeOf(<-left))
		_, err := within(s, time.Second)
		require.Equal(t, fault.Timeout, fault.CodeOf(err), "each waits with a deadline of its own")
		require.NoError(t, <-stays)
		require.Equal(t, int64(1), e.calls.Load())
	})
}

func TestAnHourWithoutServerHealsByItselfWithoutAStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		up := false
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			if !up {
				return mpac.Token{}, fault.New(fault.ServerError, "test", "HTTP 503")
			}
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		for began := time.Now(); time.Since(began) < time.Hour; time.Sleep(time.Second) {
			_, err := within(s, 100*time.Millisecond)
			require.Equal(t, fault.ServerError, fault.CodeOf(err), "the last failure at once, not a wait in vain")
		}
		require.Less(t, e.calls.Load(), int64(150))
		require.Greater(t, e.calls.Load(), int64(50))
		up = true
		token, err := s.Token(context.Background())
		require.NoError(t, err)
		require.NotEmpty(t, token.Bearer())

		up = false
		s.Reset()
		_, err = within(s, time.Second)
		require.Equal(t, fault.ServerError, fault.CodeOf(err))
		began := time.Now()
		up = true
		s.Reset()
		bearer(t, s)
		require.Zero(t, time.Since(began), "Reset ends a pause")
	})
}

func TestAPauseIsWaitedOutByWhoHasTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			if n == 1 {
				return mpac.Token{}, fault.New(fault.NetworkUnavailable, "test", "")
			}
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		_, err := within(s, 5*time.Second)
		require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err))
		began := time.Now()
		require.Equal(t, "token-2", bearer(t, s))
		require.Greater(t, time.Since(began), 400*time.Millisecond)
		require.LessOrEqual(t, time.Since(began), time.Second)
	})
}

func TestAnAnswerSlowerThanTheTokenLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := true
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			if slow {
				time.Sleep(9 * time.Second)
			}
			return gives(n, 15*time.Second)
		}}
		s, _ := newSource(t, e)
		_, err := within(s, 20*time.Second)
		require.Equal(t, fault.Timeout, fault.CodeOf(err), "6 s are left of it")
		require.Equal(t, int64(1), e.calls.Load())
		slow = false
		require.Equal(t, "token-2", bearer(t, s))
	})
}

func TestATokenTooShortToUseIsAnAnswerThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) { return gives(n, minLeft) }}
		s, _ := newSource(t, e)
		_, err := within(s, time.Second)
		require.Equal(t, fault.BadResponse, fault.CodeOf(err))
	})
}

func TestADayAsleepEndsTheToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) { return gives(n, time.Hour) }}
		s, night := newSource(t, e)
		require.Equal(t, "token-1", bearer(t, s))
		night.asleep.Add(int64(24 * time.Hour))
		require.Equal(t, "token-2", bearer(t, s))
	})
}

// A pause that began before the night is over after it, and a request that was under way when the device fell asleep ends with
// its timeout of time awake.
func TestADayAsleepInTheMiddleOfARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(ctx context.Context, n int64) (mpac.Token, error) {
			if n == 1 {
				<-ctx.Done()
				return mpac.Token{}, ctx.Err()
			}
			return gives(n, 90*time.Second)
		}}
		s, night := newSource(t, e)
		_, err := within(s, time.Second)
		require.Equal(t, fault.Timeout, fault.CodeOf(err))
		night.asleep.Add(int64(24 * time.Hour))
		time.Sleep(DefaultTimeout)
		require.Equal(t, "token-2", bearer(t, s))
	})
}

// The signer or the network may never return: the request ends with its timeout all the same.
func TestARequestThatHangsForGoodWedgesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			if n == 1 {
				<-hang
			}
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		_, err := s.Token(context.Background())
		require.Equal(t, fault.Timeout, fault.CodeOf(err))
		require.Equal(t, "token-2", bearer(t, s))
	})
}

func TestAPanicOfTheKeyStoreIsAFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(_ context.Context, n int64) (mpac.Token, error) {
			if n == 1 {
				panic("host")
			}
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		_, err := within(s, time.Millisecond)
		require.Equal(t, fault.Internal, fault.CodeOf(err))
		require.Equal(t, "token-2", bearer(t, s))
	})
}

func TestResetGivesUpWhatIsUnderWayAndItsCallersAskAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(ctx context.Context, n int64) (mpac.Token, error) {
			if n == 1 {
				<-ctx.Done()
				return gives(n, 90*time.Second) // an answer of before
			}
			return gives(n, 90*time.Second)
		}}
		s, _ := newSource(t, e)
		got := make(chan string, 1)
		go func() {
			token, _ := within(s, 5*time.Second)
			got <- token.Bearer()
		}()
		synctest.Wait()
		began := time.Now()
		s.Reset()
		require.Equal(t, "token-2", <-got)
		require.Zero(t, time.Since(began))
	})
}

func TestCloseEndsEveryWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{answer: func(ctx context.Context, _ int64) (mpac.Token, error) { <-ctx.Done(); return mpac.Token{}, ctx.Err() }}
		s, _ := newSource(t, e)
		failed := make(chan error, 1)
		go func() {
			_, err := s.Token(context.Background())
			failed <- err
		}()
		synctest.Wait()
		s.Close()
		require.Equal(t, fault.Closed, fault.CodeOf(<-failed))
		_, err := s.Token(context.Background())
		require.Equal(t, fault.Closed, fault.CodeOf(err))
	})
}

// Devices that failed together come back apart, and nobody is sent away for more than a minute.
func TestPausesGrowToAMinuteAndVary(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ count, least, most time.Duration }{
		"first":      {0, 500 * time.Millisecond, time.Second},
		"third":      {2, 2 * time.Second, 4 * time.Second},
		"hundredth":  {99, 30 * time.Second, time.Minute},
		"a billion ": {1e9, 30 * time.Second, time.Minute},
	} {
		b := backoffState{count: int(tt.count)}
		b.failed(time.Hour, errors.New("x"))
		require.GreaterOrEqual(t, b.left(time.Hour), tt.least, name)
		require.LessOrEqual(t, b.left(time.Hour), tt.most, name)
	}
}

func TestATokenDoesNotPrint(t *testing.T) {
	t.Parallel()
	token := Token{value: "canary"}
	for _, text := range []string{fmt.Sprint(token), fmt.Sprintf("%+v", token), fmt.Sprintf("%#v", token), token.LogValue().String(), fmt.Sprint([]Token{token})} {
		require.NotContains(t, text, "canary")
	}
}

// BenchmarkTokenFromCache is what every call pays.
func BenchmarkTokenFromCache(b *testing.B) {
	s := &Source{clock: clock.New(clock.System{}, clock.State{}), timeout: DefaultTimeout, fetch: func(context.Context) (mpac.Token, error) { return gives(1, time.Hour) }}
	s.life, s.end = context.WithCancel(context.Background())
	defer s.Close()
	ctx := context.Background()
	_, err := s.Token(ctx)
	require.NoError(b, err)
	for b.Loop() {
		if _, err := s.Token(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
