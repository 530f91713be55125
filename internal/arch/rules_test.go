package arch_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const module = "github.com/smartpos-go/terminal/"

// notOurs are folders that hold data, or what a build left.
var notOurs = []string{"testdata", "bin", "build", "target", "node_modules"}

// maxLines is the longest a file that is not a test may be.
const maxLines = 400

// domains are the packages with the rules of the trade; they take crypto.Signer and small interfaces, never a key store.
var domains = []string{
	"entry", "offline", "pairing", "deviceauth", "ws", "posstream", "intentbridge",
	"backend/macs", "backend/mpac", "backend/pgw",
}

// signers hold secrets of merchants' servers.
var signers = []string{"backend/pgw/merchant", "backend/pay"}

// arrow lists what packages may import of this module. A ban is everything else; reason says why.
type arrow struct {
	from   []string
	may    []string
	reason string
}

// programs are main packages, which may end themselves.
var programs = []string{"cmd/...", "bench"}

var anyone = []string{"fault", "internal/clock"}

// arrows are asked in order; the first that names a package is its own. A name ending in /... is a folder.
var arrows = []arrow{
	{[]string{"fault"}, nil, "fault is a leaf: every package stands on it"},
	{[]string{"internal/clock"}, nil, "clock is a leaf: every package stands on it"},
	{[]string{"emulator", "emulator/..."}, []string{"emulator/..."},
		"an emulator declares its own wire structs and verifies with its own code, so that a client's mistake is not mirrored"},
	{[]string{"cmd/..."}, append([]string{"mobile", "emulator", "emulator/cardapp", "fault", "internal/atomicfile"}, signers...),
		"the command line is an app: it goes through the facade, so that its tests test the facade"},
	{[]string{"bench"}, slices.Concat([]string{"emulator", "keystore", "internal/..."}, domains, signers),
		"the benchmark program measures the packages under the facade; only cmd imports mobile"},
	{[]string{"mobile"}, append([]string{"keystore", "internal/httpx"}, domains...),
		"the facade wires the house together and never meets the emulator or the command line"},
	{[]string{"keystore", "keystore/..."}, []string{"keystore", "keystore/...", "internal/atomicfile"},
		"a key store serves every domain, so it knows none"},
	{[]string{"entry"}, []string{"offline", "backend/macs"}, "the entry decision asks MACS and the lists, nothing else"},
	{[]string{"offline"}, []string{"backend/macs", "internal/atomicfile"},
		"offline takes keys as interfaces: domain packages do not import keystore"},
	{[]string{"pairing"}, []string{"backend/macs", "internal/jwtsign"},
		"pairing takes its key as an interface: domain packages do not import keystore"},
	{[]string{"deviceauth"}, []string{"backend/mpac", "internal/jwtsign"},
		"device tokens take crypto.Signer: domain packages do not import keystore"},
	{[]string{"ws", "posstream", "intentbridge"}, []string{"internal/httpx", "internal/secret"}, "channels do not know the entry job or key stores"},
	{[]string{"internal/secret"}, nil, "a secret's type stands below everything that takes one"},
	{[]string{"backend/pgw/internal/..."}, nil, "small parts stand alone, so that both sides of the gateway may use them"},
	{[]string{"backend/pgw"}, []string{"backend/pgw/internal/...", "internal/httpx", "internal/secret"},
		"what a terminal holds of the gateway is a payment token: no code that signs with a merchant's secret may come with it"},
	{[]string{"backend/pgw/merchant"}, []string{"backend/pgw", "backend/pgw/internal/...", "internal/httpx", "internal/secret"},
		"a wire client knows its one system and HTTP, no domain and no other system"},
	{[]string{"backend/..."}, []string{"internal/httpx", "internal/secret"}, "a wire client knows its one system and HTTP, no domain and no other system"},
	{[]string{"internal/httpx"}, nil, "HTTP stands below every backend"},
	{[]string{"internal/..."}, nil, "small parts stand alone, so that anyone may use them"},
}

// file is one Go file of the module that is not a test.
type file struct {
	name    string // slash-separated, relative to the root
	lines   int
	hasDoc  bool
	imports []string // of this module, without its path
	exits   []string // positions and names of what must not be outside cmd
}

func (f file) pkg() string { return path.Dir(f.name) }

func load(root fs.FS) ([]file, error) {
	var files []file
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != "." && (strings.HasPrefix(base, ".") || slices.Contains(notOurs, base)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parse(name, string(text))
		files = append(files, f)
		return err
	})
	return files, err
}

func parse(name, text string) (file, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	f := file{name: name, lines: strings.Count(text, "\n"), hasDoc: tree.Doc != nil}
	for _, spec := range tree.Imports {
		if inner, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module); ours {
			f.imports = append(f.imports, inner)
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if what := exit(call); what != "" {
				f.exits = append(f.exits, fmt.Sprintf("%s: %s", set.Position(call.Pos()), what))
			}
		}
		return true
	})
	return f, nil
}

// exit names a call that ends the program, or "".
func exit(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		if fun.Name == "panic" && !abortsHandler(call) {
			return "panic"
		}
	case *ast.SelectorExpr:
		pkg, ok := fun.X.(*ast.Ident)
		switch {
		case !ok:
		case pkg.Name == "os" && fun.Sel.Name == "Exit":
			return "os.Exit"
		case pkg.Name == "log" && (strings.HasPrefix(fun.Sel.Name, "Fatal") || strings.HasPrefix(fun.Sel.Name, "Panic")):
			return "log." + fun.Sel.Name
		}
	}
	return ""
}

// abortsHandler is net/http's own way for a handler to end its connection; the server catches it.
func abortsHandler(call *ast.CallExpr) bool {
	if len(call.Args) != 1 {
		return false
	}
	sel, ok := call.Args[0].(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "ErrAbortHandler"
}

// violations says what breaks a rule, one line each.
func violations(files []file) []string {
	var found []string
	documented := map[string]bool{}
	for _, f := range files {
		documented[f.pkg()] = documented[f.pkg()] || f.hasDoc
		if f.lines > maxLines {
			found = append(found, fmt.Sprintf("%s has %d lines: a file holds one thing, in at most %d", f.name, f.lines, maxLines))
		}
		if !withinAny(f.pkg(), programs) {
			for _, e := range f.exits {
				found = append(found, e+" outside a program: a library returns errors, it does not take its app down")
			}
		}
		for _, imported := range f.imports {
			if reason := banned(f.pkg(), imported); reason != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", f.name, imported, reason))
			}
		}
	}
	for pkg, ok := range documented {
		if !ok {
			found = append(found, fmt.Sprintf("package %s has no package comment: it says purpose, protocol section and concurrency", pkg))
		}
	}
	slices.Sort(found)
	return found
}

// banned gives the reason why a package may not import another, "" when it may.
func banned(from, to string) string {
	for _, a := range arrows {
		if !withinAny(from, a.from) {
			continue
		}
		allowed := a.may
		// An emulator and a command line stand outside the library; a leaf stands on nothing.
		if !within(from, "emulator/...") && !within(from, "cmd/...") && !slices.Contains(anyone, from) {
			allowed = append(slices.Clone(allowed), anyone...)
		}
		if withinAny(to, allowed) {
			return ""
		}
		return a.reason
	}
	return "the package is in no arrow: add it with its reason"
}

func withinAny(pkg string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return within(pkg, name) })
}

func within(pkg, name string) bool {
	folder, all := strings.CutSuffix(name, "/...")
	return pkg == folder || all && strings.HasPrefix(pkg, folder+"/")
}
