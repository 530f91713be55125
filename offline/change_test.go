package offline

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBrokenChangeLeavesNothing: what a transaction wrote before it failed is not there, its effects do not happen, and the
// next one goes through.
func TestBrokenChangeLeavesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	boom := errors.New("boom")
	broken := func(end func() error) func() {
		return func() {
			err := s.write("offline: test", func(c *change) error {
				c.after(func() { t.Error("the effect of a broken change happened") })
				require.NoError(t, setSetting(c, "test", "broken"))
				return end()
			})
			require.ErrorIs(t, err, boom)
		}
	}
	value := func() string {
		value, err := s.Setting("test")
		require.NoError(t, err)
		return value
	}
	broken(func() error { return boom })()
	require.Empty(t, value(), "after an error")
	require.Panics(t, broken(func() error { panic(boom) }))
	require.Empty(t, value(), "after a panic")
	require.NoError(t, s.SetSetting("test", "whole"))
	require.Equal(t, "whole", value())
}
