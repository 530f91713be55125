package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// TestEchoAnswersBothWaysUntilItsInputEnds: a client gets its own bytes back, message after message; then nobody listens any more.
func TestEchoAnswersBothWaysUntilItsInputEnds(t *testing.T) {
	t.Parallel()
	in, endOfInput := io.Pipe()
	out, printed := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- runEcho(t.Context(), in, printed) }()
	var overWebSocket, overTCP string
	_, err := fmt.Fscanln(out, &overWebSocket, &overTCP)
	require.NoError(t, err)

	conn, _, err := websocket.Dial(t.Context(), "ws://"+overWebSocket, nil) //nolint:bodyclose // the library closes it.
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }()
	var dialer net.Dialer
	raw, err := dialer.DialContext(t.Context(), "tcp", overTCP)
	require.NoError(t, err)
	defer func() { _ = raw.Close() }()
	for _, size := range []int{1, 200, echoBuffer - 1} {
		text := bytes.Repeat([]byte("x"), size)
		require.NoError(t, conn.Write(t.Context(), websocket.MessageText, text))
		kind, got, err := conn.Read(context.Background())
		require.NoError(t, err)
		require.Equal(t, websocket.MessageText, kind)
		require.Equal(t, text, got)
		_, err = raw.Write(text)
		require.NoError(t, err)
		_, err = io.ReadFull(raw, got)
		require.NoError(t, err)
		require.Equal(t, text, got)
	}

	require.NoError(t, endOfInput.Close())
	require.NoError(t, <-ended)
	_, err = net.Dial("tcp", overTCP)
	require.Error(t, err, "it still listens")
}
