package ws

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// A server that sends without end, to a listener that does not return, fills neither memory nor the way out: Close still works. Not
// parallel: it measures the memory of the whole process.
func TestAFloodTakesBoundedMemory(t *testing.T) {
	b := startBackend(t)
	all := make(chan struct{})
	b.serve = func(n int64, c *websocket.Conn, _ sent) {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			defer cancel()
			for {
				m, err := receive(ctx, c)
				if err != nil {
					return
				}
				if m.Type == typePing {
					_ = c.Write(ctx, websocket.MessageText, []byte(`{"v":1,"type":"pong","re":"`+m.ID+`"}`))
				}
			}
		}()
		if n > 1 {
			<-ctx.Done()
			return
		}
		payload := strings.Repeat("x", 60<<10)
		for seq := 1; seq <= 250; seq++ { // 30 MB in all, 15 of it events
			for _, text := range []string{
				fmt.Sprintf(`{"v":1,"type":"event","id":"E%d","seq":%d,"data":{"event":"order.updated","payload":{"x":%q}}}`, seq, seq, payload),
				`{"v":1,"type":"resync_required"}`, `{"v":1,"type":"error","data":{"code":"x"}}`, `{"v":1,"type":"tomorrow","data":["` + payload + `"]}`,
			} {
				if c.Write(ctx, websocket.MessageText, []byte(text)) != nil {
					return
				}
			}
		}
		close(all)
		<-ctx.Done()
	}
	a, free := newApp(t), make(chan struct{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	o := a.options(b, "")
	o.Listener = func(n Notice) error {
		if n.Kind == NoticeEvent {
			<-free
		}
		return nil
	}
	c := a.start(o)
	select {
	case <-all:
	case <-time.After(60 * time.Second):
		require.Fail(t, "the client does not read")
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(10<<20))
	time.AfterFunc(100*time.Millisecond, func() { close(free) })
	began := time.Now()
	require.NoError(t, c.Close())
	require.Less(t, time.Since(began), closeWait)
}
