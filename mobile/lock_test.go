package mobile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/mobile"
)

// A terminal that finds the folder taken touches nothing in it: a key may be in the making there.
func TestTheSecondTerminalTouchesNothing(t *testing.T) {
	t.Parallel()
	p := parameters(t, world(t), nil)
	first, err := mobile.Open(p, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, first.Close()) })
	var c struct{ DataDir string }
	require.NoError(t, json.Unmarshal([]byte(p), &c))
	half := filepath.Join(c.DataDir, "keys", ".tmp-macs-pairing.key-1")
	require.NoError(t, os.WriteFile(half, []byte("a key in the making"), 0o600))
	_, err = mobile.Open(p, nil)
	require.Equal(t, "data_dir_locked", mobile.ErrorCode(err))
	require.FileExists(t, half)
}
