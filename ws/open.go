package ws

import (
	"context"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

const (
	// attemptWithin is how long token and upgrade may take, and the welcome after them.
	attemptWithin = 10 * time.Second
	// hurryWithin is what is left of it once the network came back: an attempt that began before may wait for nothing.
	hurryWithin = 2 * time.Second
)

// opened is what an attempt gave.
type opened struct {
	link  link
	token string
	err   error
}

// open fetches a token and opens a connection. hurried tells that NetworkAvailable was called meanwhile.
func (c *Channel) open() (l link, hurried bool, err error) {
	ctx, cancel := context.WithTimeout(c.life, attemptWithin)
	defer cancel()
	result := make(chan opened, 1)
	go func() { result <- c.dial(ctx) }()
	for {
		select {
		case r := <-result:
			if r.err == nil && c.life.Err() != nil {
				r.link.kill()
				r.err = c.life.Err()
			}
			c.token = r.token
			return r.link, hurried, r.err
		case <-c.woken:
			if !hurried {
				hurried = true
				late := time.AfterFunc(hurryWithin, cancel)
				defer late.Stop()
			}
		}
	}
}

// dial asks for a token and upgrades with it; with a token that is refused it tries once more with another one.
func (c *Channel) dial(ctx context.Context) (o opened) {
	defer caught("ws: connect", &o.err)
	for again := false; ; again = true {
		token, err := c.askToken(ctx)
		if err != nil {
			return opened{err: err}
		}
		l, err := c.options.dial(ctx, token)
		if err == nil {
			return opened{link: l, token: token}
		}
		if fault.CodeOf(err) != fault.TokenRefused {
			return opened{err: err}
		}
		c.options.Tokens.Refused(token)
		if again {
			return opened{err: err}
		}
	}
}

// askToken asks the source; a panic of it is an error.
func (c *Channel) askToken(ctx context.Context) (token string, err error) {
	defer caught("ws: token", &err)
	return c.options.Tokens.Token(ctx) //nolint:wrapcheck // a fault.
}

// caught turns a panic of what the channel was given into an error.
func caught(op string, err *error) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Internal, op, "a panic was caught")
	}
}
