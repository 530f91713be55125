package macs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/macs"
)

func TestOfflineDecision(t *testing.T) {
	t.Parallel()
	// Secret, PAN and hash of protocol section 10.
	const secret, pan = "macs-whitelist-test-secret-32-bytes-long", "5555555555554444"
	listed := map[string]bool{"776b335fa71a1cbb68a108fab312ab75a4fbe6e9d200b240a744664a4be4e933": true}
	for _, tt := range []struct {
		name   string
		pan    string
		hashes map[string]bool
		ranges []macs.BINRange
		reason string
	}{
		{name: "listed", pan: pan, hashes: listed, reason: "whitelist"},
		{name: "the whitelist comes first", pan: pan, hashes: listed, ranges: []macs.BINRange{{From: "5", To: "5"}}, reason: "whitelist"},
		{name: "another card", pan: "5555555555554445", hashes: listed, reason: "not_listed"},
		{name: "in a range", pan: pan, ranges: []macs.BINRange{{From: "4", To: "4"}, {From: "5555", To: "5555"}}, reason: "bin_range"},
		{name: "at its beginning", pan: "5550000000000000", ranges: []macs.BINRange{{From: "555", To: "556"}}, reason: "bin_range"},
		{name: "at its end, longer than its bounds", pan: "5569999999999999999", ranges: []macs.BINRange{{From: "555", To: "556"}}, reason: "bin_range"},
		{name: "behind its end", pan: "5570000000000000", ranges: []macs.BINRange{{From: "555", To: "556"}}, reason: "not_listed"},
		{name: "before its beginning", pan: "5549999999999999999", ranges: []macs.BINRange{{From: "555", To: "556"}}, reason: "not_listed"},
		{name: "leading zeros count", pan: "0001500000000000", ranges: []macs.BINRange{{From: "000100", To: "000199"}}, reason: "bin_range"},
		{name: "short PAN before a 19-digit bound", pan: "500000000000", ranges: []macs.BINRange{{From: "5000000000000000001", To: "5"}}, reason: "not_listed"},
		{name: "no lists", pan: pan, reason: "not_listed"},
		{name: "more digits than a PAN has", pan: strings.Repeat("5", 40), reason: "not_listed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			allowed, reason := macs.OfflineDecision(secret, tt.hashes, tt.ranges, tt.pan)
			require.Equal(t, tt.reason, reason)
			require.Equal(t, reason != "not_listed", allowed)
		})
	}
}

func TestGoodRange(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		good     bool
	}{
		{from: "51", to: "52", good: true},
		{from: "530000", to: "53", good: true},
		{from: "9", to: "9", good: true},
		{from: "0", to: "9999999999999999999", good: true},
		{from: "53", to: "5299"},
		{from: "52", to: "51"},
		{from: "", to: "5"},
		{from: "5", to: ""},
		{from: "5", to: "5x"},
		{from: "５", to: "5"},
		{from: "-1", to: "5"},
		{from: "1", to: strings.Repeat("9", 20)},
	} {
		require.Equal(t, tt.good, macs.BINRange{From: tt.from, To: tt.to}.GoodRange(), "%s to %s", tt.from, tt.to)
	}
}
