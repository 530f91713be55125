package posstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestAnEventFromHandshakeToAcknowledgement(t *testing.T) {
	t.Parallel()
	a := newApp()
	c := listen(t, testOptions(a))
	p := dial(t, c)
	credentials := p.begin()
	require.Equal(t, []string{testKeyID, testSecret}, []string{credentials["key_id"], credentials["secret_key"]})
	p.answer(respAck)

	held := a.hold()
	payload := map[string]any{"order_id": "O-1", "name": "コーヒー ☕", "total": 450}
	p.send(p.event("m-1", payload))
	require.Eventually(t, func() bool { return c.Status().Connections[0].State == Enabled }, 5*time.Second, time.Millisecond)
	require.Empty(t, p.received, "nothing is acknowledged before the handler returned")
	close(held)
	p.acked("m-1")

	n := a.want(t, Event, 1)[0]
	want, err := json.Marshal(payload)
	require.NoError(t, err)
	require.Equal(t, []string{"m-1", "create_order", string(want)}, []string{n.MsgID, n.MsgType, string(n.Data)})
	require.Equal(t, p.conn.LocalAddr().String(), n.Peer)
	require.NoError(t, p.conn.Close())
	a.want(t, Disconnected, 1)
	kinds := make([]Kind, 0, 5)
	for _, n := range a.notices {
		kinds = append(kinds, n.Kind)
		require.True(t, n.Kind == Listening || n.Connection == 1 && n.Peer != "")
	}
	require.Equal(t, []Kind{Listening, Connected, NoticeEnabled, Event, Disconnected}, kinds)
	require.Equal(t, c.Address(), a.all(Listening)[0].Address)
	require.Empty(t, a.all(Disconnected)[0].Code, "the POS closed it")
	require.Equal(t, Counters{Connections: 1, Enabled: 1, Events: 1}, c.Status().Counters)
}

func TestNamesOfEventsAreOpen(t *testing.T) {
	t.Parallel()
	a := newApp()
	p := dial(t, listen(t, testOptions(a))).enable()
	m := p.event("m-1", nil)
	m.Type = "no_such_event"
	p.send(m)
	require.Equal(t, respAck, p.get().Resp)
	require.Equal(t, "no_such_event", a.want(t, Event, 1)[0].MsgType)
}

// msg_data is not a must (protocol section 7.2). Were it one, a POS would send such a message again for ever, and nothing behind it.
func TestAnEventWithoutDataIsGivenOut(t *testing.T) {
	t.Parallel()
	a := newApp()
	p := dial(t, listen(t, testOptions(a))).enable()
	p.send(message{Source: "till", ID: "m-1", Type: "create_order"})
	p.send(p.event("m-2", 1))
	p.acked("m-1", "m-2")
	require.Equal(t, "null", string(a.want(t, Event, 2)[0].Data))
}

func TestARefusedRegistration(t *testing.T) {
	t.Parallel()
	a := newApp()
	c := listen(t, testOptions(a))
	p := dial(t, c)
	p.begin()
	p.answer("nack_auth")
	require.Empty(t, p.closed())
	require.Equal(t, "nack_auth", a.want(t, Refused, 1)[0].Response)
	require.Equal(t, fault.RegistrationRefused, a.want(t, Disconnected, 1)[0].Code)
	require.Empty(t, a.all(NoticeEnabled))
	require.EqualValues(t, 1, c.Status().Counters.Refused)
	dial(t, c).enable()
}

func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		allow []netip.Prefix
		peer  string
		want  bool
	}{
		"loopback by default":       {nil, "127.0.0.1", true},
		"loopback as mapped IPv4":   {nil, "::ffff:127.0.0.1", true},
		"IPv6 loopback":             {nil, "::1", true},
		"nobody else by default":    {nil, "192.168.1.20", false},
		"a till on site":            {[]netip.Prefix{netip.MustParsePrefix("192.168.1.0/24")}, "192.168.1.20", true},
		"its neighbour":             {[]netip.Prefix{netip.MustParsePrefix("192.168.1.0/24")}, "192.168.2.20", false},
		"a list excludes loopback":  {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "127.0.0.1", false},
		"a link-local with a zone":  {[]netip.Prefix{netip.MustParsePrefix("fe80::/10")}, "fe80::1%eth0", true},
		"every IPv4 is no IPv6":     {[]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, "2001:db8::1", false},
		"one address, and a mapped": {[]netip.Prefix{netip.MustParsePrefix("10.1.2.3/32")}, "::ffff:10.1.2.3", true},
	} {
		o := testOptions(newApp())
		o.Allow = tt.allow
		o, err := o.checked()
		require.NoError(t, err)
		require.Equal(t, tt.want, o.allows(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(tt.peer), 1))), name)
	}
	o, err := testOptions(newApp()).checked()
	require.NoError(t, err)
	require.False(t, o.allows(&net.UnixAddr{Name: "x"}))
}

