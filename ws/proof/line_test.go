// Package proof holds no code: its test lets a terminal and the emulated backend meet over a bad line. It is a module of its own
// because of what the line is made of, which nobody who uses the library needs.
package proof

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// line is the network between one terminal and the backend.
type line struct {
	*testing.T
	proxy *toxiproxy.Proxy
	id    int
}

// forgotten says, by line, since when connections are remembered: what is older is dead without saying so.
var forgotten [64]atomic.Int64

// router is a toxic that swallows what goes over connections it has forgotten. toxiproxy's own ends them when it is removed.
type router struct {
	Line int `json:"line"`
}

// NewState remembers when the connection began.
func (r *router) NewState() any { return time.Now().UnixNano() }

// Pipe passes on, until the connection is forgotten.
func (r *router) Pipe(stub *toxics.ToxicStub) {
	born, _ := stub.State.(int64)
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
			if forgotten[r.Line].Load() < born {
				stub.Output <- chunk
			}
		}
	}
}

func init() { toxics.Register("router", new(router)) }

func newLine(t *testing.T, id int, upstream string) *line {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{T: t, id: id, proxy: toxiproxy.NewProxy(server, fmt.Sprint("line", id), "127.0.0.1:0", upstream)}
	require.NoError(t, l.proxy.Start())
	t.Cleanup(l.proxy.Stop)
	for _, way := range []string{"upstream", "downstream"} {
		l.add("router", way, map[string]any{"line": id})
	}
	return l
}

func (l *line) add(kind, way string, attributes map[string]any) (name string) {
	l.Helper()
	name = kind + "-" + way
	text, err := json.Marshal(map[string]any{"name": name, "type": kind, "stream": way, "attributes": attributes})
	require.NoError(l, err)
	_, err = l.proxy.Toxics.AddToxicJson(strings.NewReader(string(text)))
	require.NoError(l, err)
	return name
}

// fault is a kind of bad line; it gives what heals it.
type fault struct {
	name   string
	strike func(l *line, chance func(n int) int) (heal func())
}

func toxic(kind string, way []string, attributes func(chance func(int) int) map[string]any) func(*line, func(int) int) func() {
	return func(l *line, chance func(int) int) func() {
		side := way[chance(len(way))]
		name := l.add(kind, side, attributes(chance))
		return func() { require.NoError(l, l.proxy.Toxics.RemoveToxic(l.Context(), name)) }
	}
}

var both = []string{"upstream", "downstream"}

var faults = []fault{
	{"latency", toxic("latency", both, func(chance func(int) int) map[string]any {
		return map[string]any{"latency": chance(800), "jitter": chance(200)}
	})},
	{"reset", toxic("reset_peer", both, func(chance func(int) int) map[string]any { return map[string]any{"timeout": chance(50)} })},
	{"cut after some bytes", toxic("limit_data", both, func(chance func(int) int) map[string]any { return map[string]any{"bytes": chance(600)} })},
	{"swallowed", toxic("timeout", both, func(func(int) int) map[string]any { return map[string]any{"timeout": 0} })},
	{"half-open", func(l *line, _ func(int) int) func() {
		forgotten[l.id].Store(time.Now().UnixNano())
		return func() {}
	}},
	{"no route", func(l *line, _ func(int) int) func() {
		l.proxy.Stop()
		return func() { require.NoError(l, l.proxy.Start()) }
	}},
}
