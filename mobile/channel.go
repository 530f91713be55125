package mobile

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/smartpos-go/terminal/deviceauth"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/ws"
)

// Connect opens the real-time channel and returns at once; the listener is told when it is online, offline, and of every event. It
// keeps itself connected until Disconnect, Close, or an offline notice that is final. Connected already, it connects anew with this
// listener, and the one before hears nothing more; it is given 5 s to return from what it hears now. Errors: not_activated, activation_expired, invalid_request without a listener,
// storage faults.
func (t *Terminal) Connect(listener Listener) error {
	_, err := t.deviceCall("connect", nil, func(context.Context) (any, error) {
		if listener == nil {
			return nil, fault.New(fault.InvalidRequest, "mobile: connect", "there is no listener")
		}
		identity, err := t.device.Identity()
		if err != nil {
			return nil, err
		}
		return nil, t.link(listener, identity)
	})
	return err
}

// link opens a channel in the place of the one before, and closes that.
func (t *Terminal) link(listener Listener, identity deviceauth.Activation) error {
	c := t.config.Device
	options := ws.Options{
		URL: c.WSURL, TrustedCA: c.trustedCA, SystemRoots: c.SystemRoots, DeviceID: socketDevice(identity),
		AppVersions: map[string]string{"smartpos-terminal": version}, Tokens: &channelTokens{source: t.tokens},
		Memory: channelMemory{store: t.store, deviceID: socketDevice(identity)},
		Listener: func(n ws.Notice) error {
			if n.Kind == ws.NoticeOnline {
				t.recordSoon()
			}
			return listener.Receive(noticeJSON(n))
		},
		Clock: t.store.Clock(), Log: t.log,
	}
	t.linking.Lock()
	options.After = t.latest
	channel, err := ws.Connect(options)
	if err != nil {
		t.linking.Unlock()
		return err //nolint:wrapcheck // a fault.
	}
	t.latest = channel
	before := t.channel.Swap(channel)
	t.linking.Unlock()
	if before != nil {
		_ = before.Close() // the listener of before may hang; it hears nothing more
	}
	return nil
}

// Disconnect closes the channel. When it has returned, the listener hears nothing more; called from within the listener, that notice
// is the last. Without a channel it does nothing. Errors: timeout when the listener does not return within 5 s.
func (t *Terminal) Disconnect() error {
	_, err := t.deviceCall("disconnect", nil, func(context.Context) (any, error) { return nil, t.hangUp() })
	return err
}

// NetworkAvailable tells that the system has a network again: call it from ConnectivityManager.NetworkCallback.onAvailable, as often
// as that comes. Pauses end, connections of the network before are given up within seconds, and the channel is online within 5 s
// where the network works.
func (t *Terminal) NetworkAvailable() error {
	_, err := t.call("network available", nil, func(context.Context) (any, error) {
		// Idle connections of the network before would swallow the next request.
		if t.macs != nil {
			t.macs.Close()
		}
		if t.tokens != nil {
			t.portal.Close()
			t.tokens.NetworkAvailable()
		}
		if t.pgw != nil {
			t.pgw.Close()
		}
		t.recordSoon()
		if c := t.channel.Load(); c != nil {
			c.NetworkAvailable()
		}
		return nil, nil
	})
	return err
}

// SendStatus reports battery (percent, 0 to 100) and paper ("OK", "LOW", "EMPTY") over the channel, as soon as it is online; of
// several that wait the last one goes out. Errors: invalid_request, closed when there is no channel.
func (t *Terminal) SendStatus(battery int, paper string) error {
	_, err := t.deviceCall("send status", nil, func(context.Context) (any, error) {
		c := t.channel.Load()
		if c == nil {
			return nil, fault.New(fault.Closed, "mobile: send status", "there is no channel; connect first")
		}
		return nil, c.SendStatus(ws.Status{Battery: battery, Paper: paper})
	})
	return err
}

// hangUp closes the channel that was open.
func (t *Terminal) hangUp() error {
	if open := t.channel.Swap(nil); open != nil {
		return open.Close() //nolint:wrapcheck // a fault.
	}
	return nil
}

// socketDevice names the device to the channel: by its id, or by the client id of one that was registered by hand.
func socketDevice(a deviceauth.Activation) string {
	if a.DeviceID == "" {
		return a.ClientID
	}
	return a.DeviceID
}

// channelTokens are the device's tokens, as package ws wants them.
type channelTokens struct {
	source *deviceauth.Source
	mu     sync.Mutex
	last   deviceauth.Token // guarded by mu
}

func (c *channelTokens) Token(ctx context.Context) (string, error) {
	token, err := c.source.Token(ctx)
	if err != nil {
		return "", err //nolint:wrapcheck // a fault.
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = token
	return token.Bearer(), nil
}

func (c *channelTokens) Refused(token string) {
	c.mu.Lock()
	last := c.last
	c.mu.Unlock()
	if last.Bearer() == token {
		c.source.Refused(last)
	}
}

// settingPosition holds the last event that the app handled.
const settingPosition = "channel.position"

// channelMemory keeps the last event of one device; another device in the same folder, activated anew, begins without.
type channelMemory struct {
	store    *offline.Store
	deviceID string
}

type storedPosition struct {
	DeviceID string `json:"device"`
	ws.Position
}

func (m channelMemory) Position() (ws.Position, error) {
	text, err := m.store.Setting(settingPosition)
	if err != nil || text == "" {
		return ws.Position{}, err //nolint:wrapcheck // a fault.
	}
	var p storedPosition
	if json.Unmarshal([]byte(text), &p) != nil || p.DeviceID != m.deviceID {
		return ws.Position{}, nil
	}
	return p.Position, nil
}

func (m channelMemory) SetPosition(p ws.Position) error {
	text, err := json.Marshal(storedPosition{m.deviceID, p})
	if err != nil {
		return fault.Wrap(fault.Internal, "mobile: last event", err)
	}
	return m.store.SetSetting(settingPosition, string(text)) //nolint:wrapcheck // a fault.
}

// notice is what a Listener gets, and what posemu terminal listen prints.
type notice struct {
	V       int             `json:"v"`
	Kind    ws.Kind         `json:"kind"`
	ID      string          `json:"id,omitempty"`
	Seq     int64           `json:"seq,omitempty"`
	Event   string          `json:"event,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
	Code    fault.Code      `json:"code,omitempty"`
	Final   bool            `json:"final,omitempty"`
}

func noticeJSON(n ws.Notice) string {
	text, _ := json.Marshal(notice{ //nolint:errchkjson // the payload was read as JSON.
		V: 1, Kind: n.Kind, ID: n.Event.ID, Seq: n.Event.Seq, Event: n.Event.Name, Payload: n.Event.Payload, Code: n.Code, Final: n.Final,
	})
	return string(text)
}