func TestAPeerOutsideTheListHearsNothing(t *testing.T) {
	t.Parallel()
	a := newApp()
	o := testOptions(a)
	o.Allow = []netip.Prefix{netip.MustParsePrefix("10.99.0.0/16")}
	c := listen(t, o)
	p := dial(t, c)
	p.init()
	require.Empty(t, p.closed())
	require.Equal(t, Counters{NotAllowed: 1}, c.Status().Counters)
	require.Empty(t, a.all(Connected))
}

func TestOptionsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Options){
		"listen must be":    func(o *Options) { o.Listen = "7000" },
		"key id":            func(o *Options) { o.KeyID = "" },
		"secret":            func(o *Options) { o.Secret = nil },
		"4096 bytes":        func(o *Options) { o.Secret = []byte(strings.Repeat("x", 4097)) },
		"bytes of UTF-8":    func(o *Options) { o.Secret = []byte{0xff} },
		"rsa must be":       func(o *Options) { o.RSA = "none" },
		"aes must be":       func(o *Options) { o.AES = "ecb" },
		"Handler":           func(o *Options) { o.Handler = nil },
		"allow holds":       func(o *Options) { o.Allow = []netip.Prefix{{}} },
		"mapped into IPv6":  func(o *Options) { o.Allow = []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")} },
		"1 to 256 bytes of": func(o *Options) { o.KeyID = strings.Repeat("k", 257) },
	} {
		o := testOptions(newApp())
		change(&o)
		_, err := Listen(o)
		require.ErrorIs(t, err, fault.InvalidConfig, want)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "integrator-secret")
	}
	c := listen(t, testOptions(newApp()))
	o := testOptions(newApp())
	o.Listen = c.Address()
	_, err := Listen(o)
	require.ErrorIs(t, err, fault.AddressUnavailable, "taken already")
}

// tlsConfigs are those of a client application and of a POS that trusts it.
func tlsConfigs(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"client.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	server = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: "client.example"}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server, client := tlsConfigs(t)
	a := newApp()
	o := testOptions(a)
	o.TLS = server
	c := listen(t, o)
	conn, err := tls.Dial("tcp", c.Address(), client)
	require.NoError(t, err)
	p := newPOS(t, conn).enable()
	p.send(p.event("m-1", 1))
	p.acked("m-1")

	plain := dial(t, c)
	plain.init()
	for _, m := range plain.closed() {
		require.Empty(t, m.Data, "a POS without TLS is given nothing")
	}
	require.NotEmpty(t, a.want(t, Disconnected, 1)[0].Code)
}

// 200 POS connect at the same time, each with its own DEK and its own order.
func TestManyPOSAtOnce(t *testing.T) {
	t.Parallel()
	const many, each = 200, 10
	a := newApp()
	c := listen(t, testOptions(a))
	var all sync.WaitGroup
	var mu sync.Mutex
	deks := map[string]bool{}
	for i := range many {
		all.Go(func() {
			p := dial(t, c)
			dek := p.begin()["dek"]
			mu.Lock()
			deks[dek] = true
			mu.Unlock()
			p.answer(respAck)
			for n := range each {
				p.send(p.event(fmt.Sprintf("%d/%d", i, n), n))
			}
			for n := range each {
				p.acked(fmt.Sprintf("%d/%d", i, n))
			}
		})
	}
	all.Wait()
	require.Len(t, deks, many, "a DEK was used twice")
	last := map[int64]int{}
	for _, n := range a.want(t, Event, many*each) {
		var i int
		require.NoError(t, json.Unmarshal(n.Data, &i))
		require.Equal(t, last[n.Connection], i, "order of connection %d", n.Connection)
		last[n.Connection]++
	}
	require.Len(t, last, many)
	require.Equal(t, Counters{Connections: many, Enabled: many, Events: many * each}, c.Status().Counters)
}

func TestNoMoreConnectionsThanItCanHold(t *testing.T) {
	t.Parallel()
	c := newClient(mustCheck(t, testOptions(newApp())), newPipes())
	t.Cleanup(func() { _ = c.Close() })
	for range maxConnections {
		_, far := net.Pipe()
		c.serve(far)
	}
	near, far := net.Pipe()
	c.serve(far)
	_, err := near.Read(make([]byte, 1))
	require.Error(t, err, "closed")
	require.Equal(t, Counters{Connections: maxConnections, Surplus: 1}, c.Status().Counters)
}

func mustCheck(t *testing.T, o Options) Options {
	t.Helper()
	o, err := o.checked()
	require.NoError(t, err)
	return o
}

