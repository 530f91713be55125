package posstream

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func newTestClient(state clientState) *client {
	return &client{Config: Config{POS: "POS-1"}, state: state, wake: make(chan struct{}, 1)}
}

func ids(events []*event) (all []string) {
	for _, e := range events {
		all = append(all, string(e.data))
	}
	return all
}

func TestAnEventIsSentTwiceThenTheConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	c := newTestClient(enabled)
	c.enqueue("e", []byte("1"))
	now := time.Now()
	due, wait, err := c.due(now)
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, ids(due))
	require.Equal(t, ackTime, wait)

	c.enqueue("e", []byte("2"))
	due, wait, err = c.due(now.Add(2 * time.Second))
	require.NoError(t, err)
	require.Equal(t, []string{"2"}, ids(due), "only the new one")
	require.Equal(t, 3*time.Second, wait)

	due, _, err = c.due(now.Add(5 * time.Second))
	require.NoError(t, err)
	require.Equal(t, []string{"1"}, ids(due), "sent again")
	c.answered(c.waiting[1].id, true)
	_, _, err = c.due(now.Add(10 * time.Second))
	require.ErrorIs(t, err, errSilent)
	row := c.row()
	require.Equal(t, []int64{3, 1, 0, 1}, []int64{row.Sent, row.Acknowledged, row.Dropped, int64(row.Waiting)})
}

func TestOneHundredAreUnderWayAtOnce(t *testing.T) {
	t.Parallel()
	c := newTestClient(enabled)
	for i := range 250 {
		c.enqueue("e", fmt.Append(nil, i))
	}
	due, _, err := c.due(time.Now())
	require.NoError(t, err)
	require.Len(t, due, window)
	c.answered(due[40].id, true)
	c.answered("of nobody", true)
	c.answered(c.waiting[window].id, true) // acknowledged before it was sent
	more, _, err := c.due(time.Now())
	require.NoError(t, err)
	require.Equal(t, []string{"100"}, ids(more))
	require.EqualValues(t, 1, c.row().Acknowledged)
}

func TestWhileNotEnabledTheLast1000Wait(t *testing.T) {
	t.Parallel()
	c := newTestClient(dialing)
	for i := range maxWaiting + 5 {
		c.enqueue("e", fmt.Append(nil, i))
	}
	row := c.row()
	require.Equal(t, []int64{5, maxWaiting}, []int64{row.Dropped, int64(row.Waiting)})
	require.Equal(t, "5", string(c.waiting[0].data), "the oldest made room")
	c.set(enabled)
	c.enqueue("e", nil)
	require.Equal(t, maxWaiting+1, c.row().Waiting)
}

func TestARefusedEventIsNotSentAgain(t *testing.T) {
	t.Parallel()
	c := newTestClient(enabled)
	c.enqueue("e", []byte("1"))
	due, _, err := c.due(time.Now())
	require.NoError(t, err)
	c.answered(due[0].id, false)
	require.Equal(t, []int64{0, 1}, []int64{c.row().Acknowledged, c.row().Dropped})
	require.Empty(t, c.waiting)
}

func TestBadFramesOfAClientApplication(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]string{
		"length 0":       "\x00\x00\x00\x00",
		"length 2^32-1":  "\xff\xff\xff\xff{",
		"length 2^31":    "\x00\x00\x00\x80{",
		"1 MiB + 1":      "\x01\x00\x10\x00{",
		"cut":            "\x05\x00\x00\x00{}",
		"cut length":     "\x05\x00",
		"no JSON":        "\x08\x00\x00\x00nonsense",
		"without msg_id": "\x02\x00\x00\x00{}",
	} {
		_, err := receive(strings.NewReader(stream))
		require.Error(t, err, name)
	}
	var out bytes.Buffer
	sent := envelope{Source: "POS-1", MsgID: "1", MsgType: "create_order", MsgData: "QUJD"}
	require.NoError(t, transmit(&out, sent))
	got, err := receive(&out)
	require.NoError(t, err)
	sent.Version = "1.0"
	require.Equal(t, sent, got)
}

// application is a client application on a socket, driven by a test.
type application struct {
	t *testing.T
	net.Listener
}

func newApplication(t *testing.T) application {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return application{t, l}
}

