package keystore_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/keystore/keystoretest"
)

// stores has every constructor of a Store.
var stores = map[string]struct {
	traits keystoretest.Traits
	open   keystoretest.Open
}{
	"OpenSoftware": {
		traits: keystoretest.Traits{SignsDigests: true},
		open: func(t *testing.T) (keystore.Store, func() keystore.Store) {
			dir := filepath.Join(t.TempDir(), "keys")
			reopen := func() keystore.Store { return openSoftware(t, dir) }
			return reopen(), reopen
		},
	},
	"NewHost": {
		open: func(*testing.T) (keystore.Store, func() keystore.Store) {
			host := keystoretest.NewHost()
			reopen := func() keystore.Store { return keystore.NewHost(host) }
			return reopen(), reopen
		},
	},
}

var sealingKey = bytes.Repeat([]byte{42}, 32)

func openSoftware(t *testing.T, dir string) keystore.Store {
	t.Helper()
	store, err := keystore.OpenSoftware(dir, keystore.SoftwareOptions{Key: sealingKey})
	require.NoError(t, err)
	return store
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keystoretest.Run(t, store.traits, store.open)
		})
	}
}

func TestEveryStoreRunsTheSuite(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var constructors []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, declared := range file.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || f.Recv != nil || f.Type.Results == nil || !f.Name.IsExported() {
				continue
			}
			for _, result := range f.Type.Results.List {
				if of, ok := result.Type.(*ast.Ident); ok && of.Name == "Store" {
					constructors = append(constructors, f.Name.Name)
				}
			}
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(stores)), constructors)
}

// TestMain fails on calls into a host that outlive the tests: each must end with the host's answer.
func TestMain(m *testing.M) {
	code := m.Run()
	for end := time.Now().Add(5 * time.Second); code == 0; runtime.Gosched() {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if !bytes.Contains(stacks, []byte("terminal/keystore.")) {
			break
		}
		if time.Now().After(end) {
			os.Stderr.WriteString("goroutines left over:\n" + string(stacks))
			code = 1
		}
	}
	os.Exit(code)
}
