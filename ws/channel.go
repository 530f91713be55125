package ws

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// closeWait is how long Close waits for a listener that does not return.
const closeWait = 5 * time.Second

// Channel is a channel that keeps itself connected until Close. Get one with Connect. All methods may be called from any goroutine,
// also from within the listener, and any number of times; none waits for the network but Close, for a second at most.
type Channel struct {
	options  Options
	delivery *delivery

	life context.Context //nolint:containedctx // the life of the object, not of a call.
	end  context.CancelFunc
	// woken has a token when NetworkAvailable was called.
	woken chan struct{}
	// reported has a token when a status waits.
	reported chan struct{}
	// after is the channel before this one, until it has ended or was left behind.
	after atomic.Pointer[Channel]
	// token is the one that opened or last refreshed the connection; it belongs to the goroutine of run.
	token string
	// done is closed when the channel has ended and its connection is closed.
	done chan struct{}

	mu sync.Mutex
	// Guarded by mu: the state and why the channel is not online, and the last status.
	state  State
	reason fault.Code
	status *Status
}

// Connect starts a channel. It does not wait for the connection: the listener is told. Errors: invalid_config, and what Memory gives.
func Connect(o Options) (*Channel, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	d, err := startDelivery(o.Listener, o.Memory, o.Log)
	if err != nil {
		return nil, err
	}
	c := &Channel{
		options: o, delivery: d, state: Connecting,
		woken: make(chan struct{}, 1), reported: make(chan struct{}, 1), done: make(chan struct{}),
	}
	c.after.Store(o.After)
	c.options.After, c.options.Listener = nil, nil // after and delivery have them, and let go of them
	c.life, c.end = context.WithCancel(context.Background())
	go c.run()
	return c, nil
}

// State tells where the channel stands and, unless it is online, the fault that keeps it from being so ("" before the first).
func (c *Channel) State() (State, fault.Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state, c.reason
}

// NetworkAvailable tells that a network came up: a pause ends at once, a connection that does not answer within 3 s is given up,
// and so is an attempt that does not succeed within 2 s. After it was called the channel is online within 5 s where the network
// and the server work. It may be called as often as the system tells of networks.
func (c *Channel) NetworkAvailable() { signal(c.woken) }

// SendStatus reports the terminal's state. Of several the last one goes out, when the channel is online, again on each new
// connection, and not more often than every 2 s. It never waits. Errors: invalid_request, closed.
func (c *Channel) SendStatus(s Status) error {
	if err := s.checked(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == Ended || c.life.Err() != nil {
		return fault.New(fault.Closed, "ws: send status", "the channel has ended; connect again")
	}
	c.status = &s
	signal(c.reported)
	return nil
}

// Close ends the channel. When it has returned nil, nothing arrives any more. Called from within the listener it does not wait for
// the listener, of course: the notice it was called from is the last. When the listener does not return within 5 s, Close fails
// with timeout; also then nothing new is told. A second Close does the same again.
func (c *Channel) Close() error {
	c.delivery.close()
	c.end()
	late := time.NewTimer(closeWait)
	defer late.Stop()
	ends := []chan struct{}{c.done}
	if !c.delivery.calledFromListener() {
		ends = append(ends, c.delivery.done)
	}
	for _, ended := range ends {
		select {
		case <-ended:
		case <-late.C:
			return fault.New(fault.Timeout, "ws: close", "the listener does not return; nothing more is told")
		}
	}
	return nil
}

// signal leaves a token where there is none.
func signal(where chan struct{}) {
	select {
	case where <- struct{}{}:
	default:
	}
}
