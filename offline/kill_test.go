package offline

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/internal/clock"
)

// killDirEnv makes the test binary the child that is killed.
const killDirEnv = "OFFLINE_KILL_DIR"

// killsPerLane makes 50 kills in the two lanes; make proof repeats them.
const killsPerLane = 25

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDirEnv); dir != "" {
		fmt.Println(enterUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// enterUntilKilled prints the id of each entry once it is acknowledged.
func enterUntilKilled(dir string) error {
	s, err := Open(testOptions(dir, clock.System{}))
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		a, err := s.GrantOffline(hashOf(i), "", Decision{Allowed: true, Reason: InWhitelist, MaxGuests: 3})
		if err != nil {
			return err
		}
		if _, _, err := s.Confirm(context.Background(), nil, a.ID, 1, 0); err != nil {
			return err
		}
		fmt.Println("entry", a.ID)
	}
}

// TestKilledAtAnyMoment: whatever was acknowledged before a SIGKILL is in the journal once, and the chain is whole.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for lane := range uint64(2) {
		t.Run(fmt.Sprint(lane), func(t *testing.T) {
			t.Parallel()
			dir, r := t.TempDir(), rand.New(rand.NewPCG(lane, 1)) //nolint:gosec // a test.
			acknowledged := map[string]bool{}
			for range killsPerLane {
				killOnce(t, dir, r, acknowledged)
			}
			require.Greater(t, len(acknowledged), killsPerLane)
			s := openStore(t, testOptions(dir, clock.System{}))
			require.Zero(t, s.Health())
			states := statesOf(t, s)
			for id := range acknowledged {
				require.Equal(t, waiting, states[id], id)
			}
			// A kill between the commit and the print leaves an entry that nobody heard of: one a kill at most.
			require.LessOrEqual(t, len(states), len(acknowledged)+killsPerLane)
			counts, err := s.Counts()
			require.NoError(t, err)
			require.Equal(t, len(states), counts.Pending, "entry_id is unique: each is there once")
		})
	}
}

// killOnce starts a child, kills it after some entries and some microseconds, and collects what it acknowledged.
func killOnce(t *testing.T, dir string, r *rand.Rand, acknowledged map[string]bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this very binary.
	child.Env = append(os.Environ(), killDirEnv+"="+dir)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	kill := func() { _ = child.Process.Kill() }
	wait, after := r.IntN(8), time.Duration(r.IntN(5000))*time.Microsecond
	if wait == 0 { // while it opens the store
		after *= 8
		time.AfterFunc(after, kill)
	}
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		id, ok := strings.CutPrefix(lines.Text(), "entry ")
		require.True(t, ok, lines.Text())
		require.False(t, acknowledged[id], "acknowledged twice")
		acknowledged[id] = true
		if n == wait {
			time.AfterFunc(after, kill)
		}
	}
	require.Error(t, child.Wait(), "it was killed")
}
