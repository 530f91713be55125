package intentbridge

import "regexp"

// This file is the wire of the contract. On the vendor's record are the target of the Intent, the names of extras and fields and the
// result's statuses (protocol sections 6.1 and 6.2). Limits of lengths, the corr_id in a result and its form are the defaults of
// section 6, ours.

// Target of the explicit Intent.
const (
	Package = "com.demo.smarttab.creditcard"
	Class   = "com.demo.smarttab.creditcard.MainActivity"
)

// Extras of the Intent and of its result.
const (
	ExtraRequest    = "request"
	ExtraTerminalID = "terminal_id"
	ExtraResult     = "result"
)

// Fields of a request. The mixed spelling is the vendor's.
const (
	fieldCorrID         = "corr_id"
	fieldAmount         = "amount"
	fieldClassification = "classificationCode"
	fieldAuthorization  = "authorizationID"
	fieldTerminalID     = "terminal_id"
)

// Fields of a result; corr_id is one of them too.
const (
	fieldStatus   = "status"
	fieldApproval = "approval_code"
	fieldSlip     = "card_slip_number"
	fieldLast4    = "card_last_4"
	fieldMessage  = "error_message"
)

// Status is how a card payment ended.
type Status string

// The statuses.
const (
	Success   Status = "success"
	Declined  Status = "declined"
	Error     Status = "error"
	Cancelled Status = "cancelled"
)

// Known reports whether a status is one of the four.
func (s Status) Known() bool { return s == Success || s == Declined || s == Error || s == Cancelled }

// MaxText is the longest request or result, in bytes.
const MaxText = 64 << 10

// MaxAmount is the largest amount in yen: what every JSON reader keeps exactly.
const MaxAmount = 1<<53 - 1

const (
	minClassification = 1
	maxClassification = 9
	maxIDText         = 100
	maxMessage        = 255
	maxUnknownFields  = 32
	maxUnknownText    = 200
)

var (
	// corrIDText: the middle part is no classification code on the vendor's own example, so nothing is read from it.
	corrIDText = regexp.MustCompile(`^CORR-[0-9]+-[0-9]{13}$`)
	// codeText is an approval code or a slip number.
	codeText  = regexp.MustCompile(`^[!-~]{1,50}$`)
	last4Text = regexp.MustCompile(`^[0-9]{4}$`)
	// cardNumber must stand in no field of a result, in groups neither.
	cardNumber = regexp.MustCompile(`[0-9](?:[ ./-]?[0-9]){11,}`)
)
