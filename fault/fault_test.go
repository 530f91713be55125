package fault_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

var update = flag.Bool("update", false, "rewrite docs/errors.md from the table")

func TestEveryRowIsComplete(t *testing.T) {
	t.Parallel()
	codes, keys := map[fault.Code]bool{}, map[string]bool{}
	for _, info := range fault.All() {
		require.NotEmpty(t, info.Code)
		require.False(t, codes[info.Code], "%s is listed twice", info.Code)
		require.False(t, keys[info.I18nKey()], "%s shares its i18n key", info.Code)
		codes[info.Code], keys[info.I18nKey()] = true, true

		require.Contains(t, []fault.Actor{fault.Operator, fault.Developer, fault.Nobody}, info.Actor, "%s: actor", info.Code)
		require.NotEmpty(t, info.Meaning, "%s: meaning", info.Code)
		require.NotEmpty(t, info.Text, "%s: text", info.Code)
		require.True(t, strings.HasSuffix(info.Text, "."), "%s: the text is a sentence", info.Code)
		require.Equal(t, info, info.Code.Info(), "%s: Info finds its row", info.Code)
		if info.Refusal {
			require.Equal(t, strings.ToUpper(string(info.Code)), string(info.Code), "refusals keep the server's name")
		} else {
			require.Equal(t, strings.ToLower(string(info.Code)), string(info.Code), "library codes are lower case")
		}
	}
}

func TestAllIsACopy(t *testing.T) {
	t.Parallel()
	fault.All()[0].Text = "changed by a caller"
	require.NotEqual(t, "changed by a caller", fault.All()[0].Text)
}

func TestAnUnlistedCodeStillHasARow(t *testing.T) {
	t.Parallel()
	info := fault.Code("NEWER_SERVER").Info()
	require.Equal(t, fault.Code("NEWER_SERVER"), info.Code)
	require.Equal(t, fault.Operator, info.Actor)
	require.Contains(t, info.Text, "NEWER_SERVER")
	require.NotEmpty(t, info.Meaning)
}

// The vendor's page misspells one code; both spellings are one refusal and an unknown one passes as it came.
func TestRefusal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		server string
		code   fault.Code
		known  bool
	}{
		"vendor's spelling":           {"TEMPORARILT_BLOCKED", fault.TemporarilyBlocked, true},
		"right spelling":              {"TEMPORARILY_BLOCKED", fault.TemporarilyBlocked, true},
		"another refusal":             {"LIMIT_EXCEEDED", fault.LimitExceeded, true},
		"newer server":                {"WEATHER_TOO_BAD", "WEATHER_TOO_BAD", false},
		"a library code is no answer": {"not_paired", "not_paired", false},
		"other case is another code":  {"limit_exceeded", "limit_exceeded", false},
		"empty":                       {"", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, known := fault.Refusal(tt.server)
			require.Equal(t, tt.code, code)
			require.Equal(t, tt.known, known)
		})
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()
	base := fault.New(fault.NotPaired, "pairing: sign", "pair first")
	tests := map[string]struct {
		err  error
		want fault.Code
	}{
		"nil":                    {nil, ""},
		"fault":                  {base, fault.NotPaired},
		"wrapped":                {fmt.Errorf("mobile: check: %w", base), fault.NotPaired},
		"outer fault wins":       {fault.Wrap(fault.KeyLost, "keystore: open", base), fault.KeyLost},
		"joined after a stray":   {errors.Join(errors.New("stray"), base), fault.NotPaired},
		"two joined":             {errors.Join(fault.New(fault.Timeout, "a", ""), base), fault.Timeout},
		"bare code":              {fmt.Errorf("x: %w", fault.StorageFull), fault.StorageFull},
		"cancelled":              {fmt.Errorf("x: %w", context.Canceled), fault.Cancelled},
		"deadline":               {fmt.Errorf("x: %w", context.DeadlineExceeded), fault.Timeout},
		"fault around a context": {fault.Wrap(fault.NetworkUnavailable, "x", context.Canceled), fault.NetworkUnavailable},
		"anything else":          {errors.New("stray"), fault.Internal},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, fault.CodeOf(tt.err))
		})
	}
}

func TestFaultIsItsCodeAndItsCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk says no")
	err := fmt.Errorf("offline: store: %w", fault.Wrap(fault.StorageFull, "sqlite: write", cause))
	require.ErrorIs(t, err, fault.StorageFull)
	require.ErrorIs(t, err, cause)
	require.NotErrorIs(t, err, fault.StorageDamaged)
	require.Equal(t, "offline: store: sqlite: write: storage_full: disk says no", err.Error())
	require.Equal(t, "open: invalid_config: dataDir", fault.New(fault.InvalidConfig, "open", "dataDir").Error())
}

// docs/errors.md is what app developers read; it never disagrees with the table.
func TestErrorsPageIsTheTable(t *testing.T) {
	t.Parallel()
	page := filepath.Join("..", "docs", "errors.md")
	want := errorsPage()
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o600))
	}
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run: go test ./fault -run TestErrorsPageIsTheTable -update")
}

func errorsPage() string {
	var b strings.Builder
	b.WriteString("# Error codes\n\n" +
		"Generated from package fault by `go test ./fault -update`; do not edit.\n\n" +
		"Codes are stable and append-only. *Retry*: the same call can succeed later without anybody changing anything. " +
		"*Needs network*: the way out needs a working network. Upper-case codes are refusals of MACS: they come in a " +
		"verdict, not as an error. A code that is not listed comes from a newer server and is passed through.\n\n" +
		"| Code | Meaning | Who acts | Retry | Needs network | Text | i18n key |\n" +
		"| --- | --- | --- | --- | --- | --- | --- |\n")
	yes := map[bool]string{true: "yes", false: "no"}
	for _, i := range fault.All() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | `%s` |\n",
			i.Code, i.Meaning, i.Actor, yes[i.Retryable], yes[i.NeedsNetwork], i.Text, i.I18nKey())
	}
	return b.String()
}
