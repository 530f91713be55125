package offline

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// builder is one of the two builds, for the rules both keep.
type builder struct {
	name, file string
	build      func(ctx context.Context, body io.Reader, o buildOptions) (listMeta, error)
}

func builders() []builder {
	return []builder{{"whitelist", "whitelist.json", buildWhitelist}, {"BIN ranges", "binranges.json", buildBINRanges}}
}

func readList(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "lists", name))
	require.NoError(t, err)
	return body
}

func optionsIn(dir string) buildOptions {
	return buildOptions{Dir: dir, Path: filepath.Join(dir, "list.db"), ETag: `"v1"`}
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files, "a failed build leaves no file")
}

// scanHashList scans a whitelist and keeps its rows.
func scanHashList(body io.Reader) (rows [][32]byte, head listHead, err error) {
	head, err = scanHashes(context.Background(), body, func(hash *[32]byte) error {
		rows = append(rows, *hash)
		return nil
	}, nil)
	return rows, head, err
}

// TestCutBody: a body cut at any byte is never a list (protocol section 1.4).
func TestCutBody(t *testing.T) {
	t.Parallel()
	for _, b := range builders() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			body := bytes.TrimSpace(readList(t, b.file))
			dir := t.TempDir()
			for cut := range len(body) {
				_, err := b.build(context.Background(), bytes.NewReader(body[:cut]), optionsIn(dir))
				require.ErrorIs(t, err, fault.InvalidList, "cut at byte %d", cut)
				_, err = b.build(context.Background(), iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(body[:cut]))), optionsIn(dir))
				require.Error(t, err, "cut at byte %d", cut)
			}
			requireEmpty(t, dir)
			_, err := b.build(context.Background(), bytes.NewReader(body), optionsIn(dir))
			require.NoError(t, err)
		})
	}
}

// oddReader delivers pieces of 1 to 130 bytes.
type oddReader struct {
	body io.Reader
	rand *rand.Rand
}

func (r *oddReader) Read(p []byte) (int, error) {
	return r.body.Read(p[:min(len(p), 1+r.rand.IntN(130))])
}

// TestChunkedBody: how a body is cut into packets changes nothing.
func TestChunkedBody(t *testing.T) {
	t.Parallel()
	body := hashBody(randomHashes(1, 3000))
	want, _, err := scanHashList(bytes.NewReader(body))
	require.NoError(t, err)
	require.Len(t, want, 3000)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte":        iotest.OneByteReader,
		"half":            iotest.HalfReader,
		"end with data":   iotest.DataErrReader,
		"odd":             func(r io.Reader) io.Reader { return &oddReader{r, rand.New(rand.NewPCG(1, 2))} },
		"odd, end beside": func(r io.Reader) io.Reader { return iotest.DataErrReader(&oddReader{r, rand.New(rand.NewPCG(3, 4))}) },
	} {
		got, head, err := scanHashList(wrap(bytes.NewReader(body)))
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
		require.Equal(t, listHead{generatedAt: "2026-01-28T02:00:00Z", rows: 3000}, head, name)
	}
}

// TestLostConnection: a body that fails is an error of the network, not of the list, wherever it fails.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	for _, b := range builders() {
		body := readList(t, b.file)
		for _, lost := range []error{io.ErrUnexpectedEOF, errors.New("connection reset"), fmt.Errorf("proxy: %w", io.EOF), io.ErrNoProgress} {
			for _, cut := range []int{0, 1, len(body) / 2, len(body)} {
				dir := t.TempDir()
				_, err := b.build(context.Background(), io.MultiReader(bytes.NewReader(body[:cut]), iotest.ErrReader(lost)), optionsIn(dir))
				require.ErrorIs(t, err, lost, "%s cut at %d", b.name, cut)
				require.NotErrorIs(t, err, fault.InvalidList)
				requireEmpty(t, dir)
			}
		}
	}
}

type silentReader struct{}

func (silentReader) Read([]byte) (int, error) { return 0, nil }

func TestSilentBodyEnds(t *testing.T) {
	t.Parallel()
	_, _, err := scanHashList(silentReader{})
	require.ErrorIs(t, err, io.ErrNoProgress)
}

// cancellingReader cancels after some bytes and goes on delivering.
type cancellingReader struct {
	body   io.Reader
	after  int
	cancel context.CancelFunc
}

func (r *cancellingReader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if r.after -= n; r.after <= 0 {
		r.cancel()
	}
	return n, err
}

