package pgw_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// Whatever a gateway answers is a PaymentIntent or a fault with a text that can be shown: one line, bounded, valid UTF-8, no token.
func FuzzAnswer(f *testing.F) {
	const token = "pi_01ARZ3NDEKTSV4RRFFQ69G5FAV_secret_00112233445566778899aabbccddeeff"
	f.Add(200, `{"id":"pi_1","status":"succeeded","amount":1200,"currency":"JPY"}`)
	f.Add(409, `{"error":{"code":"invalid_state","message":"no","param":null,"request_id":"req_1"}}`)
	f.Add(422, `{"error":{"code":"validation_error","message":["`+token+`"],"param":"amount"}}`)
	f.Add(500, `{"error":{"code":"`+token+`","message":"`+token+`"}}`)
	f.Add(302, "<html>")
	f.Fuzz(func(t *testing.T, status int, body string) {
		var intent pgw.Intent
		err := pgw.ReadAnswer("test", &httpx.Response{Status: status, Header: http.Header{"Retry-After": {body}}, Body: []byte(body)}, &intent)
		if err == nil {
			require.True(t, status >= 200 && status <= 299)
			return
		}
		require.NotEmpty(t, fault.CodeOf(err))
		require.NotContains(t, err.Error(), token)
		require.True(t, utf8.ValidString(err.Error()))
		require.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl))
		require.Less(t, len(err.Error()), 4096)
		var refused *pgw.Refused
		if errors.As(err, &refused) {
			require.Equal(t, status, refused.Status)
			require.LessOrEqual(t, utf8.RuneCountInString(refused.Message), 200)
			require.GreaterOrEqual(t, refused.RetryAfter, time.Duration(0))
		}
	})
}
