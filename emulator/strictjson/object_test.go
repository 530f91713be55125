package strictjson

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		good       bool
	}{
		{name: "empty", text: `{}`, good: true},
		{name: "blanks around it", text: " {\"a\" : 1} \n", good: true},
		{name: "names that differ in case", text: `{"a":1,"A":2}`, good: true},
		{name: "nothing", text: ``},
		{name: "list", text: `[]`},
		{name: "null", text: `null`},
		{name: "not closed", text: `{"a":1`},
		{name: "two objects", text: `{}{}`},
		{name: "name twice", text: `{"a":1,"a":1}`},
		{name: "name twice, one escaped", text: `{"a":1,"\u0061":1}`},
		{name: "no value", text: `{"a"}`},
		{name: "comma at the end", text: `{"a":1,}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read([]byte(tt.text))
			require.Equal(t, tt.good, err == nil)
		})
	}
}

func TestFieldsAreOfOneType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value         string
		text, integer bool
	}{
		{value: `"x"`, text: true},
		{value: `""`, text: true},
		{value: `"1"`, text: true},
		{value: `1`, integer: true},
		{value: `-1`, integer: true},
		{value: `0`, integer: true},
		{value: `9007199254740991`, integer: true}, {value: `-9007199254740991`, integer: true},
		{value: `9007199254740992`}, {value: `-9007199254740992`}, {value: `99999999999999999999`},
		{value: `1.0`}, {value: `1e3`}, {value: `9999999999999999`}, {value: `null`}, {value: `true`}, {value: `["x"]`}, {value: `{"x":1}`},
	} {
		o, err := Read([]byte(`{"a":` + tt.value + `}`))
		require.NoError(t, err)
		_, ok := o.Text("a")
		require.Equal(t, tt.text, ok, tt.value)
		_, ok = o.Optional("a")
		require.Equal(t, tt.text, ok, tt.value)
		_, ok = o.Integer("a")
		require.Equal(t, tt.integer, ok, tt.value)
	}
	_, ok := Object{}.Text("a")
	require.False(t, ok, "absent")
	_, ok = Object{}.Optional("a")
	require.True(t, ok, "absent")
}

// What Read takes is JSON for the standard library too, and it sees the same values.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"A":"x"}`, `{"a":{"a":1}}`, `{"a":1,"a":2}`, `{"\u0061":1}`, `{"a":1}x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := Read(text)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &want))
		require.Len(t, o, len(want))
		for name, value := range want {
			require.JSONEq(t, string(value), string(o[name]))
		}
	})
}
