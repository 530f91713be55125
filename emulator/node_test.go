package emulator_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
)

// jose and ws, which were not written here, agree with the emulator about tokens, key sets and the socket.
func TestStrangersMeetMPAC(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := filepath.Join(dir, "env.json")
	w := start(t, emulator.Options{EnvFile: env})
	run := func(dir, name string, args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		if name == "node" { // npm has its own trust
			cmd.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+w.Env().CAFile)
		}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %v: %s", name, args, out)
		return string(out)
	}
	run("..", "scripts/setup.sh", "node")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "node"))))
	run(dir, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
	require.Contains(t, run(dir, "node", "meet.mjs", env), "14 checks")
}
