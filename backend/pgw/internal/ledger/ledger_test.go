package ledger_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw/internal/ledger"
	"github.com/smartpos-go/terminal/fault"
)

// memory is a Memory that can fail.
type memory struct {
	values map[string]string
	fails  error
}

func (m *memory) SetSetting(key, value string) error {
	if m.fails != nil {
		return m.fails
	}
	if value == "" {
		delete(m.values, key)
	} else {
		m.values[key] = value
	}
	return nil
}

func (m *memory) Settings(prefix string) (map[string]string, error) {
	found := maps.Clone(m.values)
	maps.DeleteFunc(found, func(key, _ string) bool { return !strings.HasPrefix(key, prefix) })
	return found, m.fails
}

func TestACallIsBegunOnceAndFoundAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	m := &memory{values: map[string]string{}}
	l := ledger.Ledger{Memory: m, Prefix: "test.", Now: func() time.Time { return now }}
	late, again, err := l.Begin("op", "AB", "two")
	require.NoError(t, err)
	require.False(t, again)
	now = now.Add(-time.Minute)
	first, again, err := l.Begin("op", "A", "one") // a name that another begins with
	require.NoError(t, err)
	require.False(t, again)
	require.NotEqual(t, late.Key, first.Key)
	same, again, err := l.Begin("op", "A", "other")
	require.NoError(t, err)
	require.True(t, again)
	require.Equal(t, first, same, "the first one stays, with its key and body")
	list, err := l.List("op")
	require.NoError(t, err)
	require.Equal(t, []ledger.Call{first, late}, list, "oldest first")
	require.NoError(t, l.End("op", "A"))
	_, found, err := l.Find("op", "A")
	require.NoError(t, err)
	require.False(t, found)
}

func TestAMemoryThatFailsLetsNothingThrough(t *testing.T) {
	t.Parallel()
	full := fault.New(fault.StorageFull, "disk", "")
	m := &memory{values: map[string]string{}, fails: full}
	l := ledger.Ledger{Memory: m, Prefix: "test.", Now: time.Now}
	_, _, err := l.Begin("op", "A", "one")
	require.ErrorIs(t, err, fault.StorageFull)
	require.ErrorIs(t, l.End("op", "A"), fault.StorageFull)
	_, err = l.List("op")
	require.True(t, errors.Is(err, full))
	m.fails = nil
	for _, damaged := range []string{"{", "{}", "null", `"x"`} {
		m.values["test.A"] = damaged
		_, _, err = l.Begin("op", "A", "one")
		require.ErrorIs(t, err, fault.StorageDamaged, damaged)
		_, err = l.List("op")
		require.ErrorIs(t, err, fault.StorageDamaged, damaged)
	}
}
