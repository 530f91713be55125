package ws

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

const (
	// echoSize is that of a small event.
	echoSize = 200
	// echoBatch is how many echoes are timed together.
	echoBatch = 100
)

// BenchmarkEcho times one message to a server and back, as the channel writes and reads it, beside the same bytes over bare TCP.
// Neither is encrypted. The server is a process of its own, as servers are, and as it is for clients in other languages. The two take
// turns, so that both see the same machine; each reports its median.
func BenchmarkEcho(b *testing.B) {
	overWebSocket, overTCP := startEcho(b)
	conn, _, err := websocket.Dial(context.Background(), "ws://"+overWebSocket, nil) //nolint:bodyclose // the library closes it.
	require.NoError(b, err)
	defer func() { _ = conn.CloseNow() }()
	s := &socket{conn: conn, buffer: make([]byte, 0, 4<<10)}
	raw, err := net.Dial("tcp", overTCP)
	require.NoError(b, err)
	defer func() { _ = raw.Close() }()
	text := []byte(strings.Repeat("x", echoSize))
	buffer := make([]byte, echoSize)
	var channel, tcp []float64
	took := func(into *[]float64, echo func() error) {
		began := time.Now()
		for range echoBatch {
			if err := echo(); err != nil {
				b.Fatal(err)
			}
		}
		*into = append(*into, float64(time.Since(began))/echoBatch)
	}
	for b.Loop() {
		took(&channel, func() error {
			if err := s.write(text); err != nil {
				return err
			}
			got, err := s.read()
			if len(got) != echoSize {
				return fmt.Errorf("an echo of %d bytes: %w", len(got), err)
			}
			return err
		})
		took(&tcp, func() error {
			if _, err := raw.Write(text); err != nil {
				return err
			}
			_, err := io.ReadFull(raw, buffer)
			return err
		})
	}
	b.ReportMetric(median(channel), "ns/channel")
	b.ReportMetric(median(tcp), "ns/tcp")
}

func median(times []float64) float64 {
	slices.Sort(times)
	return times[len(times)/2]
}

// startEcho starts the benchmarks' echo server and gives its addresses.
func startEcho(b *testing.B) (overWebSocket, overTCP string) {
	server := exec.CommandContext(context.Background(), "go", "run", "../bench", "-echo")
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	require.NoError(b, err)
	stdout, err := server.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, server.Start())
	b.Cleanup(func() {
		require.NoError(b, stdin.Close()) // its end
		require.NoError(b, server.Wait())
	})
	_, err = fmt.Fscanln(stdout, &overWebSocket, &overTCP)
	require.NoError(b, err)
	return overWebSocket, overTCP
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