// take is one connection up to init_client and its acknowledgement.
func (a application) take() (net.Conn, envelope) {
	a.t.Helper()
	conn, err := a.Accept()
	require.NoError(a.t, err)
	a.t.Cleanup(func() { _ = conn.Close() })
	init, err := receive(conn)
	require.NoError(a.t, err)
	require.NoError(a.t, transmit(conn, envelope{MsgID: init.MsgID, MsgType: typeInit, MsgResp: ack}))
	return conn, init
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := openSite(t, "")
	a := newApplication(t)
	id, err := s.AddClient(Config{POS: "POS-1", Address: a.Addr().String(), Reconnect: 10 * time.Millisecond})
	require.NoError(t, err)
	keys := map[string]bool{}
	for data, want := range map[string]string{
		"":                             nackDecrypt,
		"%%%":                          nackDecrypt,
		"AAAA":                         nackDecrypt,
		"QUJ":                          nackDecrypt,
		`{"dek":1}`:                    nackFormat,
		`{"dek":"AAAA","data":"AAAA"}`: nackDecrypt,
		base64.StdEncoding.EncodeToString(make([]byte, 256)): nackDecrypt,
	} {
		conn, init := a.take()
		keys[init.MsgData] = true
		require.Equal(t, "POS-1", init.Source)
		require.NoError(t, transmit(conn, envelope{MsgID: uuid.NewString(), MsgType: typeRegister, MsgData: data}))
		answer, err := receive(conn)
		require.NoError(t, err)
		require.Equal(t, want, answer.MsgResp, data)
		_, err = receive(conn)
		require.Error(t, err, "closed")
	}
	require.Len(t, keys, 7, "a new RSA key for each connection")

	conn, _ := a.take()
	require.NoError(t, transmit(conn, envelope{MsgID: "1", MsgType: "create_order"}))
	_, err = receive(conn)
	require.Error(t, err, "anything but register_client ends the connection")
	require.NoError(t, s.DeleteClient(id))
}

// Registrations that open, and say what a POS must not take. The operator sees the answer.
func TestRegistrationsThatSayTheWrongThing(t *testing.T) {
	t.Parallel()
	s := openSite(t, "")
	require.NoError(t, s.Integrator("KEY", secret))
	a := newApplication(t)
	id, err := s.AddClient(Config{POS: "POS-1", Address: a.Addr().String(), Reconnect: 10 * time.Millisecond})
	require.NoError(t, err)
	short := func(dek int, key, secret string) string {
		return fmt.Sprintf(`{"dek":"%s","key_id":"%s","secret_key":"%s"}`, base64.StdEncoding.EncodeToString(make([]byte, dek)), key, secret)
	}
	for _, tt := range []struct{ name, clear, want string }{
		{"no DEK", short(0, "KEY", secret), nackFormat},
		{"a DEK of 16 bytes", short(16, "KEY", secret), nackFormat},
		{"a DEK of 31 bytes", short(31, "KEY", secret), nackFormat},
		{"a DEK of 33 bytes", short(33, "KEY", secret), nackFormat},
		{"a DEK that is no base64", `{"dek":"%","key_id":"KEY","secret_key":"` + secret + `"}`, nackFormat},
		{"no JSON", "hello", nackFormat},
		{"a wrong secret", short(32, "KEY", secret+"x"), nackAuth},
		{"a secret cut short", short(32, "KEY", secret[1:]), nackAuth},
		{"no secret", short(32, "KEY", ""), nackAuth},
		{"an unknown key id", short(32, "OTHER", secret), nackAuth},
		{"no key id", short(32, "", secret), nackAuth},
		{"all that is right", short(32, "KEY", secret), ack},
	} {
		conn, init := a.take()
		block, _ := pem.Decode([]byte(init.MsgData))
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		require.NoError(t, err)
		wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key.(*rsa.PublicKey), []byte(tt.clear), nil)
		require.NoError(t, err)
		require.NoError(t, transmit(conn, envelope{MsgID: "r", MsgType: typeRegister, MsgData: base64.StdEncoding.EncodeToString(wrapped)}))
		answer, err := receive(conn)
		require.NoError(t, err)
		require.Equal(t, []string{"r", typeRegister, tt.want}, []string{answer.MsgID, answer.MsgType, answer.MsgResp}, tt.name)
		if tt.want == ack {
			require.Eventually(t, func() bool { row := s.Clients()[0]; return row.State == string(enabled) && row.Refusal == "" }, 5*time.Second, time.Millisecond)
			continue
		}
		_, err = receive(conn)
		require.Error(t, err, "closed")
		require.Equal(t, tt.want, s.Clients()[0].Refusal, tt.name)
	}
	require.NoError(t, s.DeleteClient(id))
}

