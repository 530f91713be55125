package ws

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// A server that was not written here, on the package ws of Node, breaks one rule after the other; the listener hears each event once
// and in order.
func TestAHostileServerOfAnotherMake(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	run := func(dir, name string, args ...string) {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %v: %s", name, args, out)
	}
	run("..", "scripts/setup.sh", "node")
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "node"))))
	run(dir, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
	key, cert := selfSigned(t)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cert.pem"), certPEM, 0o600))

	server := exec.CommandContext(ctx, "node", "hostile.mjs", "key.pem", "cert.pem")
	server.Dir = dir
	server.Stderr = os.Stderr
	said, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	lines := bufio.NewReader(said)
	port, err := lines.ReadString('\n')
	require.NoError(t, err)

	a := newApp(t)
	a.start(Options{
		URL: "wss://127.0.0.1:" + strings.TrimSpace(port) + "/api/v1/ws", TrustedCA: certPEM, Tokens: a.world, Memory: a.world,
		Listener: func(n Notice) error { a.notices <- n; return nil }, Random: func() float64 { return 0.02 },
	})
	var codes []fault.Code
	var seqs []int64
	for {
		select {
		case n := <-a.notices:
			switch n.Kind {
			case NoticeEvent:
				seqs = append(seqs, n.Event.Seq)
				require.Contains(t, string(n.Event.Payload), "ä€😀")
			case NoticeOffline:
				codes = append(codes, n.Code)
			case NoticeOnline:
			case ResyncRequired:
				require.Fail(t, "nothing was lost")
			}
			if !n.Final {
				continue
			}
		case <-ctx.Done():
			require.Fail(t, "the end does not come", "heard %v, offline %v", seqs, codes)
		}
		break
	}
	var saw struct {
		Hellos, Tokens, Protocols, Acks []string
		Compressed, Count, Last         int
	}
	require.NoError(t, json.NewDecoder(lines).Decode(&saw))
	require.NoError(t, server.Wait())
	require.Len(t, seqs, saw.Last)
	for i, seq := range seqs {
		require.Equal(t, int64(i+1), seq)
	}
	require.Equal(t, fault.Replaced, codes[len(codes)-1])
	require.Subset(t, codes, []fault.Code{
		fault.NetworkUnavailable, fault.ServerError, fault.BadResponse, fault.TokenRefused, fault.ProtocolError, fault.Timeout, fault.RateLimited,
	})
	require.Len(t, saw.Hellos, saw.Count-3, "after 4409 it stayed away")
	require.Equal(t, "", saw.Hellos[0])
	require.Zero(t, saw.Compressed)
	for i, hello := range saw.Hellos[1:] {
		require.NotEqual(t, saw.Hellos[i], hello, "each resumed from further on")
	}
	for _, protocol := range saw.Protocols {
		require.Equal(t, subprotocol, protocol)
	}
	require.Contains(t, saw.Tokens, "Bearer token-2", "the refused token was not used again")
}
