package posstream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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
