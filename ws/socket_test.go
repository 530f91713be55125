package ws

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

var cycles = flag.Int("cycles", 200, "connections that TestConnectAndCloseLeaveNothingBehind opens and closes")

func TestTheUpgradeCarriesTheTokenInItsHeaderAndTheSubprotocol(t *testing.T) {
	t.Parallel()
	b := startBackend(t)
	seen := make(chan *http.Request, 1)
	b.before = func(_ http.ResponseWriter, r *http.Request) bool { seen <- r; return false }
	a := newApp(t)
	a.start(a.options(b, ""))
	a.want(NoticeOnline)
	r := <-seen
	require.Equal(t, []string{"Bearer token-1"}, r.Header["Authorization"])
	require.Equal(t, "/api/v1/ws", r.URL.String(), "no token in the address")
	require.Equal(t, subprotocol, r.Header.Get("Sec-WebSocket-Protocol"))
	b.push(3)
	a.wantEvents(1, 3)
	require.Eventually(t, func() bool { return len(b.acks()) == 3 }, 5*time.Second, time.Millisecond)
}

func TestAnswersToTheUpgrade(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = w.Write([]byte(body)) }
	}
	tests := map[string]struct {
		answer func(http.ResponseWriter)
		code   fault.Code
	}{
		"401":                     {answer(401, `{"error":{"code":"invalid_token"}}`), fault.TokenRefused},
		"403 of a gateway":        {answer(403, `{"error":{"code":"forbidden"}}`), fault.NotAuthorized},
		"403 suspended":           {answer(403, `{"error":"access_denied","error_description":"suspended"}`), fault.DeviceSuspended},
		"403 decommissioned":      {answer(403, `{"error":{"code":"device_decommissioned"}}`), fault.DeviceDecommissioned},
		"404":                     {answer(404, ""), fault.ProtocolError},
		"429":                     {answer(429, ""), fault.RateLimited},
		"503":                     {answer(503, "<html>busy</html>"), fault.ServerError},
		"200 and a login page":    {answer(200, "<html>login</html>"), fault.BadResponse},
		"a page without end":      {answer(200, strings.Repeat("x", 1<<20)), fault.BadResponse},
		"a redirect":              {func(w http.ResponseWriter) { w.Header().Set("Location", "/elsewhere"); w.WriteHeader(302) }, fault.BadResponse},
		"101 to something else":   {func(w http.ResponseWriter) { w.Header().Set("Upgrade", "h2c"); w.WriteHeader(101) }, fault.BadResponse},
		"another subprotocol":     {nil, fault.BadResponse},
		"a connection that drops": {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, fault.NetworkUnavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBackend(t)
			b.before = func(w http.ResponseWriter, r *http.Request) bool {
				if tt.answer == nil {
					r.Header.Set("Sec-WebSocket-Protocol", "other")
					c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"other"}})
					if err == nil {
						_ = c.CloseNow()
					}
					return true
				}
				tt.answer(w)
				return true
			}
			a := newApp(t)
			o, err := a.options(b, "").checked()
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err = o.dial(ctx, "secret-token")
			require.ErrorIs(t, err, tt.code)
			require.NotContains(t, err.Error(), "secret-token")
			require.NotContains(t, err.Error(), b.Listener.Addr().String())
			require.Equal(t, int64(1), b.upgrades.Load(), "no redirect is followed")
		})
	}
}

func TestRetryAfterIsHeard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "3600": lastWindow, "soon": 0, "": 0} {
		var asked waitError
		resp := &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {text}}}
		err := refusal(t.Context(), resp, nil)
		require.ErrorIs(t, err, fault.RateLimited)
		if want == 0 {
			require.NotErrorAs(t, err, &asked, text)
			continue
		}
		require.ErrorAs(t, err, &asked, text)
		require.Equal(t, want, asked.wait)
	}
}

func TestAForeignCertificateGetsNoToken(t *testing.T) {
	t.Parallel()
	b, other := startBackend(t), newApp(t)
	o := other.options(b, "")
	_, foreign := selfSigned(t)
	o.TrustedCA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: foreign})
	other.start(o)
	require.Equal(t, fault.TLSUntrusted, other.want(NoticeOffline).Code)
	require.Zero(t, b.upgrades.Load())
}