// Each of these ends its own connection, gives out nothing, and the next POS is served.
func TestBadDaysOfOneConnection(t *testing.T) {
	t.Parallel()
	header := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	for name, tt := range map[string]struct {
		play func(p *pos)
		want fault.Code
	}{
		"length 0":                 {func(p *pos) { p.write(header(0)) }, fault.MessageInvalid},
		"length 2^31":              {func(p *pos) { p.write(append(header(1<<31), '{')) }, fault.MessageInvalid},
		"length 2^32-1":            {func(p *pos) { p.write(append(header(1<<32-1), '{')) }, fault.MessageInvalid},
		"an HTTP request":          {func(p *pos) { p.write([]byte("GET / HTTP/1.1\r\n\r\n")) }, fault.MessageInvalid},
		"a frame of no JSON":       {func(p *pos) { p.write(frame([]byte("nonsense"))) }, fault.MessageInvalid},
		"an event at once":         {func(p *pos) { p.send(message{ID: "1", Type: "create_order", Data: "AAAA"}) }, fault.MessageInvalid},
		"an answer at once":        {func(p *pos) { p.write(frame([]byte(vector))) }, fault.MessageInvalid},
		"register_client":          {func(p *pos) { p.send(message{ID: "1", Type: typeRegister, Data: "AAAA"}) }, fault.MessageInvalid},
		"no key":                   {func(p *pos) { p.send(message{ID: "1", Type: typeInit}) }, fault.MessageInvalid},
		"an event before the ack":  {func(p *pos) { p.begin(); p.send(p.event("1", 1)) }, fault.MessageInvalid},
		"init_client twice":        {func(p *pos) { p.init(); p.init() }, fault.MessageInvalid},
		"init_client when enabled": {func(p *pos) { p.enable().init() }, fault.MessageInvalid},
		"length 0 when enabled":    {func(p *pos) { p.enable().write(header(0)) }, fault.MessageInvalid},
		"an event in the clear": {func(p *pos) {
			p.enable().send(message{ID: "1", Type: "create_order", Data: `{"order_id":"1"}`})
		}, fault.DecryptFailed},
		"an event under another key": {func(p *pos) {
			p.enable()
			p.cipher, _ = NewCipher(CBC, make([]byte, dekSize))
			p.send(p.event("1", 1))
		}, fault.DecryptFailed},
		"an event that is no JSON": {func(p *pos) { sendSealed(p.enable(), "hello") }, fault.DecryptFailed},
		"an event not in UTF-8":    {func(p *pos) { sendSealed(p.enable(), "\"\xff\"") }, fault.DecryptFailed},
		"gone within a message": {func(p *pos) {
			m := p.enable().event("1", 1).encode()
			p.write(m[:len(m)-5])
			_ = p.conn.Close()
		}, fault.NetworkUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp()
			c := listen(t, testOptions(a))
			p := dial(t, c)
			tt.play(p)
			for _, m := range p.closed() {
				require.False(t, m.Resp == respAck && m.Type == "create_order", "acknowledged")
				if tt.want == fault.DecryptFailed {
					require.Equal(t, respNackDecrypt, m.Resp, "the one answer to everything that does not open")
				}
			}
			require.Equal(t, tt.want, a.want(t, Disconnected, 1)[0].Code)
			require.Empty(t, a.all(Event))
			next := dial(t, c).enable()
			next.send(next.event("next", 1))
			next.acked("next")
		})
	}
}

func sendSealed(p *pos, clear string) {
	sealed, err := p.cipher.Seal(nil, []byte(clear))
	require.NoError(p.t, err)
	m := p.event("1", 1)
	m.Data = string(encode(sealed))
	p.send(m)
}

func TestATamperedEventIsNeverGivenOut(t *testing.T) {
	t.Parallel()
	for _, aes := range []AES{CBC, GCM} {
		a := newApp()
		o := testOptions(a)
		o.AES = aes
		c := listen(t, o)
		// Nested so that a changed byte never leaves JSON, which CBC by itself would not notice.
		clear := strings.Repeat(`{"":`, 5) + "1" + strings.Repeat("}", 5)
		for i := 0; ; i++ {
			p := dial(t, c)
			p.aes = aes
			p.enable()
			sealed, err := p.cipher.Seal(nil, []byte(clear))
			require.NoError(t, err)
			if i == len(sealed) {
				break
			}
			sealed[i] ^= 0x80
			p.send(message{ID: newID(), Type: "create_order", Data: string(encode(sealed))})
			rest := p.closed()
			require.Len(t, rest, 1)
			require.Equal(t, respNackDecrypt, rest[0].Resp)
		}
		require.Empty(t, a.all(Event))
	}
}
