package macs

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
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
		"a text that is no string":            {402, `{"errorCode":"LIMIT_EXCEEDED","message":{"en":"no"}}`, refused},
		"a text that is a list, with 503":     {503, `{"errorCode":"LIMIT_EXCEEDED","message":[]}`, refused},
		"JSON behind white space":             {402, strings.Repeat(" ", 1000) + `{"errorCode":"LIMIT_EXCEEDED"}`, refused},
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
		"card 5555555555554444 no":  "card **** no",
		"4 5301 0000 0000 0005.":    "****.",
		"at 2026-01-28, line 12345": "at 2026-01-28, line 12345",
		"\xff bytes":                "\ufffd bytes",
		strings.Repeat("é", 300):    strings.Repeat("é", 200),
		"<script>alert(1)</script>": "<script>alert(1)</script>",
	} {
		require.Equal(t, want, clip(in, 200))
	}
}

// An upload believes a server only when its numbers account for every row.
func TestAReportIsAccountedFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body    string
		again   bool
		refused []string // of entries "a" and "b"
		want    fault.Code
	}{
		"all taken":                     {body: `{"accepted":2,"duplicates":0,"rejected":[]}`},
		"one refused":                   {body: `{"accepted":1,"duplicates":0,"rejected":[{"entryId":"b"}]}`, refused: []string{"b"}},
		"in the other case":             {body: `{"accepted":1,"duplicates":0,"rejected":[{"entryId":"B"}]}`, refused: []string{"b"}},
		"both known":                    {body: `{"accepted":0,"duplicates":2}`},
		"none of them anywhere":         {body: `{"accepted":0,"duplicates":0,"rejected":[]}`, want: fault.BadResponse},
		"one lost":                      {body: `{"accepted":1,"duplicates":0}`, want: fault.BadResponse},
		"one too many":                  {body: `{"accepted":2,"duplicates":1}`, want: fault.BadResponse},
		"one that was not sent":         {body: `{"accepted":1,"duplicates":0,"rejected":[{"entryId":"c"}]}`, want: fault.BadResponse},
		"one without an id":             {body: `{"accepted":1,"duplicates":0,"rejected":[{"errorCode":"X"}]}`, want: fault.BadResponse},
		"accepted alone":                {body: `{"accepted":2}`},
		"accepted alone, one lost":      {body: `{"accepted":1}`, want: fault.BadResponse},
		"accepted alone, sent before":   {body: `{"accepted":1}`, again: true},
		"accepted and refused":          {body: `{"accepted":1,"rejected":[{"entryId":"a"}]}`, refused: []string{"a"}},
		"more than were sent":           {body: `{"accepted":3}`, again: true, want: fault.BadResponse},
		"without accepted":              {body: `{}`, want: fault.BadResponse},
		"negative":                      {body: `{"accepted":3,"duplicates":-1}`, want: fault.BadResponse},
		"a number that is none of ours": {body: `{"accepted":"2"}`, want: fault.BadResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, tt.body) }))
			defer server.Close()
			client, err := New(Options{BaseURL: server.URL, TrustedCA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})})
			require.NoError(t, err)
			defer client.Close()
			rejected, err := client.OfflineReports(t.Context(), []Report{{EntryID: "a"}, {EntryID: "b"}}, tt.again)
			require.Equal(t, tt.want, fault.CodeOf(err), "%v", err)
			var ids []string
			for _, r := range rejected {
				ids = append(ids, r.EntryID)
			}
			require.Equal(t, tt.refused, ids)
		})
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
