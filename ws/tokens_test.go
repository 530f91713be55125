package ws

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// panicking is a token source that panics when it is told of a refusal.
type panicking struct{ *world }

func (panicking) Refused(string) { panic("the app is at fault") }

func TestATokenSourceThatPanicsIsAFailedAttempt(t *testing.T) {
	inBubble(t, func(w *world) {
		o := w.options()
		o.Tokens = panicking{w}
		c, err := Connect(o)
		require.NoError(t, err)
		w.Channel = c
		w.dials <- fault.New(fault.TokenRefused, "dial", "")
		require.Equal(t, []string{"offline internal"}, w.notices())
		time.Sleep(firstWindow)
		w.accept()
		require.Equal(t, []string{"offline internal", "online"}, w.notices())
		require.NoError(t, c.Close())
	})
}
