package mobile

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Nobody enters the code, and the app goes: what waits ends with it, and the next start shows the same code.
func TestCloseEndsAWaitForActivation(t *testing.T) {
	t.Parallel()
	s, dir := newSite(t), filepath.Join(t.TempDir(), "data")
	terminal := s.device(nil, dir)
	code, err := terminal.RequestActivation(nil)
	require.NoError(t, err)
	result := make(chan error, 4)
	for range cap(result) {
		go func() {
			_, err := terminal.AwaitActivation(nil, 600)
			result <- err
		}()
	}
	require.Eventually(t, func() bool {
		terminal.mu.Lock()
		defer terminal.mu.Unlock()
		return terminal.running == cap(result)
	}, 5*time.Second, time.Millisecond)
	began := time.Now()
	require.NoError(t, terminal.Close())
	require.Less(t, time.Since(began), 3*time.Second)
	for range cap(result) {
		require.Equal(t, "closed", ErrorCode(<-result))
	}
	again, err := s.device(nil, dir).RequestActivation(nil)
	require.NoError(t, err)
	require.Equal(t, code, again)
}

// A key that the host lost: what waits stays, the portal releases the device, and it is activated anew under its old ids.
func TestALostDeviceKeyHasAWayOut(t *testing.T) {
	t.Parallel()
	s, h, dir := newSite(t), newAppHost(), filepath.Join(t.TempDir(), "data")
	terminal := s.device(h, dir)
	s.activate(terminal)
	before := terminal.device.Activation().DeviceID
	require.NoError(t, h.DeleteKey(aliasDevice))
	_, err := terminal.DeviceToken(nil)
	require.Equal(t, "key_lost", ErrorCode(err))
	for range 2 { // also after a restart
		_, err = terminal.RequestActivation(nil)
		require.Equal(t, "conflict", ErrorCode(err))
		_, err = terminal.DeviceToken(nil)
		require.Equal(t, "not_activated", ErrorCode(err))
		require.NoError(t, terminal.Close())
		terminal = s.device(h, dir)
	}
	s.admin(http.MethodPost, "/admin/api/mpac/devices/"+testSN+"/release", nil, nil)
	s.activate(terminal)
	require.Equal(t, before, terminal.device.Activation().DeviceID)
	_, err = terminal.DeviceToken(nil)
	require.NoError(t, err)
}

// A device that goes to another store: the portal releases it, its tokens are refused, and it asks for a code with the key it has.
func TestAReleasedDeviceIsActivatedAnew(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	terminal := s.device(nil, filepath.Join(t.TempDir(), "data"))
	s.activate(terminal)
	key, err := terminal.DeviceKey(nil)
	require.NoError(t, err)
	s.admin(http.MethodPost, "/admin/api/mpac/devices/"+testSN+"/release", nil, nil)
	_, err = terminal.DeviceToken(nil)
	require.Equal(t, "token_refused", ErrorCode(err))
	s.activate(terminal)
	_, err = terminal.DeviceToken(nil)
	require.NoError(t, err)
	same, err := terminal.DeviceKey(nil)
	require.NoError(t, err)
	require.Equal(t, key, same)
}