// What a socket may bring that the protocol forbids, or the network cuts: nothing of it reaches the listener, nothing is lost.
func TestFramesThatBreakTheRules(t *testing.T) {
	t.Parallel()
	event := func(n int, pad int) string {
		return fmt.Sprintf(`{"v":1,"type":"event","id":"E%d","seq":%d,"data":{"event":"x","payload":"%s"}}`, n, n, strings.Repeat("y", pad))
	}
	tests := map[string]struct {
		bad  func(c *websocket.Conn)
		code fault.Code
	}{
		"a binary message": {func(c *websocket.Conn) {
			_ = c.Write(context.Background(), websocket.MessageBinary, []byte(event(2, 1)))
		}, fault.BadResponse},
		"65 KiB": {func(c *websocket.Conn) {
			_ = c.Write(context.Background(), websocket.MessageText, []byte(event(2, 65<<10)))
		}, fault.BadResponse},
		"2 MiB": {func(c *websocket.Conn) {
			_ = c.Write(context.Background(), websocket.MessageText, []byte(event(2, 2<<20)))
		}, fault.BadResponse},
		"half a message and then nothing": {func(c *websocket.Conn) {
			w, err := c.Writer(context.Background(), websocket.MessageText)
			if err != nil {
				return
			}
			_, _ = w.Write([]byte(event(2, 9000))[:8000])
			_ = c.CloseNow()
		}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBackend(t)
			b.serve = func(n int64, c *websocket.Conn, hello sent) {
				send := func(text string) { _ = c.Write(context.Background(), websocket.MessageText, []byte(text)) }
				if n == 1 {
					send(event(1, 1))
					if _, err := receive(context.Background(), c); err != nil { // its ack: the listener has it
						return
					}
					tt.bad(c)
				} else if strings.Contains(string(hello.Data), `"last_event_id":"E1"`) {
					send(event(2, 60<<10)) // just below the limit
				}
				for {
					if _, err := receive(context.Background(), c); err != nil {
						return
					}
				}
			}
			a := newApp(t)
			a.start(a.options(b, ""))
			a.wantEvents(1, 1)
			off := a.want(NoticeOffline)
			if tt.code != "" {
				require.Equal(t, tt.code, off.Code)
			}
			n := a.want(NoticeEvent)
			require.Equal(t, int64(2), n.Event.Seq)
			require.Len(t, n.Event.Payload, 60<<10+2)
		})
	}
}

// A hostile length must cost nothing: what a frame claims is never allocated.
func TestALengthThatIsALieAllocatesNothing(t *testing.T) {
	t.Parallel()
	b := startBackend(t)
	b.before = func(w http.ResponseWriter, r *http.Request) bool {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return true
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", acceptKey(r))
		frame := []byte{0x81, 127}
		frame = binary.BigEndian.AppendUint64(frame, 1<<62)
		_, _ = conn.Write(append(frame, []byte(strings.Repeat("x", 100<<10))...))
		buffer := make([]byte, 1024)
		for {
			if _, err := conn.Read(buffer); err != nil {
				return true
			}
		}
	}
	a := newApp(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a.start(a.options(b, ""))
	require.Equal(t, fault.BadResponse, a.want(NoticeOffline).Code)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
}

// Channels come and go all day; what each held must be given back.
func TestConnectAndCloseLeaveNothingBehind(t *testing.T) {
	b := startBackend(t)
	a := newApp(t)
	once := func() {
		c, err := Connect(a.options(b, ""))
		require.NoError(t, err)
		a.want(NoticeOnline)
		require.NoError(t, c.Close())
	}
	once()
	goroutines, descriptors := settled(t, 0, 0)
	for range *cycles {
		once()
	}
	g, d := settled(t, goroutines, descriptors)
	require.LessOrEqual(t, g, goroutines)
	require.LessOrEqual(t, d, descriptors)
	require.Equal(t, int64(*cycles+1), b.upgrades.Load())
}

// settled counts goroutines and open descriptors, when they are down to a number or do not come down to it.
func settled(t *testing.T, goroutines, descriptors int) (g, d int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		files, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		g, d = runtime.NumGoroutine(), len(files)
		if g <= goroutines && d <= descriptors || time.Now().After(deadline) {
			return g, d
		}
		if goroutines == 0 && time.Until(deadline) < 4500*time.Millisecond {
			return g, d
		}
	}
}

// acceptKey is the answer that RFC 6455 wants to a handshake.
func acceptKey(r *http.Request) string {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// selfSigned is a key and a certificate for 127.0.0.1 that signs itself.
func selfSigned(t *testing.T) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return key, cert
}
