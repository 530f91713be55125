package proof

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

var (
	count   = flag.Int("faults", 48, "how often the line goes bad")
	devices = flag.Int("devices", 8, "terminals at the same time, each with a line of its own")
)

// within is how soon after NetworkAvailable, on a line that is good again, the channel must be online.
const within = 5 * time.Second

// app is a listener that wants each event once and in order.
type app struct {
	mu   sync.Mutex
	seq  int64
	bad  string
	came chan struct{}
}

func (a *app) Receive(text string) error {
	var n struct {
		Kind string `json:"kind"`
		Seq  int64  `json:"seq"`
	}
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case n.Kind == "resync_required":
		a.bad = "resync_required though nothing was lost"
	case n.Kind == "event" && n.Seq != a.seq+1 && a.bad == "":
		a.bad = fmt.Sprintf("event %d came after event %d", n.Seq, a.seq)
	}
	if n.Kind == "event" {
		a.seq = n.Seq
		select {
		case a.came <- struct{}{}:
		default:
		}
	}
	return nil
}

func (a *app) heard() (int64, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.seq, a.bad
}

// Whatever the line does, each event reaches the app once and in order, and the channel is online within 5 s of the system telling
// of a network. Token and channel go over the same bad line.
func TestABadLineLosesNothing(t *testing.T) {
	w, err := emulator.Start(t.Context(), emulator.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	require.NoError(t, w.Admin(t.Context(), "PUT", "/admin/api/mpac/settings", map[string]any{"ratePerMinute": 0, "tokenSeconds": 60}, nil))
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	t.Run("lines", func(t *testing.T) {
		for id := range *devices {
			t.Run(fmt.Sprint(id), func(t *testing.T) {
				t.Parallel()
				d := newDevice(t, w, id)
				for round := 0; round < *count / *devices; round++ {
					f := faults[(round+id)%len(faults)]
					online := d.endure(f)
					mu.Lock()
					took[f.name] = append(took[f.name], online)
					mu.Unlock()
				}
			})
		}
	})
	for _, f := range faults {
		all := took[f.name]
		slices.Sort(all)
		if len(all) > 0 {
			t.Logf("%-22s %4d times, online after %6v at the middle, %6v at most", f.name, len(all), all[len(all)/2].Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond))
		}
	}
}

type device struct {
	*testing.T
	world    *emulator.World
	line     *line
	terminal *mobile.Terminal
	app      *app
	sn       string
	pushed   int64
	random   *rand.Rand
}

func newDevice(t *testing.T, w *emulator.World, id int) *device {
	t.Helper()
	base, err := url.Parse(w.Env().MPAC.URL)
	require.NoError(t, err)
	d := &device{
		T: t, world: w, line: newLine(t, id, base.Host), app: &app{came: make(chan struct{}, 1)}, sn: fmt.Sprint("SN-", id),
		random: rand.New(rand.NewPCG(uint64(id), 1)),
	}
	config, err := json.Marshal(map[string]any{
		"serialNumber": d.sn, "dataDir": filepath.Join(t.TempDir(), "data"),
		"device": map[string]any{"baseUrl": "https://" + d.line.proxy.Listen, "audience": w.Env().MPAC.Issuer, "trustedCa": string(w.CAPEM())},
	})
	require.NoError(t, err)
	d.terminal, err = mobile.Open(string(config), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.terminal.Close()) })
	answer, err := d.terminal.RequestActivation(nil)
	require.NoError(t, err)
	var a struct {
		ActivationCode string `json:"activationCode"`
	}
	require.NoError(t, json.Unmarshal([]byte(answer), &a))
	require.NoError(t, w.Admin(t.Context(), "POST", "/admin/api/mpac/activate", map[string]any{"activationCode": a.ActivationCode, "merchantId": 1, "storeId": 1}, nil))
	_, err = d.terminal.AwaitActivation(nil, 10)
	require.NoError(t, err)
	require.NoError(t, d.terminal.Connect(d.app))
	d.push()
	d.hears(time.Now().Add(within))
	return d
}

func (d *device) push() {
	d.Helper()
	d.pushed++
	payload := map[string]any{"n": d.pushed, "text": fmt.Sprintf("%0*d", d.random.IntN(2000), 7)}
	require.NoError(d, d.world.Admin(d.Context(), "POST", "/admin/api/mpac/devices/"+d.sn+"/events", map[string]any{"event": "order.updated", "payload": payload}, nil))
}

// endure lives through one fault and gives how long after it the channel was online.
func (d *device) endure(f fault) time.Duration {
	d.Helper()
	heal := f.strike(d.line, d.random.IntN)
	for range d.random.IntN(3) {
		d.push()
	}
	time.Sleep(time.Duration(d.random.IntN(400)) * time.Millisecond) // how long the line is bad
	d.push()
	heal()
	healed := time.Now()
	require.NoError(d, d.terminal.NetworkAvailable())
	d.push()
	d.hears(healed.Add(within))
	return time.Since(healed)
}

// hears waits until the app heard all that was pushed.
func (d *device) hears(by time.Time) {
	d.Helper()
	late := time.After(time.Until(by))
	for {
		seq, bad := d.app.heard()
		require.Empty(d, bad)
		if seq == d.pushed {
			return
		}
		select {
		case <-d.app.came:
		case <-late:
			require.Failf(d, "too late", "event %d of %d is the last that came", seq, d.pushed)
		}
	}
}
