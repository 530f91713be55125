package offline

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

func scanRangeList(body []byte) ([]interval, listHead, error) {
	return scanRanges(context.Background(), bytes.NewReader(body), nil)
}

// TestRangeBodies: bounds are texts of 1 to 19 digits (protocol section 1.4).
func TestRangeBodies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, ranges string
		want         []interval
		names        string // what the fault says; "" when accepted
	}{
		{name: "none", ranges: ""},
		{name: "padded", ranges: `{"from":"51000000","to":"51999999"}`, want: []interval{{5100000000000000000, 5199999999999999999}}},
		{name: "unlike lengths", ranges: `{"to":"5","from":"41"}`, want: []interval{{4100000000000000000, 5999999999999999999}}},
		{name: "19 digits", ranges: `{"from":"9999999999999999999","to":"9999999999999999999"}`, want: []interval{{9999999999999999999, 9999999999999999999}}},
		{name: "one digit", ranges: `{"from":"0","to":"9"}`, want: []interval{{0, 9999999999999999999}}},
		{name: "more members", ranges: `{"brand":{"to":"x"},"from":"4","to":"4","n":[1]}`, want: []interval{{4000000000000000000, 4999999999999999999}}},
		{name: "escaped", ranges: `{"fro\u006d":"\u0034","to":"4"}`, want: []interval{{4000000000000000000, 4999999999999999999}}},
		{name: "equal after padding", ranges: `{"from":"40","to":"4"}`, want: []interval{{4000000000000000000, 4999999999999999999}}},
		{name: "upside down", ranges: `{"from":"1","to":"2"},{"from":"52","to":"51"}`, names: "row 2: from (padded 5200000000000000000) is above to (padded 5199999999999999999)"},
		{name: "20 digits", ranges: `{"from":"40000000000000000000","to":"5"}`, names: "row 1: from is not 1 to 19 digits"},
		{name: "no digit", ranges: `{"from":"","to":"5"}`, names: "row 1: from is not 1 to 19 digits"},
		{name: "sign", ranges: `{"from":"1","to":"+5"}`, names: "row 1: to is not 1 to 19 digits"},
		{name: "Arabic digits", ranges: `{"from":"١","to":"5"}`, names: "row 1: from is not 1 to 19 digits"},
		{name: "number", ranges: `{"from":51000000,"to":"5"}`, names: "row 1: from is not a string"},
		{name: "null", ranges: `{"from":"1","to":null}`, names: "row 1: to is not a string"},
		{name: "no from", ranges: `{"to":"5"}`, names: "row 1: from or to is missing"},
		{name: "no to", ranges: `{"from":"5"}`, names: "row 1: from or to is missing"},
		{name: "from twice", ranges: `{"from":"5","from":"5","to":"5"}`, names: "row 1: from comes twice"},
		{name: "to twice", ranges: `{"from":"5","to":"5","to":"5"}`, names: "row 1: to comes twice"},
		{name: "text", ranges: `"51"`, names: "row 1: a range is not an object"},
		{name: "array", ranges: `["51","52"]`, names: "row 1: a range is not an object"},
		{name: "too deep within a range", ranges: `{"x":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `,"from":"5","to":"5"}`, names: "deeper than 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, head, err := scanRangeList([]byte(`{"ranges":[` + c.ranges + `]}`))
			if c.names != "" {
				require.ErrorIs(t, err, fault.InvalidList)
				require.ErrorContains(t, err, c.names)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.EqualValues(t, len(c.want), head.rows)
		})
	}
}

// referenceRanges pads as text, not as numbers.
func referenceRanges(body []byte) (rows [][2]string, list reference, ok bool) {
	if list, ok = referenceList(body, "ranges"); !ok {
		return nil, list, false
	}
	for _, raw := range list.rows {
		members, isObject := membersOf(raw)
		if !isObject || len(members["from"]) != 1 || len(members["to"]) != 1 {
			return nil, list, false
		}
		from, fromGood := stringOf(members["from"][0])
		to, toGood := stringOf(members["to"][0])
		if !fromGood || !toGood || !isBound(from) || !isBound(to) || padText(from, "0") > padText(to, "9") {
			return nil, list, false
		}
		rows = append(rows, [2]string{padText(from, "0"), padText(to, "9")})
	}
	return rows, list, true
}

func isBound(text string) bool {
	return text != "" && len(text) <= panDigits && strings.Trim(text, "0123456789") == ""
}

func padText(text, digit string) string { return text + strings.Repeat(digit, panDigits-len(text)) }

func FuzzBINScan(f *testing.F) {
	f.Add(readList(f, "binranges.json"))
	f.Add([]byte(`{"ranges":[{"from":"9999999999999999999","to":"9"},{"x":[{}],"to":"5","from":"41"}],"count":2}`))
	f.Add([]byte(`{"ranges":[{"from":51,"to":"52"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		want, list, ok := referenceRanges(body)
		got, head, err := scanRangeList(body)
		requireSame(t, ok, err)
		if !ok {
			return
		}
		require.Len(t, got, len(want))
		for i, r := range got {
			require.Equal(t, want[i], [2]string{digits19(r.lo), digits19(r.hi)})
		}
		require.Equal(t, listHead{list.generatedAt, int64(len(want))}, head)
	})
}
