package admin_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var scriptSource = regexp.MustCompile(`<script src="([^"]+)"></script>`)

// panelTexts are the page and, under its path, each script that it loads.
func panelTexts(t *testing.T, a api) (page string, scripts map[string]string) {
	t.Helper()
	page = a.send(http.MethodGet, "/", "", "").Body.String()
	scripts = map[string]string{}
	for _, found := range scriptSource.FindAllStringSubmatch(page, -1) {
		script := a.send(http.MethodGet, found[1], "", "")
		require.Equal(t, http.StatusOK, script.Code, found[1])
		require.Equal(t, "text/javascript; charset=utf-8", script.Header().Get("Content-Type"))
		scripts[found[1]] = script.Body.String()
	}
	require.Len(t, scripts, 4)
	return page, scripts
}

// The panel may run nothing but its own script, and shows what it is given as text.
func TestPanelRunsNothingForeign(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	answer := a.send(http.MethodGet, "/", "", "")
	require.Equal(t, http.StatusOK, answer.Code)
	policy := answer.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "script-src 'self'")
	require.NotContains(t, policy, "unsafe-eval")
	require.NotRegexp(t, `script-src[^;]*unsafe-inline`, policy)
	page, scripts := panelTexts(t, a)
	texts := []string{page}
	for _, script := range scripts {
		texts = append(texts, script)
	}
	for _, text := range texts {
		require.NotContains(t, text, token)
		require.NotRegexp(t, `https?://`, text, "another host")
		require.NotRegexp(t, `\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b`, text)
		require.NotRegexp(t, regexp.MustCompile(`(?i)<[a-z][^>]*\son[a-z]+=`), text, "an inline handler")
	}
	require.NotRegexp(t, `(?is)<script(?:\s[^>]*)?>\s*[^<\s]`, page, "an inline script")
}

var (
	elementName = regexp.MustCompile(`byId\('(\w+)'\)`)
	panelCall   = regexp.MustCompile("call\\('([A-Z]+)', ['`]([^'`]+)['`]")
	inserted    = regexp.MustCompile(`\$\{[^}]*\}`)
)

// Every element that a script names is in the page, and every call that it makes is one of the API.
func TestThePanelFitsPageAndAPI(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	page, scripts := panelTexts(t, a)
	calls := 0
	for name, script := range scripts {
		for _, found := range elementName.FindAllStringSubmatch(script, -1) {
			require.Contains(t, page, ` id="`+found[1]+`"`, name)
		}
		for _, found := range panelCall.FindAllStringSubmatch(script, -1) {
			calls++
			path := "/admin/api" + inserted.ReplaceAllString(found[2], "x")
			if strings.HasSuffix(path, "/") {
				path += "x"
			}
			answer := a.call(found[1], path, "")
			require.Less(t, answer.Code, 500, "%s: %s %s", name, found[1], path)
			var refused struct{ Error struct{ Code string } }
			_ = json.Unmarshal(answer.Body.Bytes(), &refused) // 204 has none
			require.NotEqual(t, "not_found", refused.Error.Code, "%s: %s %s", name, found[1], path)
			if found[1] == http.MethodGet && !strings.Contains(found[2], "${") {
				require.Equal(t, http.StatusOK, answer.Code, path)
			}
		}
	}
	require.GreaterOrEqual(t, calls, 30)
}

// What the panel offers to choose from is what the API takes.
func TestTheChoicesOfThePanel(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	page, _ := panelTexts(t, a)
	options := func(begin string) []string {
		_, rest, found := strings.Cut(page, begin)
		require.True(t, found, begin)
		rest, _, _ = strings.Cut(rest, "</select>")
		var all []string
		for _, each := range regexp.MustCompile(`<option>(\w[\w-]*)`).FindAllStringSubmatch(rest, -1) {
			all = append(all, each[1])
		}
		require.NotEmpty(t, all)
		return all
	}
	for _, system := range options(`<select name="system">`) {
		require.Equal(t, http.StatusCreated, a.call(http.MethodPost, "/admin/api/faults", `{"kind":"reset","system":"`+system+`"}`).Code, system)
	}
	require.Contains(t, options(`<select name="system">`), "pgw")
	require.Contains(t, options(`<select name="system">`), "pay")
	for _, rsa := range options(`<select name="rsa">`) {
		for _, aes := range options(`<select name="aes">`) {
			body := `{"pos":"POS-1","address":"127.0.0.1:1","reconnectSeconds":3600,"rsa":"` + rsa + `","aes":"` + aes + `"}`
			require.Equal(t, http.StatusCreated, a.call(http.MethodPost, "/admin/api/posstream/clients", body).Code, body)
		}
	}
	_, kinds, _ := strings.Cut(page, `<datalist id="posKinds">`)
	kinds, _, _ = strings.Cut(kinds, "</datalist>")
	for _, kind := range strings.Split(kinds, "<option>")[1:] {
		require.Equal(t, http.StatusAccepted, a.call(http.MethodPost, "/admin/api/posstream/events", `{"type":"`+kind+`"}`).Code, kind)
	}
}
