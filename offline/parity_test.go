package offline_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	reference "github.com/smartpos-go/terminal/emulator/macs"
	"github.com/smartpos-go/terminal/internal/clock"
	"github.com/smartpos-go/terminal/offline"
)

const paritySecret = "whitelist secret of the tests"

func mac(key string) offline.MAC {
	return func(message []byte) ([sha256.Size]byte, error) {
		h := hmac.New(sha256.New, []byte(key))
		_, _ = h.Write(message)
		return [sha256.Size]byte(h.Sum(nil)), nil
	}
}

func digits(r *rand.Rand, least, most int) string {
	text := make([]byte, least+r.IntN(most-least+1))
	for i := range text {
		text[i] = '0' + byte(r.IntN(10)) //nolint:gosec // one digit.
	}
	return string(text)
}

// TestDecideIsTheReference: Decide answers as the rule of protocol section 1.4 written out, over random lists and PANs on and
// beside their bounds.
func TestDecideIsTheReference(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			requireParity(t, rand.New(rand.NewPCG(seed, 7))) //nolint:gosec // a test.
		})
	}
}

func requireParity(t *testing.T, r *rand.Rand) {
	t.Helper()
	var pans []string
	hashes := map[string]bool{}
	for range 200 {
		pan := digits(r, 12, 19)
		sum, _ := mac(paritySecret)([]byte(pan))
		hashes[hex.EncodeToString(sum[:])] = true
		pans = append(pans, pan)
	}
	listed := pans
	var ranges []reference.BINRange
	var bounds [][2]string
	for len(ranges) < 60 {
		one := reference.BINRange{From: digits(r, 1, 19), To: digits(r, 1, 19)}
		if r.IntN(2) == 0 { // a narrow one
			one.To = one.From
		}
		if one.GoodRange() {
			ranges, bounds = append(ranges, one), append(bounds, [2]string{one.From, one.To})
		}
		if len(ranges)%10 != 0 { // few wide ones, so that not all is in one
			ranges, bounds = narrow(ranges, bounds)
		}
	}
	for _, one := range ranges {
		for _, bound := range []string{one.From, one.To} {
			pan := (bound + digits(r, 12, 12))[:max(12, len(bound))]
			pans = append(pans, pan, pan[:11]+"0", pan[:11]+"9")
		}
	}
	for range 1000 {
		pans = append(pans, digits(r, 12, 19))
	}
	s, err := offline.Open(offline.Options{Dir: t.TempDir(), Time: clock.System{}, Whitelist: mac(paritySecret), Chain: mac("chain")})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	client, _ := offline.ServeMACS(t, offline.NewListServer("1", listed, bounds))
	_, err = s.Sync(t.Context(), client, nil)
	require.NoError(t, err)
	seen := map[string]int{}
	for _, pan := range pans {
		hash, err := s.HashPAN([]byte(pan))
		require.NoError(t, err)
		d, err := s.Decide([]byte(pan), hash)
		require.NoError(t, err)
		allowed, reason := reference.OfflineDecision(paritySecret, hashes, ranges, pan)
		require.Equal(t, allowed, d.Allowed, pan)
		require.Equal(t, reason, string(d.Reason), pan)
		seen[reason]++
	}
	require.Len(t, seen, 3, "every answer was seen: %v", seen)
}

// narrow drops the last range when it is wider than a hundredth of all PANs.
func narrow(ranges []reference.BINRange, bounds [][2]string) ([]reference.BINRange, [][2]string) {
	last := ranges[len(ranges)-1]
	if len(last.From) > 1 && len(last.To) > 1 && last.From[:2] == last.To[:2] {
		return ranges, bounds
	}
	return ranges[:len(ranges)-1], bounds[:len(bounds)-1]
}
