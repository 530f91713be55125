package offline

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// reference reads a list with encoding/json: the peer of the fuzz targets. ok is false for what must be refused.
type reference struct {
	generatedAt string
	rows        []json.RawMessage
}

func referenceList(body []byte, rowsName string) (list reference, ok bool) {
	if !json.Valid(body) || depthOf(body) > maxDepth {
		return list, false
	}
	members, ok := membersOf(body)
	if !ok || len(members[rowsName]) != 1 || len(members["count"]) > 1 || len(members["generatedAt"]) > 1 {
		return list, false
	}
	if rows := members[rowsName][0]; rows[0] != '[' || json.Unmarshal(rows, &list.rows) != nil {
		return list, false
	}
	if at := members["generatedAt"]; len(at) == 1 {
		if at[0][0] != '"' || json.Unmarshal(at[0], &list.generatedAt) != nil || len(list.generatedAt) > maxGeneratedAt {
			list.generatedAt = ""
		}
	}
	if count := members["count"]; len(count) == 1 {
		n, err := strconv.ParseUint(string(count[0]), 10, 62)
		if err != nil || int(n) != len(list.rows) {
			return list, false
		}
	}
	return list, true
}

// membersOf keeps every value of a name that comes more than once.
func membersOf(body []byte) (map[string][]json.RawMessage, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, false
	}
	members := map[string][]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return nil, false
		}
		members[name.(string)] = append(members[name.(string)], value)
	}
	return members, true
}

func depthOf(body []byte) (deepest int) {
	depth := 0
	decoder := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		deepest = max(deepest, depth)
	}
}

func stringOf(raw json.RawMessage) (text string, ok bool) {
	return text, raw[0] == '"' && json.Unmarshal(raw, &text) == nil
}

func referenceHashes(body []byte) (rows [][32]byte, list reference, ok bool) {
	if list, ok = referenceList(body, "hashes"); !ok {
		return nil, list, false
	}
	for _, raw := range list.rows {
		text, isString := stringOf(raw)
		hash, err := hex.DecodeString(text)
		if !isString || err != nil || len(hash) != 32 || strings.ToLower(text) != text {
			return nil, list, false
		}
		rows = append(rows, [32]byte(hash))
	}
	return rows, list, true
}

func FuzzWhitelistScan(f *testing.F) {
	f.Add(readList(f, "whitelist.json"), byte(0))
	f.Add([]byte(`{"hashes":["`+hexOne+`","`+hexOne+`"],"count":2,"x":[{"y":-1.5e3}]}`), byte(3))
	f.Add([]byte(`{"generatedAt":"\ud800","hashes":[]}`), byte(1))
	f.Add([]byte(`{"a":[[[[]]]],"hashes":[1]}`), byte(1))
	f.Fuzz(func(t *testing.T, body []byte, piece byte) {
		want, list, ok := referenceHashes(body)
		got, head, err := scanHashList(&pieceReader{bytes.NewReader(body), 1 + int(piece)})
		requireSame(t, ok, err)
		if ok {
			require.Equal(t, want, got)
			require.Equal(t, listHead{list.generatedAt, int64(len(want))}, head)
		}
	})
}

type pieceReader struct {
	body io.Reader
	size int
}

func (r *pieceReader) Read(p []byte) (int, error) { return r.body.Read(p[:min(len(p), r.size)]) }

// requireSame: accepted exactly when the reference accepts; refused always as invalid_list.
func requireSame(t *testing.T, ok bool, err error) {
	t.Helper()
	if ok {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, fault.InvalidList)
}
