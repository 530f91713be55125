package journal

import "regexp"

// paymentTokens are the gateway's, wherever they stand: as a field, as Bearer, in a path that was built wrongly.
var paymentTokens = regexp.MustCompile(`pi_[0-9A-Za-z]+_secret_[0-9A-Za-z]*`)
