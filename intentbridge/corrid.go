package intentbridge

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/internal/httpx"
)

// The last part of a corr_id has 13 digits: milliseconds from 2001 to 2286.
const (
	stampDigits = 13
	firstStamp  = 1_000_000_000_000
	lastStamp   = 9_999_999_999_999
)

// newCorrID makes a corr_id that none of the payments has: its time is the clock's, and where that stands still or was turned back,
// the next millisecond behind the newest.
func newCorrID(classification int, now int64, payments []Payment) (string, error) {
	stamp := max(now, firstStamp)
	for _, p := range payments {
		stamp = max(stamp, stampOf(p.CorrID)+1)
	}
	if stamp > lastStamp {
		return "", fault.New(fault.ClockWrong, "intentbridge: corr_id", "the clock stood behind the year 2286; set it, and remove the card payments of that time")
	}
	return fmt.Sprintf("CORR-%d-%d", classification, stamp), nil
}

// isCorrID: the middle part is no classification code on the vendor's own example, so nothing is read from it.
func isCorrID(text string) bool {
	parts := strings.Split(text, "-")
	return len(parts) == 3 && parts[0] == "CORR" && httpx.IsDigits(parts[1], 0) && httpx.IsDigits(parts[2], stampDigits)
}

// stampOf orders corr_ids that were made here; 0 for what is none.
func stampOf(corrID string) int64 {
	if !isCorrID(corrID) {
		return 0
	}
	stamp, _ := strconv.ParseInt(corrID[len(corrID)-stampDigits:], 10, 64) // 13 digits fit
	return stamp
}
