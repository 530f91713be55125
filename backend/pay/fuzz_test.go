package pay

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Whatever Pay refuses with is a fault with a text that can be shown: one line, bounded, valid UTF-8, no card number.
func FuzzRefusal(f *testing.F) {
	f.Add(422, `{"uuid":null,"message":"Validation error","code":0,"traceId":"t","errors":[{"field":"email","title":"bad"}]}`)
	f.Add(400, `{"uuid":"8d911b21-b987-4006-a887-29558ff05b7e","message":"5555 5555 5555 4444","code":2107,"traceId":"00112233445566778899aabbccddeeff"}`)
	f.Add(500, "<html>")
	f.Add(302, ``)
	f.Fuzz(func(t *testing.T, status int, body string) {
		e := refusal("test", &httpx.Response{Status: status, Body: []byte(body)})
		require.Equal(t, status, e.Status)
		require.NotEmpty(t, fault.CodeOf(e))
		text := e.Error() + e.Message + e.UUID + e.TraceID
		for _, field := range e.Fields {
			text += field.Field + field.Title
		}
		require.True(t, utf8.ValidString(text))
		require.False(t, strings.ContainsFunc(text, unicode.IsControl))
		require.NotContains(t, e.Message, "5555 5555 5555 4444")
		require.LessOrEqual(t, len(e.Fields), 50)
		require.Less(t, len(e.Error()), 4096)
	})
}
