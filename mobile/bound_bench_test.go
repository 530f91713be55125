package mobile_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator"
	"github.com/smartpos-go/terminal/mobile"
)

// The calls that make jvm-bench measures through the binding too.

func BenchmarkBoundVersion(b *testing.B) {
	for b.Loop() {
		_ = mobile.Version()
	}
}

func BenchmarkBoundStatus(b *testing.B) {
	terminal := syncedTerminal(b)
	for b.Loop() {
		_, err := terminal.Status()
		require.NoError(b, err)
	}
}

func BenchmarkBoundOfflineCheck(b *testing.B) {
	terminal := syncedTerminal(b)
	op := mobile.NewOp()
	for b.Loop() {
		_, err := terminal.CheckEntry(op, []byte(`{"v":1,"pan":"4111111111111111","mode":"force-offline"}`))
		require.NoError(b, err)
	}
}

// syncedTerminal is a paired terminal with lists, its keys in files.
func syncedTerminal(b *testing.B) *mobile.Terminal {
	b.Helper()
	w, err := emulator.Start(context.Background(), emulator.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, w.Close()) })
	ctx := context.Background()
	require.NoError(b, w.Admin(ctx, "POST", "/admin/api/terminals", map[string]string{"serialNumber": "SN-M", "location": "Gate"}, nil))
	var code struct{ Code string }
	require.NoError(b, w.Admin(ctx, "POST", "/admin/api/terminals/SN-M/pairing-code", nil, &code))
	require.NoError(b, w.Admin(ctx, "PUT", "/admin/api/whitelist", map[string]any{"generate": map[string]int{"count": 1000, "seed": 1}}, nil))
	terminal, err := mobile.Open(parameters(b, w, func(p map[string]any) {
		p["whitelistSecret"] = w.Env().MACS.WhitelistSecret
		p["offline"] = map[string]any{"allowForce": true}
	}), nil)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, terminal.Close()) })
	_, err = terminal.Pair(nil, code.Code)
	require.NoError(b, err)
	_, err = terminal.Sync(nil)
	require.NoError(b, err)
	return terminal
}
