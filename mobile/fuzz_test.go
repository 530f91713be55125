package mobile

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/smartpos-go/terminal/fault"
)

func seed(f *testing.F, name string) {
	f.Helper()
	text, err := os.ReadFile(filepath.Join(vectorsDir, name+".json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text))
}

// Whatever the parameters are, they are taken or refused as invalid_config.
func FuzzConfig(f *testing.F) {
	seed(f, "config")
	seed(f, "config-device")
	seed(f, "config-pgw")
	f.Add(`{"serialNumber":"SN","dataDir":"d","macs":{"baseUrl":"https://x","trustedCa":"x"},"whitelistSecret":"0123456789abcdef0123456789abcdef"}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseConfig(text, true)
		if err != nil && (c != nil || fault.CodeOf(err) != fault.InvalidConfig) {
			t.Fatalf("%v with %v", c, err)
		}
		if err == nil && (c.online <= 0 || c.maxAge <= 0 || c.DataDir == "" || (c.MACS == nil && c.Device == nil && c.PGW == nil) ||
			(c.MACS != nil && (len(c.secret) < minSecret) == (c.WhitelistKey == "")) || (c.Device != nil && (c.Device.WSURL == "" || c.Device.Audience == ""))) {
			t.Fatalf("taken: %q", text)
		}
	})
}

var digits = regexp.MustCompile(`[0-9]{6,}`)

// Whatever a card is, no error of it repeats digits, and one that is taken keeps no view of the caller's bytes.
func FuzzCard(f *testing.F) {
	seed(f, "card")
	f.Add(`{"v":5555555555554444.0,"pan":"x"}`)
	f.Add(`{"v":1,"pan":5555555555554444}`)
	f.Fuzz(func(t *testing.T, text string) {
		raw := []byte(text)
		card, _, err := readCard(raw)
		if err != nil {
			if code := fault.CodeOf(err); code != fault.InvalidRequest && code != fault.InvalidCard {
				t.Fatalf("code %s", code)
			}
			if digits.MatchString(err.Error()) {
				t.Fatal("the error repeats digits")
			}
			return
		}
		before := bytes.Clone(card.PAN)
		clear(raw)
		if !bytes.Equal(before, card.PAN) {
			t.Fatal("the card is a view of the caller's bytes")
		}
	})
}

// Whatever a card request is, it is taken as written or refused with a code of its own.
func FuzzCardRequest(f *testing.F) {
	seed(f, "card-request")
	f.Add(`{"v":1,"amount":1e3}`)
	f.Add(`{"v":1,"amount":9007199254740993,"classificationCode":5.0}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, paymentID, err := readCardRequest(text)
		if err == nil {
			return
		}
		if code := fault.CodeOf(err); code != fault.InvalidRequest && code != fault.InvalidAmount {
			t.Fatalf("code %s", code)
		}
		if r.Amount != 0 || paymentID != "" {
			t.Fatalf("%+v %q beside %v", r, paymentID, err)
		}
	})
}
