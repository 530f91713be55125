package posstream

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/state"
)

const secret = "integrator-secret-of-these-tests"

type site struct {
	*Server
	clock *state.Clock
	dir   string
	stop  func()
}

func openSite(t *testing.T, dir string) *site {
	t.Helper()
	st, err := state.Open(dir)
	require.NoError(t, err)
	clock := &state.Clock{}
	s, err := New(st, clock)
	require.NoError(t, err)
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			s.Close()
			require.NoError(t, st.Close())
		}
	}
	t.Cleanup(stop)
	return &site{Server: s, clock: clock, dir: st.Dir(), stop: stop}
}

func (s *site) day(n float64) { s.clock.Move(time.Duration(n * 24 * float64(time.Hour))) }

func (s *site) requireAdmitted(t *testing.T, want bool, pos, keyID, secret, when string) {
	t.Helper()
	got, err := s.admits(pos, keyID, secret)
	require.NoError(t, err)
	require.Equal(t, want, got, when)
}

func TestOfflineValidationLasts30DaysFromTheLastOnlineOne(t *testing.T) {
	t.Parallel()
	s := openSite(t, "")
	require.NoError(t, s.Integrator("KEY", secret))
	s.Cloud(false)
	s.requireAdmitted(t, false, "POS-1", "KEY", secret, "never checked online")
	s.Cloud(true)
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "online")
	s.requireAdmitted(t, false, "POS-1", "KEY", "wrong", "wrong secret")
	s.requireAdmitted(t, false, "POS-1", "OTHER", secret, "unknown key id")
	s.Cloud(false)
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "a wrong secret in between changes nothing")
	s.requireAdmitted(t, false, "POS-2", "KEY", secret, "another POS was never told")
	s.requireAdmitted(t, false, "POS-1", "KEY", "wrong", "wrong secret")
	s.day(29)
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "29 days")
	s.day(31)
	s.requireAdmitted(t, false, "POS-1", "KEY", secret, "31 days")
	s.day(1)
	s.requireAdmitted(t, false, "POS-1", "KEY", secret, "the clock was turned back")
	s.Cloud(true)
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "online again")
	s.Cloud(false)
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "validated anew")
}

func TestASecretThatTheCloudNoLongerTakesOpensNothingOffline(t *testing.T) {
	t.Parallel()
	s := openSite(t, "")
	require.NoError(t, s.Integrator("KEY", secret))
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "online")
	require.NoError(t, s.Integrator("KEY", "changed"))
	s.requireAdmitted(t, false, "POS-1", "KEY", secret, "changed in the portal")
	s.Cloud(false)
	s.requireAdmitted(t, false, "POS-1", "KEY", secret, "refused by the cloud before")
}

func TestTurningTheClockBackStopsNoTime(t *testing.T) {
	t.Parallel()
	st, err := state.Open("")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	var clock state.Clock
	var p passing
	start, err := p.now(&clock, st)
	require.NoError(t, err)
	clock.Move(-10 * 24 * time.Hour)
	p.at = p.at.Add(-48 * time.Hour) // two days pass
	now, err := p.now(&clock, st)
	require.NoError(t, err)
	require.InDelta(t, 48, now.Sub(start).Hours(), 0.1)
}

func TestARestartForgetsNothingAndKeepsNoSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openSite(t, dir)
	require.NoError(t, s.Integrator("KEY", secret))
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "online")
	id, err := s.AddClient(Config{POS: "POS-1", Address: "127.0.0.1:1", Events: []string{"create_order"}, AES: "gcm", Reconnect: time.Hour})
	require.NoError(t, err)
	s.day(31)
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "online")
	s.stop()

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.False(t, bytes.Contains(text, []byte(secret)), name)
	}

	s = openSite(t, dir)
	rows := s.Clients()
	require.Len(t, rows, 1)
	require.Equal(t, []string{id, "POS-1", "127.0.0.1:1"}, []string{rows[0].ID, rows[0].POS, rows[0].Address})
	require.Equal(t, "gcm", s.clients[0].AES)
	require.False(t, s.clients[0].subscribes("add_item"))
	s.Cloud(false)
	s.requireAdmitted(t, true, "POS-1", "KEY", secret, "day 0 after a restart: the last online check was on day 31")
	s.day(62)
	s.requireAdmitted(t, false, "POS-1", "KEY", secret, "31 days after that")
	require.NoError(t, s.DeleteClient(id))
	require.ErrorIs(t, s.DeleteClient(id), ErrUnknown)
	again, err := s.AddClient(Config{POS: "POS-1", Address: "127.0.0.1:1", Reconnect: time.Hour})
	require.NoError(t, err)
	require.NotEqual(t, id, again, "an id is not given out twice")
}

func TestBadConfigurationsAreNamed(t *testing.T) {
	t.Parallel()
	s := openSite(t, "")
	for want, c := range map[string]Config{
		"address":          {POS: "P", Address: "localhost"},
		"pos must":         {Address: "127.0.0.1:1"},
		"rsa must":         {POS: "P", Address: "127.0.0.1:1", RSA: "none"},
		"aes must":         {POS: "P", Address: "127.0.0.1:1", AES: "ecb"},
		"reconnectSeconds": {POS: "P", Address: "127.0.0.1:1", Reconnect: time.Millisecond},
		"events must":      {POS: "P", Address: "127.0.0.1:1", Events: []string{""}},
	} {
		_, err := s.AddClient(c)
		require.ErrorIs(t, err, ErrBad)
		require.ErrorContains(t, err, want)
	}
	zero, many := 0, maxCount+1
	for want, e := range map[string]Events{
		"count must":  {Count: &zero},
		"count must ": {Count: &many},
		"the shop":    {Type: "no_such_event"},
		"no name":     {Type: typeRegister, Data: []byte(`1`)},
		"data has":    {Data: make([]byte, maxPayload+1)},
	} {
		_, err := s.Happen(e)
		require.ErrorIs(t, err, ErrBad, want)
	}
	_, err := s.Happen(Events{POS: "nowhere"})
	require.ErrorIs(t, err, ErrPOS)
	require.ErrorIs(t, s.Integrator("", secret), ErrBad)
}
