package journal

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	canary = "5555555555554444"
	key    = "q0Yk3v9Zt1wX7uB5sN2mL8dR4fG6hJ0pA-_cEeVvTtI"
)

func TestMaskedTextHoldsNoSecret(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("0f", 32)
	for _, tt := range []struct {
		name, text, secret, want string
	}{
		{name: "PAN", text: "x 5555555555554444 y", secret: canary, want: "x *** y"},
		{name: "PAN of 12 digits", text: "x 501800000009 y", secret: "501800000009", want: "x *** y"},
		{name: "PAN in a field", text: `{"pan":"5555555555554444","service":"LOUNGE"}`, secret: canary, want: `{"pan":"***","service":"LOUNGE"}`},
		{name: "PAN as a number", text: `{"pan": 5555555555554444}`, secret: canary, want: `{"pan": "***"}`},
		{name: "PAN with blanks", text: "5555 5555 5555 4444", secret: "5555", want: "***"},
		{name: "PAN with dots", text: "5555.5555.5555.4444", secret: "5555", want: "***"},
		{name: "PAN with other separators", text: `5555,5555|5555\n4444`, secret: "5555", want: "***"},
		{name: "PAN in a list", text: `["5555", "5555","5555","4444"]`, secret: "5555", want: `["***"]`},
		{name: "PAN inside a longer run", text: "0005555555555554444000", secret: canary, want: "***"},
		{name: "PAN in other digits", text: "５５５５５５５５５５５５４４４４", secret: "５", want: "***"},
		{name: "PAN escaped", text: `\u0035\u0035555555555554444`, secret: "555555555555", want: "***"},
		{name: "PAN percent-encoded", text: "/pos/%355555555555%3554444", secret: "555555555", want: "/pos/***"},
		{name: "code", text: "code 12345678.", secret: "12345678", want: "code ***."},
		{name: "two codes beside each other", text: "12345678,87654321", secret: "87654321", want: "***"},
		{name: "code in its field", text: `{"pairingCode":"1234-56"}`, secret: "1234-56", want: `{"pairingCode":"***"}`},
		{name: "name of a field in another case", text: `{"PAIRINGCODE":"x"}`, secret: `"x"`, want: `{"PAIRINGCODE":"***"}`},
		{name: "activation code", text: `{"activation_code":"12345678","poll_interval":5}`, secret: "12345678", want: `{"activation_code":"***","poll_interval":5}`},
		{name: "activation code in camel case", text: `{"activationCode": "1234-56"}`, secret: "1234-56", want: `{"activationCode": "***"}`},
		{name: "assertion that is no JWT", text: `{"client_assertion":"abc.def","client_id":"dev-1"}`, secret: "abc", want: `{"client_assertion":"***","client_id":"dev-1"}`},
		{name: "assertion in a form", text: `client_id=dev-1&client_assertion=abc.def&scope=order%3Acreate`, secret: "abc", want: `client_id=dev-1&client_assertion=***&scope=order%3Acreate`},
		{name: "access token", text: `{"access_token":"opaque","expires_in":90}`, secret: "opaque", want: `{"access_token":"***","expires_in":90}`},
		{name: "JWT", text: "Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJTTi0xIn0.c2lnbmF0dXJl", secret: "c2lnbmF0dXJl", want: "Bearer ***"},
		{name: "payment token", text: "/v1/pi_01ARZ3NDEK_secret_0a1b!", secret: "0a1b", want: "/v1/***!"},
		{name: "public key", text: `{"k":"` + strings.Repeat("MIIB", 90) + `"}`, secret: "MIIB", want: `{"k":"***"}`},
		{name: "list of hashes", text: `"hashes":["` + hash + `","` + hash + `"]}`, secret: hash, want: `"hashes":["***"]}`},
		{name: "hidden word", text: "secret=" + key + "!", secret: key, want: "secret=***!"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := mask(tt.text, []string{key}, true)
			require.Equal(t, tt.want, got)
			require.NotContains(t, got, tt.secret)
		})
	}
}

func TestWhatIsNoSecretStaysReadable(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"accessId":"12345678-1234-4234-8234-123456789012","guests":2}`,
		`{"occurredAt":"2026-01-28T10:00:00Z"}`,
		`{"errorCode":"LIMIT_EXCEEDED","message":"usage limit reached"}`,
		`{"expiryDate":"3012"}`,
		`{"error":{"code":"invalid_token","message":"a valid Bearer token is needed"}}`,
	} {
		require.Equal(t, text, mask(text, []string{key}, true))
	}
	ranges := `{"ranges":[{"from":"51000000","to":"51999999"}]}`
	require.Equal(t, ranges, mask(ranges, nil, false), "bounds that are as long as a code")
}

// A secret that lies over the end of what is kept must not leave its first half there.
func TestCutBodyEndsBeforeASecret(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{canary, "5555 5555 5555 4444", key, `"` + strings.Repeat("0f", 32)} {
		for before := MaxBody - len(secret); before < MaxBody; before++ {
			got := mask(strings.Repeat("{", before)+secret+"}", []string{key}, true)
			require.LessOrEqual(t, len(got), MaxBody+len("…"))
			require.NotRegexp(t, `[0-9A-Za-z]{3}`, got, "%d bytes before it", before)
		}
	}
}

func FuzzMask(f *testing.F) {
	for _, seed := range []string{canary, `{"pan":"` + canary + `"}`, `\u0035555555555554444`, "5555\xff5555", strings.Repeat("1 ", 3000)} {
		f.Add(seed)
	}
	digits := regexp.MustCompile(`[0-9]{13,}`) // 12 are the last group of a UUID
	f.Fuzz(func(t *testing.T, text string) {
		got := mask(text+key, []string{key}, true)
		require.NotContains(t, got, key)
		require.NotRegexp(t, digits, got)
		require.LessOrEqual(t, len(got), 4*MaxBody)
	})
}
