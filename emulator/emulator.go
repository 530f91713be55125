// Package emulator is the other side of every wire a terminal has: each backend on a TLS listener of its own, with the rules
// the real system would enforce, faults on demand, a journal of requests and an admin API with a web panel.
//
// [Start] gives a [World]; `posemu serve` is one. The emulator shares no code with the library: it declares its own wire
// structs and verifies with the standard library, so that a client's mistake is not mirrored.
//
// A World is safe for concurrent use. What it acknowledged is on disk when Options.StateDir is set.
package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/smartpos-go/terminal/emulator/admin"
	"github.com/smartpos-go/terminal/emulator/faults"
	"github.com/smartpos-go/terminal/emulator/journal"
	"github.com/smartpos-go/terminal/emulator/macs"
	"github.com/smartpos-go/terminal/emulator/mpac"
	"github.com/smartpos-go/terminal/emulator/posstream"
	"github.com/smartpos-go/terminal/emulator/state"
)

// Options set up a World; the zero value is a world in a temporary folder on free loopback ports.
type Options struct {
	// StateDir keeps everything over a restart. Empty: a temporary folder, removed by Close.
	StateDir string
	// Listen is host:port of the admin listener; each system takes the next port, or a free one for port 0. Default
	// 127.0.0.1:0.
	Listen string
	// EnvFile is written with mode 0600 before Start returns. Empty: none.
	EnvFile string
	// Log gets one line a request without bodies. Nil logs nothing.
	Log *slog.Logger
	// Now is the time that the admin API's clock moves. Certificates follow the machine's time, as TLS does. Default time.Now.
	Now func() time.Time
	// Rand is where tokens, secrets and pairing codes come from. Default crypto/rand.
	Rand io.Reader
}

// World is a running emulator.
type World struct {
	env     Env
	caPEM   []byte
	state   *state.State
	servers []*http.Server
	running sync.WaitGroup
	cancel  context.CancelFunc
	client  *http.Client
	// channels ends the sockets, which no http.Server knows of.
	channels func()
	// stream is the POS side of the event stream; it dials, and so has no listener.
	stream *posstream.Server
	close  func() error
}

// system is one emulated backend.
type system struct {
	name    string
	handler http.Handler
	// registered reports whether a terminal of this serial number is known.
	registered func(sn string) bool
	// serialNumber is whose request it says it is.
	serialNumber func(r *http.Request, body []byte) string
	// bodyError is the system's answer to a body that cannot be read or is too large.
	bodyError string
}

// Start starts every backend and returns when all of them listen. Cancelling ctx does not stop it: Close does.
func Start(ctx context.Context, o Options) (*World, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	st, err := state.Open(o.StateDir)
	if err != nil {
		return nil, err
	}
	if o.Rand != nil {
		st.Rand = o.Rand
	}
	w := &World{state: st, cancel: func() {}, channels: func() {}}
	w.close = sync.OnceValue(w.shut)
	if err := w.start(context.WithoutCancel(ctx), o); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) start(ctx context.Context, o Options) error {
	ctx, w.cancel = context.WithCancel(ctx)
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("emulator: listen address: %w", err)
	}
	authority, err := openAuthority(w.state)
	if err != nil {
		return err
	}
	certificate, err := authority.issue(host)
	if err != nil {
		return err
	}
	w.caPEM = authority.pem
	clock := &state.Clock{Base: o.Now}
	table := faults.NewTable()
	server, err := macs.New(w.state, clock)
	if err != nil {
		return err
	}
	portal, err := mpac.New(w.state, clock, func() bool { return table.Refusing("mpac") })
	if err != nil {
		return err
	}
	if w.stream, err = posstream.New(w.state, clock); err != nil {
		return err
	}
	money, err := newPayments(w.state, clock)
	if err != nil {
		return err
	}
	token, err := w.state.Secret("admin.token")
	if err != nil {
		return err
	}
	requests := journal.New(clock.Now(), append(money.secrets(), token, server.WhitelistSecret())...)
	systems := append([]system{
		{name: "macs", handler: server, registered: server.Registered, serialNumber: macs.SerialNumber, bodyError: macs.BodyError},
		{name: "mpac", handler: portal, registered: portal.Registered, serialNumber: portal.SerialNumber, bodyError: mpac.BodyError},
	}, money.systems()...)
	listeners, err := w.listen(o.Listen, systems)
	if err != nil {
		return err
	}
	w.channels = portal.Close
	if w.client, err = clientFor(w.caPEM); err != nil {
		return err
	}
	portal.Connect(money.forSmarttab(w.client, address(host, listeners[3])))
	w.running.Go(func() { portal.Run(ctx) })
	portal.At(address(host, listeners[2]), addresses(host, listeners[2])...)
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}
	w.serve(ctx, listeners[0], config, admin.New(admin.Options{
		Token: token, MACS: server, MPAC: portal, PGW: money.pgw, Pay: money.pay, POSStream: w.stream, Faults: table, Journal: requests, Clock: clock,
	}))
	for i, s := range systems {
		guarded := faults.Listener{Listener: listeners[i+1], Table: table, System: s.name}
		w.serve(ctx, guarded, config, &entrance{system: s, faults: table, journal: requests, clock: clock, log: o.Log})
	}
	w.env.MPAC = mpacEnv(address(host, listeners[2]), portal.Issuer())
	if err := money.open(ctx, w, host, listeners[3], listeners[4]); err != nil {
		return err
	}
	w.env.Admin.Token, w.env.MACS.WhitelistSecret = token, server.WhitelistSecret()
	return w.publish(o, host, listeners)
}

