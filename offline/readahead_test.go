package offline

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// TestReadAheadChangesNothing: bytes and error are those of the body, however either side cuts them.
func TestReadAheadChangesNothing(t *testing.T) {
	t.Parallel()
	content := make([]byte, 3*aheadChunks*aheadBytes+17)
	_, _ = rand.NewChaCha8([32]byte{9}).Read(content)
	boom := errors.New("boom")
	for name, body := range map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"halves":        iotest.HalfReader,
		"end with data": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ahead := newReadAhead(io.NopCloser(body(bytes.NewReader(content))))
			got, err := io.ReadAll(iotest.HalfReader(ahead))
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, got))
			require.NoError(t, ahead.Close())

			ahead = newReadAhead(io.NopCloser(io.MultiReader(body(bytes.NewReader(content)), iotest.ErrReader(boom))))
			got, err = io.ReadAll(ahead)
			require.ErrorIs(t, err, boom)
			require.True(t, bytes.Equal(content, got), "what came before the error")
			_, err = ahead.Read(make([]byte, 1))
			require.ErrorIs(t, err, boom, "an error stays")
			require.NoError(t, ahead.Close())
		})
	}
}

// blockedBody gives no byte until it is closed.
type blockedBody struct{ closed chan struct{} }

func (b blockedBody) Read([]byte) (int, error) {
	<-b.closed
	return 0, io.ErrClosedPipe
}

func (b blockedBody) Close() error {
	close(b.closed)
	return nil
}

// TestReadAheadEnds: Close comes back, and its goroutine is gone, while the body stands still and while nobody reads.
func TestReadAheadEnds(t *testing.T) {
	t.Parallel()
	still := newReadAhead(blockedBody{make(chan struct{})})
	require.NoError(t, still.Close())
	for range still.full { // closed by the goroutine's end
	}

	unread := newReadAhead(io.NopCloser(iotest.HalfReader(rand.NewChaCha8([32]byte{}))))
	_, err := unread.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, unread.Close())
	for range unread.full {
	}
}
