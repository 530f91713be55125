package mpac_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/mpac"
)

func TestResume(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	var ids []string
	for range 5 {
		id, _ := d.push("config.updated", `{}`)
		ids = append(ids, id)
	}
	replayed := func(s *socket, from int) {
		t.Helper()
		for _, id := range ids[from:] {
			s.event(id)
		}
		s.pong()
	}
	replayed(d.connect(""), 0)
	replayed(d.connect(ids[2]), 3)
	replayed(d.connect(ids[4]), 5)
	s := d.connect(ids[2])
	replayed(s, 3)
	s.send("ack", map[string]any{"id": ids[3]})
	s.pong()
	replayed(d.connect(""), 4) // behind what it acknowledged
	replayed(d.connect(ids[0]), 1)
	live, seq := d.push("config.updated", `{}`)
	require.EqualValues(t, 6, seq)
	s = d.connect(ids[4])
	s.event(live)
	id, _ := d.push("config.updated", `{}`)
	s.event(id)
}

func TestResumeAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	resync := func(last string) *socket {
		t.Helper()
		s := d.connect(last)
		require.Equal(t, "resync_required", s.next().Type)
		s.pong()
		id, _ := d.push("order.updated", `{}`)
		s.event(id)
		return s
	}
	resync(anID) // never given out
	one, _ := d.push("order.updated", `{}`)
	two, _ := d.push("order.updated", `{}`)
	w.later(24 * time.Hour)
	s := d.connect(one)
	s.event(two) // to the second
	w.later(24*time.Hour + time.Second)
	d.connect(two).pong() // it missed nothing, however long ago that was
	resync(one)
	resync("") // nothing was acknowledged
	other := w.terminal(1, 1)
	foreign, _ := other.push("order.updated", `{}`)
	resync(foreign)
}

func TestPushedEventsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.terminal(1, 1)
	pad := func(n int) string { return `{"x":"` + strings.Repeat("y", n) + `"}` }
	for _, tt := range []struct{ event, payload string }{
		{event: ""}, {event: "Order"}, {event: strings.Repeat("x", 65)}, {event: "a", payload: `{`}, {event: "a", payload: "\"\xff\""}, {event: "a", payload: pad(64 << 10)},
		{event: "a", payload: `"` + strings.Repeat("<", 12<<10) + `"`}, // six bytes each on the wire
	} {
		_, _, err := w.Push(d.sn, tt.event, json.RawMessage(tt.payload))
		require.ErrorIs(t, err, mpac.ErrEvent)
	}
	_, _, err := w.Push("SN-X", "a", nil)
	require.ErrorIs(t, err, mpac.ErrUnknown)
	w.generate("SN-waiting", pemOf(t, newKey(t).Public()))
	_, _, err = w.Push("SN-waiting", "a", nil)
	require.ErrorIs(t, err, mpac.ErrState)
	s := d.connect("")
	for payload, want := range map[string]any{"": map[string]any{}, "null": map[string]any{}, " [1, 2] ": []any{1.0, 2.0}, `"x"`: "x", pad(65_000): map[string]any{"x": strings.Repeat("y", 65_000)}} {
		id, _ := d.push("a", payload)
		require.Equal(t, want, s.event(id).Data["payload"])
	}
}