// listen opens the admin listener and one for each system. A world with a state comes back on its old ports.
func (w *World) listen(address string, systems []system) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("emulator: listen address: %w", err)
	}
	first, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("emulator: listen address: port %q is no number", port)
	}
	names := []string{"admin"}
	for _, s := range systems {
		names = append(names, s.name)
	}
	var listeners []net.Listener
	for i, name := range names {
		want := "0"
		if first != 0 {
			want = strconv.FormatUint(first+uint64(i), 10)
		} else if saved, err := w.state.Value("port." + name); err == nil && saved != "" {
			want = saved
		}
		l, err := net.Listen("tcp", net.JoinHostPort(host, want))
		if err == nil {
			listeners = append(listeners, l)
			_, got, _ := net.SplitHostPort(l.Addr().String())
			err = w.state.SetValue("port."+name, got)
		}
		if err != nil {
			for _, open := range listeners {
				_ = open.Close()
			}
			return nil, fmt.Errorf("emulator: listen for %s: %w", name, err)
		}
	}
	return listeners, nil
}

func (w *World) serve(ctx context.Context, l net.Listener, config *tls.Config, handler http.Handler) {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         config,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       faults.WithConnection,
		// HTTP/1.1 only: a reset must end one request, not a shared connection.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	w.servers = append(w.servers, server)
	w.running.Go(func() { _ = server.ServeTLS(l, "", "") }) // ends with Close
}

// Env is what a client needs to know of this world.
func (w *World) Env() Env { return w.env }

// CAPEM is the certificate that every listener's is signed by.
func (w *World) CAPEM() []byte { return w.caPEM }

// Close stops every listener, cancels what waits and gives the state folder back. Calls after the first do nothing more.
func (w *World) Close() error { return w.close() }

// closeTime is what requests under way have to end.
const closeTime = time.Second

func (w *World) shut() error {
	w.channels()
	w.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	for _, server := range w.servers {
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
	}
	w.running.Wait()
	if w.stream != nil { // after the admin API, which could add to it
		w.stream.Close()
	}
	if w.client != nil {
		w.client.CloseIdleConnections()
	}
	return w.state.Close()
}

func (w *World) publish(o Options, host string, listeners []net.Listener) error {
	caFile := filepath.Join(w.state.Dir(), "ca.pem")
	if err := state.WriteFile(caFile, w.caPEM); err != nil {
		return fmt.Errorf("emulator: CA file: %w", err)
	}
	caFile, err := filepath.Abs(caFile)
	if err != nil {
		return fmt.Errorf("emulator: CA file: %w", err)
	}
	w.env.V, w.env.CAFile = 1, caFile
	w.env.Admin.URL, w.env.MACS.URL = address(host, listeners[0]), address(host, listeners[1])
	if o.EnvFile == "" {
		return nil
	}
	return w.env.write(o.EnvFile)
}

// address is the base URL of a listener. Behind a host that means every address it is loopback.
func address(host string, l net.Listener) string {
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return baseURL(host, l)
}

// addresses are the base URLs of a listener under every name of its certificate.
func addresses(host string, l net.Listener) []string {
	var all []string
	for _, name := range names(host) {
		all = append(all, baseURL(name, l))
	}
	return all
}

func baseURL(host string, l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a TCP listener's address has both
	return "https://" + net.JoinHostPort(host, port)
}
