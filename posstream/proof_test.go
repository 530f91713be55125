package posstream

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	proofPOS    = flag.Int("stream.pos", 20, "POS of TestNothingIsLost")
	proofEvents = flag.Int("stream.events", 500, "events of each POS")
)

// flatness is how much more memory may be in use after all events than after the first of the quarters, in bytes.
const (
	quarters = 4
	flatness = 2 << 20
)

// proof is a client under the load of many POS whose sockets are cut now and then.
type proof struct {
	client  *Client
	handled atomic.Int64
	mu      sync.Mutex
	next    []int    // guarded by mu: the event that each POS's handler waits for
	wrong   []string // guarded by mu
}

func (p *proof) handle(n Notice) error {
	if n.Kind != Event {
		return nil
	}
	var e struct{ POS, N int }
	if err := json.Unmarshal(n.Data, &e); err != nil {
		return err
	}
	p.mu.Lock()
	if p.next[e.POS] != e.N && len(p.wrong) < 10 {
		p.wrong = append(p.wrong, fmt.Sprintf("POS %d: event %d came where %d was due", e.POS, e.N, p.next[e.POS]))
	}
	p.next[e.POS] = e.N + 1
	p.mu.Unlock()
	p.handled.Add(1)
	return nil
}

// Every event of every POS is handed out once and in its order, however often sockets are cut, and memory does not grow with them.
func TestNothingIsLost(t *testing.T) {
	many, each := *proofPOS, *proofEvents
	p := &proof{next: make([]int, many)}
	o := testOptions(newApp())
	o.Handler = p.handle
	p.client = listen(t, o)
	began := time.Now()
	var cuts atomic.Int64
	var marks []int64
	for part := range quarters {
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() { cuts.Add(int64(p.play(t, i, each*part/quarters, each*(part+1)/quarters))) })
		}
		all.Wait()
		// Measured when nobody is connected: what is under way differs from one moment to the next by far more than a leak would.
		require.Eventually(t, func() bool { return len(p.client.Status().Connections) == 0 }, time.Minute, time.Millisecond)
		marks = append(marks, inUse())
	}
	took := time.Since(began)
	require.Empty(t, p.wrong)
	require.EqualValues(t, many*each, p.handled.Load(), "handed out once each")
	for i, n := range p.next {
		require.Equal(t, each, n, "events of POS %d", i)
	}
	require.Less(t, marks[quarters-1]-marks[0], int64(flatness), "memory after each quarter: %v", marks)
	c := p.client.Status().Counters
	t.Logf("%d POS x %d events: 0 lost, 0 out of order, %d cuts, %d duplicates dropped, %.0f events/s, memory %.1f to %.1f MiB",
		many, each, cuts.Load(), c.Duplicates, float64(many*each)/took.Seconds(), float64(marks[0])/(1<<20), float64(marks[quarters-1])/(1<<20))
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// batch is how many events a POS has under way.
const batch = 50

// play is a part of one POS's day. It gives how often its socket was cut.
func (p *proof) play(t *testing.T, number, acked, events int) (cuts int) {
	random := rand.New(rand.NewPCG(uint64(number), uint64(events)))
	prefix := fmt.Sprintf("%d-%s-", number, newID())
	for acked < events {
		conn, err := net.Dial("tcp", p.client.Address())
		if err != nil {
			t.Error(err)
			return cuts
		}
		acked += p.connection(t, conn, random, prefix, number, acked, events)
		_ = conn.Close()
		if acked < events {
			cuts++
		}
	}
	return cuts
}

// connection sends events until its socket is cut or all are acknowledged, and gives how many were.
func (p *proof) connection(t *testing.T, conn net.Conn, random *rand.Rand, prefix string, number, from, events int) (acked int) {
	till := &pos{t: t, conn: conn, rsa: OAEPSHA256, aes: CBC}
	in := &frameReader{r: bufio.NewReader(conn)}
	get := func() message {
		n, err := in.length()
		if err != nil {
			return message{}
		}
		text, err := in.body(n)
		if err != nil {
			return message{}
		}
		m, _ := readMessage(text)
		return m
	}
	till.init()
	get()
	till.register = get()
	till.open(till.register.Data)
	till.answer(respAck)
	for from+acked < events {
		n := min(batch, events-from-acked)
		var out []byte
		for i := range n {
			at := from + acked + i
			out = append(out, till.event(fmt.Sprint(prefix, at), struct{ POS, N int }{number, at}).encode()...)
		}
		cut := random.IntN(40) == 0
		if cut {
			out = out[:random.IntN(len(out))]
		}
		till.write(out)
		if cut {
			return acked // without reading what was acknowledged
		}
		for range n {
			if m := get(); m.ID != fmt.Sprint(prefix, from+acked) || m.Resp != respAck {
				t.Errorf("POS %d: %s %s for event %d", number, m.ID, m.Resp, from+acked)
				return events
			}
			acked++
		}
	}
	return acked
}
