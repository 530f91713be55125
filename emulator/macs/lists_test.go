package macs_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/macs"
)

type hashList struct {
	GeneratedAt string
	Count       int
	Hashes      []string
}

func (p terminal) hashes() (hashList, *httptest.ResponseRecorder) {
	p.t.Helper()
	answer := p.call(http.MethodGet, "/pos/whitelisted_pans", "")
	require.Equal(p.t, http.StatusOK, answer.Code, answer.Body)
	var list hashList
	require.NoError(p.t, json.Unmarshal(answer.Body.Bytes(), &list))
	require.Len(p.t, list.Hashes, list.Count)
	return list, answer
}

// giving fills a draft.
func giving(pans, hashes []string, g macs.Generate) func(*macs.Draft) error {
	return func(d *macs.Draft) error {
		d.Generate = g
		for _, pan := range pans {
			if err := d.PAN(pan); err != nil {
				return err
			}
		}
		for _, hash := range hashes {
			if err := d.Hash(hash); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestWhitelistIsPANsHashesAndGenerated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	given := strings.Repeat("0f", 32)
	count, err := w.SetWhitelist(t.Context(), giving([]string{"5555555555554444"}, []string{given, given}, macs.Generate{Count: 3, Seed: 7}))
	require.NoError(t, err)
	require.EqualValues(t, 5, count, "a hash counts once")
	list, answer := p.hashes()
	allowed, reason := macs.OfflineDecision(w.WhitelistSecret(), map[string]bool{list.Hashes[0]: true}, nil, "5555555555554444")
	require.True(t, allowed)
	require.Equal(t, "whitelist", reason)
	require.Equal(t, given, list.Hashes[1])
	require.Equal(t, "2026-01-28T10:00:00Z", list.GeneratedAt)
	require.Less(t, strings.Index(answer.Body.String(), `"count"`), strings.Index(answer.Body.String(), `"hashes"`))
}

// TestRepeatsKeepTheFirst: of a list far longer than what is sorted at once, every hash is there once, where it came first.
func TestRepeatsKeepTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	const distinct = 150_000 // twice, and so more than are sorted in memory at once
	want := make([]string, distinct)
	for i := range want {
		sum := sha256.Sum256([]byte(strconv.Itoa(i)))
		want[i] = hex.EncodeToString(sum[:])
	}
	again := slices.Clone(want)
	slices.Reverse(again)
	count, err := w.SetWhitelist(t.Context(), giving(nil, append(slices.Clone(want), again...), macs.Generate{}))
	require.NoError(t, err)
	require.EqualValues(t, distinct, count)
	list, _ := p.hashes()
	require.True(t, slices.Equal(want, list.Hashes))
	left, err := filepath.Glob(filepath.Join(w.state.Dir(), ".tmp-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestDraftRefusesWhatIsNoHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, text := range []string{"", strings.Repeat("a", 63), strings.Repeat("a", 65), strings.Repeat("A", 64), strings.Repeat("g", 64)} {
		_, err := w.SetWhitelist(t.Context(), giving(nil, []string{text}, macs.Generate{}))
		require.ErrorIs(t, err, macs.ErrHash, text)
	}
}

func TestListsAreDescribedByTheirHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	_, err := w.SetWhitelist(t.Context(), giving(nil, nil, macs.Generate{Count: 1000, Seed: 1}))
	require.NoError(t, err)
	require.NoError(t, w.SetRanges("SN-1", []macs.BINRange{{From: "51", To: "52"}}))
	for _, path := range []string{"/pos/whitelisted_pans", "/pos/fallback_bin_ranges"} {
		answer := p.call(http.MethodGet, path, "")
		sum := sha256.Sum256(answer.Body.Bytes())
		require.Equal(t, "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":", answer.Header().Get("Content-Digest"), path)
		tag := answer.Header().Get("Etag")
		for _, tt := range []struct {
			given  string
			status int
		}{
			{given: tag, status: 304}, {given: "W/" + tag, status: 304}, {given: `"other", ` + tag, status: 304}, {given: "*", status: 304},
			{given: `"other"`, status: 200}, {given: "", status: 200}, {given: strings.Trim(tag, `"`), status: 200},
		} {
			again := p.send(http.MethodGet, path, "", http.Header{"Authorization": {"Bearer " + p.token()}, "If-None-Match": {tt.given}})
			require.Equal(t, tt.status, again.Code, "%s %q", path, tt.given)
			require.Equal(t, tag, again.Header().Get("Etag"))
			if tt.status == 304 {
				require.Zero(t, again.Body.Len())
			}
		}
	}
}

// slowWriter replaces the list when the answer has begun.
type slowWriter struct {
	*httptest.ResponseRecorder
	replace func()
}

func (s *slowWriter) Write(p []byte) (int, error) {
	if s.replace != nil {
		s.replace()
		s.replace = nil
	}
	return s.ResponseRecorder.Write(p)
}

func TestDownloadUnderWayKeepsItsList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	_, err := w.SetWhitelist(t.Context(), giving(nil, nil, macs.Generate{Count: 20_000, Seed: 1}))
	require.NoError(t, err)
	_, whole := p.hashes()
	out := &slowWriter{ResponseRecorder: httptest.NewRecorder(), replace: func() {
		_, err := w.SetWhitelist(t.Context(), giving(nil, nil, macs.Generate{Count: 1, Seed: 2}))
		require.NoError(t, err)
	}}
	r := httptest.NewRequest(http.MethodGet, "/pos/whitelisted_pans", nil)
	r.Header.Set("Authorization", "Bearer "+p.token())
	w.ServeHTTP(out, r)
	require.Equal(t, whole.Body.String(), out.Body.String())
	list, _ := p.hashes()
	require.Equal(t, 1, list.Count)
	files, err := filepath.Glob(filepath.Join(w.state.Dir(), "whitelist-*"))
	require.NoError(t, err)
	require.Len(t, files, 1, "the old file is gone")
}

func TestCancelledWhitelistLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	_, err := w.SetWhitelist(t.Context(), giving(nil, []string{strings.Repeat("a", 64)}, macs.Generate{}))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.SetWhitelist(ctx, giving(nil, nil, macs.Generate{Count: 100_000_000, Seed: 1}))
	require.ErrorIs(t, err, context.Canceled)
	list, _ := p.hashes()
	require.Equal(t, []string{strings.Repeat("a", 64)}, list.Hashes)
	files, err := filepath.Glob(filepath.Join(w.state.Dir(), "whitelist-*"))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing of the new one is left")
}

