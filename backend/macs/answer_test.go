package macs

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// TestTheClosedListOfAnswers: what counts as an answer, in its order; a refusal of the card is "refused".
func TestTheClosedListOfAnswers(t *testing.T) {
	t.Parallel()
	const refused = "refused"
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"readable 200":                        {200, `{"accessId":"a"}`, ""},
		"known code with 403":                 {403, `{"errorCode":"LIMIT_EXCEEDED"}`, refused},
		"known code with 200":                 {200, `{"errorCode":"LIMIT_EXCEEDED"}`, refused},
		"known code with 500":                 {500, `{"errorCode":"LIMIT_EXCEEDED"}`, refused},
		"known code with 404":                 {404, `{"errorCode":"UNKNOWN_DEVICE"}`, refused},
		"the vendor's spelling":               {409, `{"errorCode":"TEMPORARILT_BLOCKED"}`, refused},
		"unknown code with 402":               {402, `{"errorCode":"PURPLE"}`, refused},
		"unknown code with 403":               {403, `{"errorCode":"PURPLE"}`, refused},
		"unknown code with 409":               {409, `{"errorCode":"PURPLE"}`, refused},
		"401 without a code":                  {401, ``, "not_authorized"},
		"401 ACCESS_FORBIDDEN":                {401, `{"errorCode":"ACCESS_FORBIDDEN"}`, "not_authorized"},
		"403 ACCESS_FORBIDDEN":                {403, `{"errorCode":"ACCESS_FORBIDDEN"}`, "not_authorized"},
		"403 HTML":                            {403, `<html>`, "not_authorized"},
		"401 with another code":               {401, `{"errorCode":"UNAUTHORIZED"}`, "not_authorized"},
		"400":                                 {400, ``, "protocol_error"},
		"404 with an unknown code":            {404, `{"errorCode":"PURPLE"}`, "protocol_error"},
		"405":                                 {405, ``, "protocol_error"},
		"422":                                 {422, ``, "protocol_error"},
		"402 without a code":                  {402, ``, "bad_response"},
		"408":                                 {408, ``, "timeout"},
		"429":                                 {429, ``, "rate_limited"},
		"500 with an unknown code":            {500, `{"errorCode":"INTERNAL"}`, "server_error"},
		"503":                                 {503, ``, "server_error"},
		"302":                                 {302, ``, "bad_response"},
		"418":                                 {418, ``, "bad_response"},
		"204":                                 {204, ``, "bad_response"},
		"200 HTML":                            {200, `<html>`, "bad_response"},
		"200 empty":                           {200, ``, "bad_response"},
		"200 null":                            {200, `null`, "bad_response"},
		"200 list":                            {200, `[{"accessId":"a"}]`, "bad_response"},
		"200 cut":                             {200, `{"accessId":"a"`, "bad_response"},
		"200 wrong type":                      {200, `{"accessId":5}`, "bad_response"},
		"a code that is no string is no code": {403, `{"errorCode":5}`, "not_authorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := read("test", &httpx.Response{Status: tt.status, Header: http.Header{}, Body: []byte(tt.body)}, &checkAnswer{})
			var r *Refused
			if tt.want == refused {
				require.ErrorAs(t, err, &r)
				return
			}
			require.Equal(t, tt.want, string(fault.CodeOf(err)))
		})
	}
}

func TestAServersTextIsMadeSafe(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                     "plain",
		"two\nlines\x00":            "two lines ",
		"card 5555555555554444 no":  "card 55555555******** no",
		"\xff bytes":                "\ufffd bytes",
		strings.Repeat("é", 300):    strings.Repeat("é", 200),
		"<script>alert(1)</script>": "<script>alert(1)</script>",
	} {
		require.Equal(t, want, clip(in, 200))
	}
}

func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`{"accessId":"a","maxGuests":1}`, `{"errorCode":"LIMIT_EXCEEDED","message":"m"}`, `[]`, `{`, ``} {
		f.Add(200, []byte(body))
		f.Add(403, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		var into checkAnswer
		err := read("fuzz", &httpx.Response{Status: status, Header: http.Header{}, Body: body}, &into)
		if err == nil {
			require.Equal(t, 200, status, "only a 200 is success")
			return
		}
		require.LessOrEqual(t, len(err.Error()), 1000, "an error does not carry the body")
	})
}
