package mpac

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

// session is one socket. run reads, watch looks at the time, and after hello deliver sends events; whichever ends first ends all.
type session struct {
	channel  *channel
	conn     *websocket.Conn
	raw      net.Conn
	ctx      context.Context //nolint:containedctx // the session's life, not a call's.
	cancel   context.CancelFunc
	deviceID string
	sn       string
	wake     chan struct{}
	since    time.Time
	ending   sync.Once
	over     atomic.Bool // the close is under way: what still comes is not read

	// Of run alone.
	greeted bool
	counted []time.Time // of the messages of the last minute that count
	noted   time.Time   // when last_connected was written

	mu         sync.Mutex
	heard      time.Time // the machine's clock
	welcomed   bool
	authorized time.Time // the virtual clock
	lastSeq    int64
}

// run reads until the connection ends.
func (s *session) run() {
	defer func() {
		s.cancel()
		s.channel.leave(s)
		_ = s.conn.CloseNow()
		s.channel.mu.Lock()
		delete(s.channel.sessions, s)
		s.channel.mu.Unlock()
	}()
	for {
		kind, text, err := s.conn.Read(s.ctx)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.heard = time.Now()
		s.mu.Unlock()
		if s.over.Load() {
			continue
		}
		if kind != websocket.MessageText {
			err = badFrame("frames are text")
		} else {
			err = s.take(text)
		}
		if err != nil {
			s.endFor(err)
			<-s.ctx.Done() // the close is under way
			return
		}
	}
}

// take deals with one message; an error ends the socket.
func (s *session) take(text []byte) error {
	f, err := readFrame(text)
	if err != nil {
		return err
	}
	if err := s.count(f.kind, time.Now()); err != nil {
		return err
	}
	if s.greeted == (f.kind == "hello") {
		return badFrame("the first message is hello, and no other is")
	}
	switch f.kind {
	case "hello":
		s.greeted = true
		return s.hello(f)
	case "ping":
		return s.ping(f)
	case "ack":
		id, ok := f.data.Text("id")
		if !ok {
			return badFrame("ack needs data.id")
		}
		return s.channel.state.Do(func(tx *sql.Tx) error { return acknowledge(tx, s.deviceID, id) })
	case "auth.refresh":
		return s.refresh(f)
	case "status":
		return s.report(f)
	}
	return nil // unknown types are for later versions
}

// count refuses the message that is one too many in a minute.
func (s *session) count(kind string, now time.Time) error {
	if kind == "ack" || kind == "ping" || kind == "auth.refresh" {
		return nil
	}
	for len(s.counted) > 0 && now.Sub(s.counted[0]) >= time.Minute {
		s.counted = s.counted[1:]
	}
	if len(s.counted) >= maxMessages {
		return closing{closeRate, "more than 60 messages in a minute"}
	}
	s.counted = append(s.counted, now)
	return nil
}

// hello opens the session: welcome, what was missed, then live events.
func (s *session) hello(f frame) error {
	said, err := readHello(f.data)
	if err != nil {
		return err
	}
	if said.deviceID != s.deviceID {
		return closing{closeAuth, "device_id is not that of the token"}
	}
	s.channel.enter(s)
	var from int64
	var resync bool
	now := s.channel.clock.Now()
	if err := s.channel.state.Do(func(tx *sql.Tx) error {
		d, _, err := findDevice(tx, "device_id", s.deviceID)
		if err != nil {
			return err
		}
		switch d.status { // it may have changed since the upgrade
		case active:
		case pending:
			return closing{closeAuth, "released"}
		default:
			return closing{closeForbidden, d.status}
		}
		from, resync, err = resumeFrom(tx, d, said.lastEventID, now)
		return errors.Join(err, s.note(tx, now))
	}); err != nil {
		return err
	}
	session, err := ulid.New(s.channel.state.Rand, now)
	if err != nil {
		return err
	}
	if err := s.send("welcome", f.id, map[string]any{"session_id": session, "heartbeat": heartbeat}); err != nil {
		return err
	}
	if resync {
		if err := s.send("resync_required", "", nil); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.welcomed, s.lastSeq = true, from
	s.mu.Unlock()
	s.channel.spawn(s.deliver)
	return nil
}

// note writes when the device was last connected.
func (s *session) note(tx *sql.Tx, now time.Time) error {
	s.noted = now
	_, err := tx.Exec("UPDATE mpac_device SET last_connected = ? WHERE device_id = ?", stamp(now), s.deviceID)
	return err
}

// ping answers, and notes that the device is there; a flood of pings is noted once a second.
func (s *session) ping(f frame) error {
	if now := s.channel.clock.Now(); now.Sub(s.noted).Abs() >= time.Second {
		if err := s.channel.state.Do(func(tx *sql.Tx) error { return s.note(tx, now) }); err != nil {
			return err
		}
	}
	return s.send("pong", f.id, nil)
}

// refresh takes a new token of the same device.
func (s *session) refresh(f frame) error {
	text, ok := f.data.Text("token")
	if !ok {
		return badFrame("auth.refresh needs data.token")
	}
	who, err := s.channel.verifier.verify(text)
	if err != nil || who.kind != callerDevice || who.id != s.deviceID {
		return closing{closeAuth, "the token is not accepted"}
	}
	s.mu.Lock()
	s.authorized = s.channel.clock.Now()
	s.mu.Unlock()
	return nil
}

// report keeps what the device says of itself; nonsense is answered, not punished.
func (s *session) report(f frame) error {
	said, err := readReport(f.data)
	if err != nil {
		return s.send("error", f.id, map[string]string{"code": "bad_status", "message": err.Error()})
	}
	return s.channel.state.Do(func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE mpac_device SET battery = ifnull(?, battery), paper = ifnull(?, paper) WHERE device_id = ?", said.battery, said.paper, s.deviceID)
		return err
	})
}

// send writes one message of the server's own.
func (s *session) send(kind, re string, data any) error {
	now := s.channel.clock.Now()
	id, err := ulid.New(s.channel.state.Rand, now)
	if err != nil {
		return err
	}
	text, err := json.Marshal(reply{V: 1, Type: kind, ID: id, TS: stamp(now), Re: re, Data: data})
	if err != nil {
		return err
	}
	return s.write(text)
}

// write waits for a client that does not read only so long; then the connection is gone.
func (s *session) write(text []byte) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.channel.patience.write)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, text)
}
