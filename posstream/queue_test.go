package posstream

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func TestTooManyWaitingEventsCloseTheConnection(t *testing.T) {
	unreal(t, func(t *testing.T, a *app, c *Client, dial func() *pos) {
		held := a.hold()
		p := dial().enable()
		for i := range maxQueued + 10 {
			p.send(p.event(fmt.Sprint(i), i))
		}
		require.Empty(t, p.closed())
		synctest.Wait()
		require.EqualValues(t, 1, c.Status().Counters.Slow)
		require.Zero(t, c.queued.Load(), "what waited was dropped")
		close(held)
		require.Equal(t, fault.ListenerSlow, a.want(t, Disconnected, 1)[0].Code)

		again := dial().enable()
		for i := range 100 {
			again.send(again.event(fmt.Sprint(i), i))
			again.acked(fmt.Sprint(i))
		}
		require.Len(t, a.want(t, Event, 100), 100, "what was dropped came again, what was handled did not")
	})
}

func TestWaitingBytesAreBounded(t *testing.T) {
	t.Parallel()
	var total atomic.Int64
	event := func() item { return item{Notice: Notice{Kind: Event, Data: make([]byte, 1<<20-itemSize)}} } // 1 MiB in all
	full := func() *queue {
		q := newQueue(&total)
		for range maxQueuedBytes >> 20 {
			require.True(t, q.put(event()))
		}
		return q
	}
	q := full()
	require.False(t, q.put(event()), "of one connection")
	require.True(t, q.put(item{end: &ending{}}), "an end always fits")

	for range maxQueuedTotal/maxQueuedBytes - 1 {
		full()
	}
	require.EqualValues(t, maxQueuedTotal, total.Load())
	other := newQueue(&total)
	require.True(t, other.put(event()), "a connection with nothing waiting has room")
	require.False(t, other.put(event()), "of all connections")
	for range 2 {
		it, ok := q.take(nil)
		require.True(t, ok)
		require.Len(t, it.Data, 1<<20-itemSize)
	}
	require.True(t, other.put(event()), "there is room again")
	q.drop()
	require.True(t, q.put(event()), "after the end it takes what is thrown away")
	require.EqualValues(t, maxQueuedTotal-maxQueuedBytes+2<<20, total.Load())
}

// Thousands of events of a byte each are counted with all that they take.
func TestTinyEventsAreCountedWhole(t *testing.T) {
	t.Parallel()
	var total atomic.Int64
	q := newQueue(&total)
	it := item{Notice: Notice{Kind: Event, MsgID: strings.Repeat("i", maxName), MsgType: strings.Repeat("t", maxName), Data: []byte("1")}}
	for range 1000 {
		require.True(t, q.put(it))
	}
	require.EqualValues(t, 1000*(2*maxName+1+itemSize), total.Load())
	require.GreaterOrEqual(t, itemSize, int(unsafe.Sizeof(item{})))
	for range 1000 {
		q.first()
	}
	require.Zero(t, total.Load())
}
