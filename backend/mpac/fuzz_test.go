package mpac

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/smartpos-go/terminal/fault"
)

// Whatever the token endpoint says, it is refused as bad_response with nothing given out, or it is a token that fits a header and
// a life of a second to an hour.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"t","expires_in":90}`, `{"access_token":"t","token_type":"Bearer","expires_in":"90","scope":["a"]}`,
		`{"access_token":"a.eyJzY29wZSI6WyJhIl19.c","expires_in":9e9}`, `{"access_token":"t","expires_in":-1}`, `{"access_token":"a b"}`, `null`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		token, err := readToken("test", []byte(body))
		if err != nil {
			if fault.CodeOf(err) != fault.BadResponse || token.AccessToken != "" {
				t.Fatalf("%v with %q", err, string(token.AccessToken))
			}
			return
		}
		if token.Life < time.Second || token.Life > maxLife || !isToken(string(token.AccessToken)) || strings.ContainsAny(string(token.AccessToken), "\r\n ") {
			t.Fatalf("taken: %v %q", token.Life, string(token.AccessToken))
		}
	})
}

// An amount that is read is written as the same number again.
func FuzzYen(f *testing.F) {
	for _, seed := range []string{"0", "-1", "9999999999", "10.5", "1e3", `"1"`, "null", "00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var y Yen
		if json.Unmarshal([]byte(text), &y) != nil {
			return
		}
		out, err := json.Marshal(y)
		if err != nil || y > maxYen || y < -maxYen {
			t.Fatal(y, err)
		}
		if in := strings.TrimSpace(text); in != string(out) && in != "null" && in != "-0" {
			t.Fatalf("%q became %s", text, out)
		}
	})
}

// A refusal of any body gives a fault whose text is one safe line.
func FuzzRefusal(f *testing.F) {
	f.Add(409, `{"error":{"code":"conflict","message":"x"}}`)
	f.Add(403, `{"error":{"code":"device_suspended"}}`)
	f.Add(200, `{"keys":[]}`)
	f.Add(503, `<html>`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		err := fail("test", status, []byte(body))
		if fault.CodeOf(err) == "" || strings.ContainsAny(err.Error(), "\r\n") || !utf8.ValidString(err.Error()) || len(err.Error()) > 2000 {
			t.Fatalf("%q", err)
		}
		var set keySet
		if decode("test", []byte(body), &set) == nil {
			for _, k := range set.Keys {
				k.p256()
				k.rsa()
			}
		}
	})
}
