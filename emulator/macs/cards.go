package macs

import (
	"net/http"
	"time"
)

// rule is what the emulated MACS says about a card.
type rule struct {
	maxGuests int
	refuse    *refusal
	wait      time.Duration
	// secondTry: refused at first, allowed when presented again to the same POS within 2 minutes.
	secondTry bool
}

func refuse(status int, code, message string) rule {
	return rule{refuse: &refusal{status, code, message}}
}

// secondTryWithin is how long a card may be presented again (OPEN).
const secondTryWithin = 120 * time.Second

var asiFailed = &refusal{http.StatusPaymentRequired, "CARD_ASI_FAILED", "card status check failed, present the card again"}

// testCards in the manner of card schemes; the README lists them.
var testCards = map[string]rule{
	"5555555555554444": {maxGuests: 3},
	"5105105105105100": {maxGuests: 0},
	"5200000000000015": {refuse: asiFailed},
	"5200000000000023": refuse(http.StatusPaymentRequired, "CARD_AUTH_INSUFFICIENT_FUNDS", "insufficient funds"),
	"5200000000000031": refuse(http.StatusPaymentRequired, "CARD_AMOUNT_AUTH_FAILED", "amount check failed"),
	"5200000000000049": refuse(http.StatusForbidden, "LIMIT_EXCEEDED", "usage limit reached"),
	"5200000000000056": refuse(http.StatusForbidden, "UNMET_REQUIREMENTS", "requirements not met"),
	"5200000000000064": {refuse: errBlocked},
	"5200000000000072": {refuse: errNoRules},
	"5200000000000080": {refuse: errUnknownDevice},
	"5200000000000098": refuse(http.StatusServiceUnavailable, "UNAVAILABLE", "try again later"),
	"5200000000000106": {maxGuests: 2, wait: 30 * time.Second},
	"5200000000000114": {maxGuests: 1, refuse: asiFailed, secondTry: true},
}

var (
	// errBlocked has the vendor's spelling: the only wire value on record.
	errBlocked       = &refusal{http.StatusConflict, "TEMPORARILT_BLOCKED", "finish the open transaction or wait"}
	errNoRules       = &refusal{http.StatusForbidden, "MISSING_ACCESS_RULES", "no rule admits this card here"}
	errUnknownDevice = &refusal{http.StatusForbidden, "UNKNOWN_DEVICE", "this terminal has no location"}
)

// ruleOf finds the rule of a card: a test card, the ranges 51–55 and 2221–2720, or none.
func ruleOf(pan string) rule {
	if r, ok := testCards[pan]; ok {
		return r
	}
	if two, four := pan[:2], pan[:4]; (two >= "51" && two <= "55") || (four >= "2221" && four <= "2720") {
		return rule{maxGuests: 2}
	}
	return rule{refuse: errNoRules}
}
