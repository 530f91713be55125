package ws

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// A channel does not wait for ever for the one before. A listener that comes back when another channel has long gone on must not turn
// the position back: after a restart the app would get again what it handled.
func TestAListenerThatReturnsTooLateMovesNoPosition(t *testing.T) {
	inBubble(t, func(w *world) {
		hung, first := make(chan struct{}), true
		w.onNotice = func(n Notice) error {
			if n.Event.Seq == 1 && first {
				first = false
				<-hung
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		l.event(1)
		w.notices()
		o := w.options()
		o.After = w.Channel
		second, err := Connect(o)
		require.NoError(t, err)
		require.ErrorIs(t, w.Close(), fault.Timeout)
		l, _ = w.accept()
		for seq := range int64(3) {
			l.event(seq + 1)
		}
		require.Equal(t, []string{"online", "event 1", "online", "event 1", "event 2", "event 3"}, w.notices())
		require.Equal(t, Position{"E3", 3}, w.remembered())
		close(hung)
		w.notices()
		require.Equal(t, Position{"E3", 3}, w.remembered())
		require.NoError(t, second.Close())
	})
}

// An app that connects anew from within the listener must not get the event it is at a second time.
func TestAChannelThatTakesAnothersPlaceWaitsForItsListener(t *testing.T) {
	inBubble(t, func(w *world) {
		var second *Channel
		w.onNotice = func(n Notice) error {
			if n.Event.Seq == 1 && second == nil {
				o := w.options()
				o.After = w.Channel
				second, _ = Connect(o)
				require.NoError(t, w.Close())
				time.Sleep(3 * time.Second)
				require.Len(t, w.used(), 1, "not before the listener returned")
			}
			return nil
		}
		w.connect()
		l, _ := w.accept()
		l.event(1)
		l, last := w.accept()
		require.Equal(t, "E1", last)
		l.event(1)
		l.event(2)
		require.Equal(t, []string{"online", "event 1", "online", "event 2"}, w.notices())
		require.NoError(t, second.Close())
	})
}

// A chain of channels, each in the place of the one before, must not keep them all.
func TestAChannelKeepsNothingOfTheOneBefore(t *testing.T) {
	inBubble(t, func(w *world) {
		w.connect()
		w.accept()
		o := w.options()
		o.After = w.Channel
		second, err := Connect(o)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		w.accept()
		require.Nil(t, second.after.Load())
		require.NoError(t, second.Close())
		require.Nil(t, w.delivery.listener)
	})
}