// TestCancelledBuild: a cancelled build stops within 64 KiB of the body and leaves nothing.
func TestCancelledBuild(t *testing.T) {
	t.Parallel()
	body := hashBody(randomHashes(2, 20_000))
	for _, after := range []int{1, 100_000, len(body)} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		rest := bytes.NewReader(body)
		_, err := buildWhitelist(ctx, &cancellingReader{rest, after, cancel}, optionsIn(dir))
		require.ErrorIs(t, err, context.Canceled)
		require.LessOrEqual(t, len(body)-rest.Len(), after+2*scanBuffer)
		requireEmpty(t, dir)
	}
}

const hexOne = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// TestHashBodies: what is a whitelist and what is not.
func TestHashBodies(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	list := func(rows string) string { return `{"hashes":[` + rows + `]}` }
	for _, c := range []struct {
		name, body string
		rows       int    // -1: invalid_list
		names      string // what the fault says
	}{
		{name: "empty list", body: list("")},
		{name: "white space", body: " {\r\n\t\"hashes\" : [ \"" + hexOne + "\" , \n \"" + hexOne + "\" ] } \n", rows: 2},
		{name: "count before", body: `{"count":1,"hashes":["` + hexOne + `"]}`, rows: 1},
		{name: "count after", body: `{"hashes":["` + hexOne + `"],"count":1}`, rows: 1},
		{name: "escaped name and hash", body: `{"\u0068ashes":["\u0030` + hexOne[1:] + `"]}`, rows: 1},
		{name: "unknown members", body: `{"a":{"hashes":["x"],"b":[1,-0.5e+7,true,false,null,"\"\\\u00e9"]},"hashes":[],"` + strings.Repeat("k", 2000) + `":1}`},
		{name: "64 deep", body: `{"a":` + deep(63) + `,"hashes":[]}`},
		{name: "65 deep", body: `{"a":` + deep(64) + `,"hashes":[]}`, rows: -1, names: "deeper than 64"},
		{name: "long text skipped", body: `{"a":"` + strings.Repeat("x", 200_000) + `","b":` + strings.Repeat("1", 100_000) + `,"hashes":[]}`},
		{name: "longest generatedAt", body: `{"generatedAt":"` + strings.Repeat(`\u0041`, 64) + `","hashes":[]}`},
		{name: "too long generatedAt", body: `{"generatedAt":"` + strings.Repeat("A", 65) + `","hashes":[]}`},
		{name: "generatedAt a number", body: `{"generatedAt":1,"hashes":[]}`},
		{name: "generatedAt an object", body: `{"generatedAt":{"a":[1]},"hashes":[]}`},
		{name: "generatedAt twice", body: `{"generatedAt":"","generatedAt":"","hashes":[]}`, rows: -1, names: "twice"},
		{name: "empty body", body: "", rows: -1, names: "too early"},
		{name: "HTML", body: "<!DOCTYPE html><html></html>", rows: -1, names: "not a JSON object"},
		{name: "array", body: `["` + hexOne + `"]`, rows: -1, names: "not a JSON object"},
		{name: "byte order mark", body: "\ufeff" + list(""), rows: -1, names: "not a JSON object"},
		{name: "no hashes", body: `{"count":0}`, rows: -1, names: "hashes is missing"},
		{name: "another case", body: `{"Hashes":[]}`, rows: -1, names: "hashes is missing"},
		{name: "hashes twice", body: `{"hashes":[],"hashes":[]}`, rows: -1, names: "hashes comes twice"},
		{name: "hashes null", body: `{"hashes":null}`, rows: -1, names: "not an array"},
		{name: "text behind", body: list("") + "x", rows: -1, names: "after the end"},
		{name: "second list behind", body: list("") + list(""), rows: -1, names: "after the end"},
		{name: "comma at the end", body: list(`"` + hexOne + `",`), rows: -1, names: "row 2"},
		{name: "no comma", body: list(`"` + hexOne + `""` + hexOne + `"`), rows: -1, names: "comma"},
		{name: "wrong end", body: `{"hashes":[}`, rows: -1, names: "row 1"},
		{name: "count too high", body: `{"count":2,"hashes":["` + hexOne + `"]}`, rows: -1, names: "count is 2, but 1 rows"},
		{name: "count too low", body: `{"hashes":["` + hexOne + `"],"count":0}`, rows: -1, names: "count is 0, but 1 rows"},
		{name: "count twice", body: `{"count":0,"count":0,"hashes":[]}`, rows: -1, names: "count comes twice"},
		{name: "count negative", body: `{"count":-1,"hashes":[]}`, rows: -1, names: "whole number"},
		{name: "count a fraction", body: `{"count":0.0,"hashes":[]}`, rows: -1, names: "whole number"},
		{name: "count a string", body: `{"count":"0","hashes":[]}`, rows: -1, names: "whole number"},
		{name: "count beyond int64", body: `{"count":18446744073709551616,"hashes":[]}`, rows: -1, names: "whole number"},
		{name: "upper case", body: list(`"` + strings.ToUpper(hexOne) + `"`), rows: -1, names: "row 1"},
		{name: "odd", body: list(`"` + hexOne[1:] + `"`), rows: -1, names: "row 1"},
		{name: "short", body: list(`"` + hexOne + `","` + hexOne[2:] + `"`), rows: -1, names: "row 2"},
		{name: "long", body: list(`"` + hexOne + `00"`), rows: -1, names: "row 1"},
		{name: "no hex", body: list(`"` + hexOne + `","g` + hexOne[1:] + `","` + hexOne + `"`), rows: -1, names: "row 2"},
		{name: "empty hash", body: list(`""`), rows: -1, names: "row 1"},
		{name: "number", body: list(`7`), rows: -1, names: "row 1: a hash is not a string"},
		{name: "null", body: list(`null`), rows: -1, names: "row 1"},
		{name: "control character", body: `{"a":"` + "\x01" + `","hashes":[]}`, rows: -1, names: "control"},
		{name: "unknown escape", body: `{"a":"\x","hashes":[]}`, rows: -1, names: "escape"},
		{name: "damaged escape", body: `{"a":"\u00g0","hashes":[]}`, rows: -1, names: "escape"},
		{name: "leading zero", body: `{"a":01,"hashes":[]}`, rows: -1, names: "comma"},
		{name: "bare point", body: `{"a":1.,"hashes":[]}`, rows: -1, names: "digit"},
		{name: "half a word", body: `{"a":nul,"hashes":[]}`, rows: -1, names: "value"},
		{name: "no value", body: `{"a":,"hashes":[]}`, rows: -1, names: "value"},
		{name: "no colon", body: `{"a" 1,"hashes":[]}`, rows: -1, names: "colon"},
		{name: "bare name", body: `{a:1,"hashes":[]}`, rows: -1, names: "name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rows, head, err := scanHashList(strings.NewReader(c.body))
			if c.rows < 0 {
				require.ErrorIs(t, err, fault.InvalidList)
				require.ErrorContains(t, err, c.names)
				require.NotContains(t, err.Error(), hexOne[:8], "a hash is never shown")
				return
			}
			require.NoError(t, err)
			require.Len(t, rows, c.rows)
			require.EqualValues(t, c.rows, head.rows)
		})
	}
}

