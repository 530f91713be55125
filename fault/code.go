package fault

import "strings"

// Code names a fault. The zero value is no fault. A Code is an error itself, so that errors.Is(err, fault.NotPaired)
// works on any chain that holds a [Fault] of that code.
type Code string

// Error is the code itself.
func (c Code) Error() string { return string(c) }

// Actor says who must act on a fault.
type Actor string

// Who must act.
const (
	// Operator: the person at the terminal or in the admin panel.
	Operator Actor = "operator"
	// Developer: whoever wrote the app or set its parameters.
	Developer Actor = "developer"
	// Nobody: it passes by itself, or is the outcome that was asked for.
	Nobody Actor = "nobody"
)

// Faults of the library.
const (
	InvalidCard         Code = "invalid_card"
	InvalidCode         Code = "invalid_code"
	PairingCodeRejected Code = "pairing_code_rejected"
	AlreadyPaired       Code = "already_paired"
	KeyRejected         Code = "key_rejected"
	NotPaired           Code = "not_paired"
	KeyLost             Code = "key_lost"
	TLSUntrusted        Code = "tls_untrusted"
	ClockWrong          Code = "clock_wrong"
	NetworkUnavailable  Code = "network_unavailable"
	Timeout             Code = "timeout"
	ServerError         Code = "server_error"
	RateLimited         Code = "rate_limited"
	BadResponse         Code = "bad_response"
	ProtocolError       Code = "protocol_error"
	NotAuthorized       Code = "not_authorized"
	AccessNotFound      Code = "access_not_found"
	AccessExpired       Code = "access_expired"
	InvalidGuests       Code = "invalid_guests"
	AlreadyConfirmed    Code = "already_confirmed"
	AlreadyReported     Code = "already_reported"
	DataDirLocked       Code = "data_dir_locked"
	StorageFull         Code = "storage_full"
	StorageReadOnly     Code = "storage_read_only"
	StorageDamaged      Code = "storage_damaged"
	InvalidConfig       Code = "invalid_config"
	InvalidList         Code = "invalid_list"
	InvalidRequest      Code = "invalid_request"
	Cancelled           Code = "cancelled"
	Closed              Code = "closed"
	Internal            Code = "internal"

	NotActivated         Code = "not_activated"
	ActivationExpired    Code = "activation_expired"
	TokenRefused         Code = "token_refused"
	DeviceSuspended      Code = "device_suspended"
	DeviceDecommissioned Code = "device_decommissioned"
	ScopeMissing         Code = "scope_missing"
	Conflict             Code = "conflict"
	NotFound             Code = "not_found"
	Replaced             Code = "replaced"
	OutcomeUnknown       Code = "outcome_unknown"

	PaymentUnknown       Code = "payment_unknown"
	PaymentExpired       Code = "payment_expired"
	InvalidAmount        Code = "invalid_amount"
	TokenInvalid         Code = "token_invalid"
	CardAppResultInvalid Code = "card_app_result_invalid"
	ForeignCorrID        Code = "foreign_corr_id"
	AlreadyResolved      Code = "already_resolved"
)

// Faults of the POS Event Stream.
const (
	AddressUnavailable  Code = "address_unavailable"
	RegistrationRefused Code = "registration_refused"
	MessageInvalid      Code = "message_invalid"
	DecryptFailed       Code = "decrypt_failed"
	ListenerSlow        Code = "listener_slow"
	ListenerFailed      Code = "listener_failed"
)

// Refusals of MACS check_entry, protocol section 1.5, under the server's names.
const (
	CardASIFailed             Code = "CARD_ASI_FAILED"
	CardAuthInsufficientFunds Code = "CARD_AUTH_INSUFFICIENT_FUNDS"
	CardAmountAuthFailed      Code = "CARD_AMOUNT_AUTH_FAILED"
	LimitExceeded             Code = "LIMIT_EXCEEDED"
	UnmetRequirements         Code = "UNMET_REQUIREMENTS"
	TemporarilyBlocked        Code = "TEMPORARILY_BLOCKED"
	MissingAccessRules        Code = "MISSING_ACCESS_RULES"
	UnknownDevice             Code = "UNKNOWN_DEVICE"
)

// misspelt is TEMPORARILY_BLOCKED as the vendor's page prints it, the only wire value on record.
const misspelt = "TEMPORARILT_BLOCKED"

// Refusal reads a server's refusal code. Both spellings of TEMPORARILY_BLOCKED are one code. known is false for a code
// that is not in protocol section 1.5: it is passed through as it came, with the server's own text.
func Refusal(serverCode string) (code Code, known bool) {
	if serverCode == misspelt {
		return TemporarilyBlocked, true
	}
	code = Code(serverCode)
	info, listed := table[code]
	return code, listed && info.Refusal
}

// Info says what a code means and what to do about it.
type Info struct {
	// Code is the code itself.
	Code Code
	// Meaning is one sentence for developers.
	Meaning string
	// Refusal is true for the codes MACS refuses a card with; they come in a verdict, not as an error.
	Refusal bool
	// Retryable: the same call can succeed later without anybody changing anything.
	Retryable bool
	// Actor is who must act.
	Actor Actor
	// NeedsNetwork: the way out needs a working network.
	NeedsNetwork bool
	// Text is the default English text for the terminal's screen.
	Text string
}

// I18nKey is the key of the text in an app's translations: "fault." and the code in lower case.
func (i Info) I18nKey() string { return "fault." + strings.ToLower(string(i.Code)) }

// Info is the row of the table; an unlisted code, such as one a newer server sends, gets a row that says so.
func (c Code) Info() Info {
	if info, ok := table[c]; ok {
		return info
	}
	return Info{Code: c, Meaning: "A code this version does not know.", Actor: Operator, Text: "Not accepted (" + string(c) + ")."}
}

// All lists every row in the order of the table: library faults first, then the refusals of MACS.
func All() []Info {
	all := make([]Info, len(rows))
	copy(all, rows)
	return all
}
