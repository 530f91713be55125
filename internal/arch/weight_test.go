package arch_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// heavy are packages that nothing under the facade may bring along: every ABI of every app would carry them. The sizes are of the
// archive, for one ABI.
var heavy = map[string]string{
	"regexp":        "100 KB, with its tables of Unicode: compare bytes, as internal/httpx does",
	"text/template": "it calls methods by name, so the linker keeps every exported method of the library",
	"html/template": "it calls methods by name, so the linker keeps every exported method of the library",
	"encoding/xml":  "no wire here is XML",
	"encoding/gob":  "files are JSON or SQLite, which other programs can read",
	"time/tzdata":   "400 KB: every time here is UTC",
	"testing":       "an app runs no tests",
}

func tooHeavy(packages []string) []string {
	var found []string
	for _, name := range packages {
		if reason, ok := heavy[name]; ok {
			found = append(found, name+": "+reason)
		}
	}
	return found
}

func TestTheFacadeBringsNothingHeavy(t *testing.T) {
	t.Parallel()
	packages, err := exec.Command("go", "list", "-deps", module+"mobile").Output()
	require.NoError(t, err)
	list := strings.Fields(string(packages))
	require.Contains(t, list, "net/http", "the list is whole")
	require.Empty(t, tooHeavy(list), "find the importer with go mod why or go list -f '{{.ImportPath}} {{.Imports}}' -deps ./mobile")
}

func TestWhatIsHeavyIsFound(t *testing.T) {
	t.Parallel()
	require.Len(t, tooHeavy([]string{"regexp", "regexp/syntax", "strings", "time/tzdata"}), 2)
}