// What the operator sees of a client, and cutting its connection.
func TestWhatWaitsIsListedAndAConnectionIsCut(t *testing.T) {
	t.Parallel()
	s := openSite(t, "")
	a := newApplication(t)
	id, err := s.AddClient(Config{POS: "POS-1", Address: a.Addr().String(), Events: []string{createOrder}, Reconnect: 10 * time.Millisecond})
	require.NoError(t, err)
	require.ErrorIs(t, s.Cut("99"), ErrUnknown)
	_, err = s.Waiting("99")
	require.ErrorIs(t, err, ErrUnknown)
	count := maxListed + 20
	_, err = s.Happen(Events{Data: json.RawMessage(`{"n":1}`), Count: &count})
	require.NoError(t, err)
	waiting, err := s.Waiting(id)
	require.NoError(t, err)
	require.Len(t, waiting, maxListed)
	require.Equal(t, []any{createOrder, 0, `{"n":1}`}, []any{waiting[0].MsgType, waiting[0].Times, string(waiting[0].Data)})
	require.NotEmpty(t, waiting[0].MsgID)

	conn, _ := a.take()
	row := s.Clients()[0]
	require.Equal(t, Client{
		ID: id, POS: "POS-1", Address: a.Addr().String(), State: "handshake", Events: []string{createOrder}, RSA: "oaep-sha256", AES: "cbc",
		ReconnectSeconds: 0.01, Connections: 1, Waiting: count,
	}, row)
	require.NoError(t, s.Cut(id))
	_, err = receive(conn)
	require.Error(t, err, "the POS hung up")
	a.take() // and dials again
	require.EqualValues(t, 2, s.Clients()[0].Connections)
	require.NoError(t, s.DeleteClient(id))

	idle, err := s.AddClient(Config{POS: "POS-2", Address: "127.0.0.1:1", Reconnect: time.Hour})
	require.NoError(t, err)
	require.ErrorIs(t, s.Cut(idle), ErrNoConnection)
	require.NoError(t, s.Integrator("b", secret))
	require.NoError(t, s.Integrator("a", secret))
	ids, err := s.Integrators()
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, ids)
	require.True(t, s.Online())
	s.Cloud(false)
	require.False(t, s.Online())
}

func TestAnOrderDoesNotGrowForEver(t *testing.T) {
	t.Parallel()
	s := newShop("POS-1")
	for i := range 10 * maxLines {
		s.happens([]string{addItem, addTender}[i%2], time.Now())
		require.LessOrEqual(t, len(s.order.Items)+len(s.order.Tenders), maxLines)
	}
	require.Greater(t, s.orders, 9)
}

func TestTheSameShopHasTheSameDay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 28, 10, 0, 0, 0, time.UTC)
	a, b, other := newShop("POS-1"), newShop("POS-1"), newShop("POS-2")
	differ := false
	for i := range 200 {
		kind := kinds[i*5%len(kinds)]
		x := a.happens(kind, now)
		require.Equal(t, string(x), string(b.happens(kind, now)))
		differ = differ || string(x) != string(other.happens(kind, now))
		require.True(t, json.Valid(x))
	}
	require.True(t, differ)
	for range 20 {
		var o order
		require.NoError(t, json.Unmarshal(a.happens(createOrder, now), &o))
		require.Equal(t, []string{"2026-01-28", "POS-1"}, []string{o.BusinessDate, o.TerminalID})
		sum := 0
		for _, i := range o.Items {
			require.Equal(t, i.Quantity*i.UnitPrice, i.Total)
			sum += i.Total
		}
		require.NotEmpty(t, o.Items)
		require.Equal(t, []int{sum, sum + o.Tax}, []int{o.Subtotal, o.Total})
	}
}
