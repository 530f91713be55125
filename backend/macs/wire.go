package macs

import (
	"encoding/json"
	"time"
)

// This file is the whole wire of MACS: paths, field names, error codes and headers. Apart from accessId, the PAN hash and
// the codes of protocol section 1.5 nothing of it is on the vendor's record: it is protocol section 1's default, ours, so
// that the vendor's answer is a change of this file alone.

// Paths of the six calls, appended to the base URL. Zero values are the defaults.
type Paths struct {
	Pair, CheckEntry, ConfirmEntry, BINRanges, WhitelistedPANs, OfflineReports string
}

func (p Paths) withDefaults() Paths {
	set := func(path *string, value string) {
		if *path == "" {
			*path = value
		}
	}
	set(&p.Pair, "/pos/pair")
	set(&p.CheckEntry, "/pos/check_entry")
	set(&p.ConfirmEntry, "/pos/confirm_entry")
	set(&p.BINRanges, "/pos/fallback_bin_ranges")
	set(&p.WhitelistedPANs, "/pos/whitelisted_pans")
	set(&p.OfflineReports, "/pos/offline_reports")
	return p
}

// Error codes beside those of protocol section 1.5 (OPEN, ours).
const (
	codeInvalidPairingCode = "INVALID_PAIRING_CODE"
	codeAlreadyPaired      = "ALREADY_PAIRED"
	codeInvalidPublicKey   = "INVALID_PUBLIC_KEY"
	codeAccessForbidden    = "ACCESS_FORBIDDEN"
	codeAccessNotFound     = "ACCESS_NOT_FOUND"
	codeInvalidGuests      = "INVALID_GUESTS"
	codeAlreadyConfirmed   = "ALREADY_CONFIRMED"
)

type pairRequest struct {
	SerialNumber string `json:"serialNumber"`
	PairingCode  string `json:"pairingCode"`
	PublicKey    string `json:"publicKey"` // standard base64 of DER SubjectPublicKeyInfo
}

type pairAnswer struct {
	Status string `json:"status"` // "paired"
}

type checkRequest struct {
	PAN        string `json:"pan"` // 12–19 digits
	ExpiryDate string `json:"expiryDate,omitempty"`
	Service    string `json:"service,omitempty"`
	EntryMode  string `json:"entryMode,omitempty"`
	RequestID  string `json:"requestId,omitempty"` // ours: the same id is the same check
}

type checkAnswer struct {
	AccessID  string `json:"accessId"`
	MaxGuests *int   `json:"maxGuests"`
	ExpiresIn *int   `json:"expiresIn"` // seconds
}

type confirmRequest struct {
	AccessID string `json:"accessId"`
	Guests   int    `json:"guests"`
}

type confirmAnswer struct {
	Status string `json:"status"` // "confirmed"
}

type reportsRequest struct {
	Entries []reportRow `json:"entries"`
}

type reportRow struct {
	EntryID    string `json:"entryId"`
	PANHash    string `json:"panHash"` // 64 lower-case hex
	Guests     int    `json:"guests"`
	Reason     string `json:"reason"`     // WHITELIST or BIN_RANGE
	OccurredAt string `json:"occurredAt"` // RFC 3339 UTC, whole seconds
	RequestID  string `json:"requestId,omitempty"`
}

type reportsAnswer struct {
	Accepted *int `json:"accepted"`
	// Duplicates and Rejected are additions of ours; another server may send neither.
	Duplicates *int          `json:"duplicates"`
	Rejected   []rejectedRow `json:"rejected"`
}

type rejectedRow struct {
	EntryID   string `json:"entryId"`
	ErrorCode string `json:"errorCode"`
	Message   string `json:"message"`
}

type errorAnswer struct {
	ErrorCode string `json:"errorCode"`
	// Message is read apart: whatever a server puts there, the code alone refuses.
	Message json.RawMessage `json:"message"`
}

// defaultHold is how long an access lives when the server does not say (protocol section 1.5, OPEN: 120 s).
const defaultHold = 120 * time.Second
