package arch_test

import (
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheHouseStands(t *testing.T) {
	t.Parallel()
	files, err := load(os.DirFS(path.Join("..", "..")))
	require.NoError(t, err)
	require.Greater(t, len(files), 50, "the walk must find the module")
	require.Empty(t, violations(files), "each line names the rule and its reason")
}

// A checker that never trips checks nothing: each rule is broken once here.
func TestTheCheckerTrips(t *testing.T) {
	t.Parallel()
	importing := func(pkg string) string {
		return "// Package x is x.\npackage x\n\nimport _ \"" + module + pkg + "\"\n"
	}
	doc := "// Package x is x.\npackage x\n\n"
	tests := map[string]struct {
		name, text, want string
	}{
		"client imports emulator":       {"entry/x.go", importing("emulator"), "asks MACS and the lists"},
		"facade imports emulator":       {"mobile/x.go", importing("emulator/macs"), "never meets the emulator"},
		"emulator imports client":       {"emulator/macs/x.go", importing("backend/macs"), "is not mirrored"},
		"emulator imports fault":        {"emulator/x.go", importing("fault"), "is not mirrored"},
		"emulator imports jwtsign":      {"emulator/macs/x.go", importing("internal/jwtsign"), "is not mirrored"},
		"domain imports mobile":         {"pairing/x.go", importing("mobile"), "pairing takes its key"},
		"domain imports keystore":       {"offline/x.go", importing("keystore"), "do not import keystore"},
		"keystore imports domain":       {"keystore/x.go", importing("pairing"), "so it knows none"},
		"keystore test suite too":       {"keystore/keystoretest/x.go", importing("pairing"), "so it knows none"},
		"fault imports":                 {"fault/x.go", importing("internal/clock"), "fault is a leaf"},
		"clock imports":                 {"internal/clock/x.go", importing("fault"), "clock is a leaf"},
		"wire client imports another":   {"backend/mpac/x.go", importing("backend/macs"), "knows its one system"},
		"wire client imports a domain":  {"backend/macs/x.go", importing("offline"), "knows its one system"},
		"facade binds a signer":         {"mobile/x.go", importing("backend/pgw/merchant"), "the facade wires"},
		"facade binds Pay":              {"mobile/x.go", importing("backend/pay"), "the facade wires"},
		"token side imports a signer":   {"backend/pgw/x.go", importing("backend/pgw/merchant"), "what a terminal holds"},
		"command line behind facade":    {"cmd/posemu/x.go", importing("entry"), "goes through the facade"},
		"http imports a backend":        {"internal/httpx/x.go", importing("backend/macs"), "stands below"},
		"benchmark imports facade":      {"bench/x.go", importing("mobile"), "only cmd imports mobile"},
		"a package in no arrow":         {"tools/x.go", importing("fault"), "is in no arrow"},
		"no package comment":            {"entry/x.go", "package entry\n", "has no package comment"},
		"too long":                      {"entry/x.go", doc + strings.Repeat("\n", maxLines), "403 lines"},
		"panic":                         {"entry/x.go", doc + "func f() { panic(1) }\n", "panic outside a program"},
		"os.Exit":                       {"mobile/x.go", doc + "func f() { os.Exit(1) }\n", "os.Exit outside a program"},
		"log.Fatalf":                    {"emulator/x.go", doc + "func f() { log.Fatalf(\"\") }\n", "log.Fatalf outside a program"},
		"a package named like the tool": {"cmdline/x.go", doc + "func f() { panic(1) }\n", "panic outside a program"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := parse(tt.name, tt.text)
			require.NoError(t, err)
			found := violations([]file{f})
			require.Len(t, found, 1)
			require.Contains(t, found[0], tt.want)
		})
	}
}

func TestTheCheckerLetsThrough(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ name, text string }{
		"command line exits":     {"cmd/posemu/x.go", "func f() { os.Exit(1); panic(1) }"},
		"handler ends its own":   {"emulator/faults/x.go", "func f() { panic(http.ErrAbortHandler) }"},
		"facade wires key store": {"mobile/x.go", "import _ \"" + module + "keystore\""},
		"command line's facade":  {"cmd/posemu/x.go", "import _ \"" + module + "mobile\""},
		"anyone stands on fault": {"backend/pay/x.go", "import _ \"" + module + "fault\""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := parse(tt.name, "// Package x is x.\npackage x\n\n"+tt.text+"\n")
			require.NoError(t, err)
			require.Empty(t, violations([]file{f}))
		})
	}
}
