package ws

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// echoSize is that of a small event.
const echoSize = 200

// One message to a server and back, as the channel reads and writes it, beside the same bytes over bare TCP. Neither is encrypted.
func BenchmarkEcho(b *testing.B) {
	b.Run("channel", func(b *testing.B) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			peer := &socket{conn: c, buffer: make([]byte, 0, 4<<10)}
			for {
				text, err := peer.read()
				if err != nil || peer.write(text) != nil {
					return
				}
			}
		}))
		defer server.Close()
		conn, _, err := websocket.Dial(context.Background(), server.URL, nil) //nolint:bodyclose // the library closes it.
		require.NoError(b, err)
		defer func() { _ = conn.CloseNow() }()
		s := &socket{conn: conn, buffer: make([]byte, 0, 4<<10)}
		text := []byte(strings.Repeat("x", echoSize))
		b.ReportAllocs()
		for b.Loop() {
			if err := s.write(text); err != nil {
				b.Fatal(err)
			}
			if got, err := s.read(); err != nil || len(got) != echoSize {
				b.Fatal(err, len(got))
			}
		}
	})
	b.Run("tcp", func(b *testing.B) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		defer func() { _ = listener.Close() }()
		go func() {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = c.Close() }()
			buffer := make([]byte, echoSize)
			for {
				if _, err := io.ReadFull(c, buffer); err != nil {
					return
				}
				if _, err := c.Write(buffer); err != nil {
					return
				}
			}
		}()
		c, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(b, err)
		defer func() { _ = c.Close() }()
		buffer := []byte(strings.Repeat("x", echoSize))
		for b.Loop() {
			if _, err := c.Write(buffer); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(c, buffer); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// What a channel does with one event beside the wire: read it, write its acknowledgement.
func BenchmarkReadMessage(b *testing.B) {
	text := []byte(anEvent)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readMessage(text); err != nil {
			b.Fatal(err)
		}
	}
}
