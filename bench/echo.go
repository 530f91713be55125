package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// echoBuffer is larger than any message of the rows.
const echoBuffer = 4 << 10

// runEcho is the server of the echo rows, a process of its own beside each client, ours and Java's. It prints the addresses of an
// echo over WebSocket and of one over bare TCP, on loopback and not encrypted, and serves both until stdin ends.
func runEcho(ctx context.Context, stdin io.Reader, stdout io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var listeners [2]net.Listener
	for i := range listeners {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer func() { _ = l.Close() }()
		listeners[i] = l
	}
	server := &http.Server{Handler: http.HandlerFunc(echoWebSocket), ReadHeaderTimeout: time.Minute}
	defer func() { _ = server.Close() }()
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listeners[0]) }()
	go func() { failed <- serveTCP(listeners[1]) }()
	if _, err := fmt.Fprintln(stdout, listeners[0].Addr(), listeners[1].Addr()); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		stop()
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func echoWebSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	buffer := make([]byte, echoBuffer)
	for {
		// Without a context that can end, which would cost each message a registration.
		kind, message, err := conn.Reader(context.Background())
		if err != nil {
			return
		}
		n, err := io.ReadFull(message, buffer)
		if !errors.Is(err, io.ErrUnexpectedEOF) { // a whole message that leaves room
			return
		}
		if conn.Write(context.Background(), kind, buffer[:n]) != nil {
			return
		}
	}
}

func serveTCP(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go echoTCP(conn)
	}
}

func echoTCP(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	buffer := make([]byte, echoBuffer)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}
