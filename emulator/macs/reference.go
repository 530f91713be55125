package macs

import "strings"

// OfflineDecision is the offline rule of protocol section 1.4, written as it is said there: the whitelist first, then each
// range in turn with both bounds padded. It is the reference that the library's fast one is compared with.
func OfflineDecision(secret string, hashes map[string]bool, ranges []BINRange, pan string) (allowed bool, reason string) {
	s := Server{secret: secret}
	if hashes[s.hashPAN(pan)] {
		return true, "whitelist"
	}
	padded := pad(pan, "0")
	for _, r := range ranges {
		if pad(r.From, "0") <= padded && padded <= pad(r.To, "9") {
			return true, "bin_range"
		}
	}
	return false, "not_listed"
}

// pad fills up to the 19 digits of the longest PAN.
func pad(digits, with string) string { return digits + strings.Repeat(with, max(0, 19-len(digits))) }

// GoodRange reports whether both bounds have 1 to 19 digits and from is not above to.
func (r BINRange) GoodRange() bool {
	for _, bound := range []string{r.From, r.To} {
		if len(bound) < 1 || len(bound) > 19 || strings.Trim(bound, "0123456789") != "" {
			return false
		}
	}
	return pad(r.From, "0") <= pad(r.To, "9")
}
