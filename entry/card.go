package entry

import (
	"log/slog"

	"github.com/smartpos-go/terminal/fault"
)

// Card is a card presented at the gate. It prints as "card": the number never reaches a log.
type Card struct {
	// PAN is 12–19 ASCII digits. The caller may clear it when Check has returned.
	PAN []byte
	// Expiry is YYMM; may be empty.
	Expiry string
	// Service is FAST_LINE or LOUNGE; may be empty.
	Service string
	// EntryMode is CHIP, CONTACTLESS, SWIPE or MANUAL; may be empty.
	EntryMode string
}

// String hides the card.
func (Card) String() string { return "card" }

// GoString hides the card from %#v.
func (Card) GoString() string { return "card" }

// LogValue hides the card from slog.
func (Card) LogValue() slog.Value { return slog.StringValue("card") }

// check refuses a card that no server could read, before anything is sent. The error names the field and never its value.
func (c Card) check(luhn bool) error {
	const op = "entry: card"
	bad := func(detail string) error { return fault.New(fault.InvalidCard, op, detail) }
	if len(c.PAN) < 12 || len(c.PAN) > 19 {
		return bad("the PAN must have 12 to 19 digits")
	}
	for _, digit := range c.PAN {
		if digit < '0' || digit > '9' {
			return bad("the PAN must be digits only, without separators")
		}
	}
	switch {
	case luhn && !luhnValid(c.PAN):
		return bad("the PAN's check digit is wrong")
	case c.Expiry != "" && !expiryValid(c.Expiry):
		return bad("expiry must be YYMM")
	case !oneOf(c.Service, "", "FAST_LINE", "LOUNGE"):
		return bad("service must be FAST_LINE or LOUNGE")
	case !oneOf(c.EntryMode, "", "CHIP", "CONTACTLESS", "SWIPE", "MANUAL"):
		return bad("entryMode must be CHIP, CONTACTLESS, SWIPE or MANUAL")
	}
	return nil
}

// luhnValid is the check digit of ISO/IEC 7812-1, annex B.
func luhnValid(pan []byte) bool {
	sum := 0
	for i := range pan {
		d := int(pan[len(pan)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func expiryValid(yymm string) bool {
	if len(yymm) != 4 {
		return false
	}
	for _, c := range []byte(yymm) {
		if c < '0' || c > '9' {
			return false
		}
	}
	month := yymm[2:]
	return month >= "01" && month <= "12"
}

func oneOf(value string, allowed ...string) bool {
	for _, a := range allowed {
		if value == a {
			return true
		}
	}
	return false
}
