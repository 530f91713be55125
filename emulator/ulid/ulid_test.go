package ulid_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

func TestAnIDHoldsItsTimeThenRandomness(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1469922850259) // the example of the ULID specification: 01ARZ3NDEK…
	zero, err := ulid.New(bytes.NewReader(make([]byte, 10)), at)
	require.NoError(t, err)
	require.Equal(t, "01ARZ3NDEK"+strings.Repeat("0", 16), zero)
	ones, err := ulid.New(bytes.NewReader(bytes.Repeat([]byte{0xff}, 10)), at)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("Z", 16), ones[10:])
}

func TestIDsDifferAndRise(t *testing.T) {
	t.Parallel()
	seen, last := map[string]bool{}, ""
	for i := range 1000 {
		id, err := ulid.New(rand.Reader, time.UnixMilli(int64(1_700_000_000_000+i)))
		require.NoError(t, err)
		require.Regexp(t, `^[0-7][0-9A-HJKMNP-TV-Z]{25}$`, id)
		require.False(t, seen[id])
		require.Greater(t, id, last)
		seen[id], last = true, id
	}
	_, err := ulid.New(bytes.NewReader(nil), time.Now())
	require.Error(t, err)
}