// TestRowLimit: a list without end is refused when the limit is passed, not when the disk is full.
func TestRowLimit(t *testing.T) {
	t.Parallel()
	s := rangeScanner{scanner: newScanner(t.Context(), "test", strings.NewReader(`{"ranges":[{"from":"1","to":"1"},{"from":"2","to":"2"}]}`), 1, nil)}
	_, err := s.document("ranges", s.row)
	require.ErrorIs(t, err, fault.InvalidList)
	require.ErrorContains(t, err, "more than 1 rows")
}

// TestProgress: the caller hears of every 64 Ki rows.
func TestProgress(t *testing.T) {
	t.Parallel()
	var heard []int64
	_, err := scanHashes(t.Context(), bytes.NewReader(hashBody(randomHashes(3, 140_000))),
		func(*[32]byte) error { return nil }, func(rows int64) { heard = append(heard, rows) })
	require.NoError(t, err)
	require.Equal(t, []int64{65536, 131072}, heard)
}

// randomHashes are spread as HMAC-SHA256 spreads them.
func randomHashes(seed uint64, n int) [][32]byte {
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	hashes := make([][32]byte, n)
	for i := range hashes {
		_, _ = source.Read(hashes[i][:])
	}
	return hashes
}

func hashBody(hashes [][32]byte) []byte {
	body := make([]byte, 0, len(hashes)*67+100)
	body = append(body, `{"generatedAt":"2026-01-28T02:00:00Z","hashes":[`...)
	for i := range hashes {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, '"')
		body = hex.AppendEncode(body, hashes[i][:])
		body = append(body, '"')
	}
	return append(body, `]}`...)
}

// tokenScan reads the rows with encoding/json.
func tokenScan(b *testing.B, body []byte) (rows int) {
	b.Helper()
	decoder := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(b, err)
		if text, ok := token.(string); ok && len(text) == hexHash {
			if _, err := hex.DecodeString(text); err == nil {
				rows++
			}
		}
	}
}
