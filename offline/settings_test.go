package offline

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestSettingsAreFoundByPrefixAndForgotten(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for key, value := range map[string]string{"call.a": "1", "call.b": "2", "call%": "3", "other": "4"} {
		require.NoError(t, s.SetSetting(key, value))
	}
	found, err := s.Settings("call.")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"call.a": "1", "call.b": "2"}, found)
	require.NoError(t, s.SetSetting("call.a", ""))
	require.NoError(t, s.SetSetting("never.there", ""))
	s = reopen(t, s)
	found, err = s.Settings("call")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"call.b": "2", "call%": "3"}, found, "a prefix is text, not a pattern")
	none, err := s.Settings("nothing.")
	require.NoError(t, err)
	require.Empty(t, none)
}

// A terminal whose parameters lose the entry job keeps what it recorded: the journal waits untouched for its key.
func TestAStoreWithoutKeysLeavesTheJournalAsItIs(t *testing.T) {
	t.Parallel()
	s, source := newStore(t)
	enter(t, s, 3)
	full := s.options
	require.NoError(t, s.SetSetting("device.activation", "x"))
	require.NoError(t, s.Close())

	bare, err := Open(Options{Dir: full.Dir, Time: source})
	require.NoError(t, err)
	value, err := bare.Setting("device.activation")
	require.NoError(t, err)
	require.Equal(t, "x", value)
	counts, err := bare.Counts()
	require.NoError(t, err)
	require.Equal(t, 3, counts.Pending)
	_, err = bare.HashPAN([]byte("5555555555554444"))
	require.Equal(t, fault.InvalidConfig, fault.CodeOf(err))
	source.Advance(60 * 24 * 3600e9)
	require.NoError(t, bare.SetSetting("device.activation", "y"))
	require.NoError(t, bare.Close())

	s = openStore(t, full)
	require.Equal(t, Health{}, s.Health(), "every row is there and proven")
	value, err = s.Setting("device.activation")
	require.NoError(t, err)
	require.Equal(t, "y", value)
}

func TestOneKeyAloneIsAMistake(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{Whitelist: keyed("a")}, {Chain: keyed("a")}} {
		o.Dir = t.TempDir()
		_, err := Open(o)
		require.Equal(t, fault.InvalidConfig, fault.CodeOf(err))
		files, err := os.ReadDir(o.Dir)
		require.NoError(t, err)
		require.Empty(t, files)
	}
}
