package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ready cancels the command when it prints that it is.
type ready struct {
	bytes.Buffer
	seen func()
}

func (r *ready) Write(p []byte) (int, error) {
	n, err := r.Buffer.Write(p)
	if strings.HasSuffix(r.String(), "ready\n") {
		r.seen()
	}
	return n, err
}

func TestServeWritesTheEnvFileThenReadyThenStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	path := filepath.Join(dir, "env.json")
	out := &ready{}
	var text []byte
	out.seen = func() {
		var err error
		text, err = os.ReadFile(path)
		require.NoError(t, err, "before ready")
		cancel()
	}
	cmd := newServeCommand()
	cmd.SetArgs([]string{"--env", path, "--state", filepath.Join(dir, "state")})
	cmd.SetOut(out)
	cmd.SetErr(io.Discard)
	require.NoError(t, cmd.ExecuteContext(ctx))
	var env struct {
		Admin, MACS struct{ URL string }
	}
	require.NoError(t, json.Unmarshal(text, &env))
	require.Contains(t, out.String(), env.Admin.URL)
	require.Contains(t, out.String(), env.MACS.URL)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestServeFailsWithoutReady(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	env := filepath.Join(t.TempDir(), "env.json")
	require.Equal(t, exitFailed, run([]string{"serve", "--env", env, "--listen", "127.0.0.1:65536"}, nil, &out, &errs))
	require.NotContains(t, out.String(), "ready")
	require.NotEmpty(t, errs.String())
	require.NoFileExists(t, env)
	require.Equal(t, exitUsage, run([]string{"serve", "--nonsense"}, nil, &out, &errs))
	require.Equal(t, exitUsage, run([]string{"serve", "more"}, nil, &out, &errs))
}
