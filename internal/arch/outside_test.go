package arch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var goSnippet = regexp.MustCompile("(?s)```go\n(.*?)```")

// Go users stand outside the module, where internal packages cannot be named: the README's programs and the examples that put
// the packages together must build there.
func TestProgramsOfUsersBuildOutsideTheModule(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	snippets := goSnippet.FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, snippets)
	for i, snippet := range snippets {
		require.Contains(t, snippet[1], "package main", "a snippet is a whole program")
		write(filepath.Join("readme"+string(rune('a'+i)), "main.go"), snippet[1])
	}
	for _, pkg := range []string{
		"backend/macs", "backend/mpac", "backend/pay", "backend/pgw", "backend/pgw/merchant", "deviceauth", "emulator", "entry", "fault", "intentbridge", "mobile", "pairing", "ws",
	} {
		text, err := os.ReadFile(filepath.Join(root, pkg, "example_test.go"))
		require.NoError(t, err)
		write(filepath.Join(pkg, "example_test.go"), string(text))
	}
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	gosum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	requires, _, _ := strings.Cut(string(gomod), "\ntool (")
	requires = strings.Replace(requires, "module "+strings.TrimSuffix(module, "/"), "module example.com/user", 1)
	write("go.mod", requires+"\nrequire "+strings.TrimSuffix(module, "/")+" v0.0.0\n\nreplace "+strings.TrimSuffix(module, "/")+" => "+root+"\n")
	write("go.sum", string(gosum))

	cmd := exec.Command("go", "vet", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