func TestNewSweepsHalfWrittenWhitelists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.paired("SN-1")
	_, err := w.SetWhitelist(t.Context(), giving(nil, nil, macs.Generate{Count: 2, Seed: 3}))
	require.NoError(t, err)
	before, _ := p.hashes()
	half := filepath.Join(w.state.Dir(), "whitelist-killed.json")
	require.NoError(t, os.WriteFile(half, []byte(`{"hashes":[`), 0o600))
	again, err := macs.New(w.state, w.clock)
	require.NoError(t, err)
	require.NoFileExists(t, half)
	p.Server = again
	after, _ := p.hashes()
	require.Equal(t, before, after)
}

func TestBINRangesArePerTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.paired("SN-1"), w.paired("SN-2")
	require.NoError(t, w.SetRanges("SN-1", []macs.BINRange{{From: "000100", To: "000199"}, {From: "9300000000000000000", To: "9"}}))
	body := func(p terminal) string {
		text, err := io.ReadAll(p.call(http.MethodGet, "/pos/fallback_bin_ranges", "").Body)
		require.NoError(t, err)
		return string(text)
	}
	require.JSONEq(t, `{"generatedAt":"2026-01-28T10:00:00Z","count":2,"ranges":[{"from":"000100","to":"000199"},{"from":"9300000000000000000","to":"9"}]}`, body(p))
	require.JSONEq(t, `{"generatedAt":"2026-01-28T10:00:00Z","count":0,"ranges":[]}`, body(q))
}
