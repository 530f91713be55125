// Package mpac is a strict MPAC as a device meets it (protocol sections 2 and 3): svc-portal (activation, device tokens, key
// sets), svc-smarttab (orders, bills, payments) and the gateway before both. It verifies with the standard library and shares no
// code with the library's clients. A Server is safe for concurrent use; what it answered is on disk.
package mpac

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/smartpos-go/terminal/emulator/state"
	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// Server is the emulated MPAC.
type Server struct {
	state    *state.State
	clock    *state.Clock
	settings *board
	portal   *portal
	gateway  *gateway
	channel  *channel
	smarttab *smarttab
	address  *address
}

// New reads the state, or begins it. refused reports whether a fault takes the network away. At has to be called before the first
// request, Close at the end.
func New(st *state.State, clock *state.Clock, refused func() bool) (*Server, error) {
	if err := st.Schema(schema); err != nil {
		return nil, err
	}
	settings, err := openBoard(st)
	if err != nil {
		return nil, err
	}
	s := &Server{state: st, clock: clock, settings: settings, address: &address{}}
	s.portal = newPortal(st, clock, settings, s.address)
	s.gateway = &gateway{
		clock: clock, settings: settings, limiter: &limiter{counts: map[string]*count{}},
		verifier: &verifier{clock: clock, fetch: s.keySet, cache: map[string]cached{}},
	}
	s.channel = &channel{
		state: st, clock: clock, verifier: s.gateway.verifier, patience: usualPatience, refused: refused,
		sessions: map[*session]bool{}, devices: map[string]*session{},
	}
	s.smarttab = newSmarttab(st, clock, s.channel)
	s.gateway.rules = table(serveRoutes(s.portal.routes), serveRoutes(s.smarttab.routes), s.channel.serve)
	return s, nil
}

// Close ends every socket with 1012 and returns when their goroutines have ended.
func (s *Server) Close() { s.channel.close() }

// At says where the server can be reached: its base URL, and the same under the other names of its certificate.
func (s *Server) At(base string, others ...string) { s.address.set(append([]string{base}, others...)) }

// Connect gives svc-smarttab a payment gateway, for QR payments. It is called before the first request.
func (s *Server) Connect(g PaymentGateway) {
	s.smarttab.road = &road{PaymentGateway: g, clock: s.clock}
}

// Issuer is what a client assertion's aud should name.
func (s *Server) Issuer() string { return issuer(s.address.base()) }

// Public paths of the env file.
const (
	TokenPath  = prefix + pathToken
	SocketPath = prefix + pathSocket
)

// BodyError answers a body that cannot be read or is over 1 MiB.
const BodyError = `{"error":{"code":"body_not_readable","message":"the body could not be read, or is over 1 MiB"}}`

// ServeHTTP answers a device or a person.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.gateway.ServeHTTP(w, r) }

// keySet is the gateway's request to the portal.
func (s *Server) keySet(set string) ([]byte, error) {
	answer := &buffer{header: http.Header{}}
	if err := s.portal.jwks(answer, request{id: set}); err != nil {
		return nil, fmt.Errorf("emulator: gateway: key set: %w", err)
	}
	return answer.body.Bytes(), nil
}

// buffer is an answer within the process.
type buffer struct {
	header http.Header
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(int)             {}
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

// publicPath is a path in its public form.
func publicPath(path string) string {
	if strings.HasPrefix(path, prefix+"/") {
		return path
	}
	return prefix + path
}

// Registered reports whether there is a device of this serial number.
func (s *Server) Registered(sn string) bool {
	there := false
	err := s.state.Do(func(tx *sql.Tx) (err error) {
		_, there, err = findDevice(tx, "sn", sn)
		return err
	})
	return err == nil && there
}

// SerialNumber is whose request it says it is, for faults and the journal; nothing is verified here.
func (s *Server) SerialNumber(r *http.Request, body []byte) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if sn := claim(token, "device_sn"); sn != "" {
		return sn
	}
	if id := r.URL.Query().Get("device_id"); id != "" {
		return s.serialOf("device_id", id)
	}
	if r.URL.Path == prefix+pathToken || r.URL.Path == pathToken {
		fields, err := readTokenRequest(r.Header.Get("Content-Type"), body)
		if err != nil {
			return ""
		}
		return s.serialOf("client_id", claim(fields.assertion, "sub"))
	}
	o, err := strictjson.Read(body)
	if err != nil {
		return ""
	}
	sn, _ := o.Text("serial_number") // absent is nobody's
	return sn
}

// claim reads one text of a token's claims, "" when it cannot be read.
func claim(token, name string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	claims, err := strictjson.Read(text)
	if err != nil {
		return ""
	}
	value, _ := claims.Text(name) // absent is ""
	return value
}

func (s *Server) serialOf(column, value string) string {
	var d device
	if err := s.state.Do(func(tx *sql.Tx) (err error) {
		d, _, err = findDevice(tx, column, value)
		return err
	}); err != nil {
		return ""
	}
	return d.sn
}
