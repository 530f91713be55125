package pay

import "encoding/json"

// This file is the wire of Pay. The six headers, the form of the date and the error envelope are on the vendor's record (protocol
// sections 8.1, 8.2, 8.4). The call to the Authorization service is open, and so is every freshness window: the default of
// protocol section 8.3, ours, so that the vendor's answer is a change of this file.

// The six headers, all needed on every call.
const (
	HeaderPublicKey = "x-public-key"
	HeaderBuyerIP   = "x-buyer-ip"
	HeaderDate      = "x-date"
	HeaderToken     = "x-token"
	HeaderID        = "x-id"
	HeaderSource    = "x-source"
)

// Channels of x-source. A source that is not listed, such as sales, is sent as given.
const (
	SourceShop       = "shop"
	SourceCP         = "cp"
	SourceStaff      = "staff"
	SourceDirectLink = "directlink"
)

// dateForm is YYYY-MM-DDTHH:MM:SS, without a zone, in UTC.
const dateForm = "2006-01-02T15:04:05"

// errorAnswer is the error envelope.
type errorAnswer struct {
	UUID    *string      `json:"uuid"`
	Message string       `json:"message"`
	Code    *int         `json:"code"`
	TraceID string       `json:"traceId"`
	Errors  []FieldError `json:"errors"`
}

// FieldError says what is wrong with a field, with HTTP 422.
type FieldError struct {
	Field string `json:"field"`
	Title string `json:"title"`
}

// authorizeRequest is what Pay asks the Authorization service (OPEN, ours).
type authorizeRequest struct {
	Headers map[string]string `json:"headers"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
}

// Grant is the Authorization service's consent.
type Grant struct {
	// MerchantCode is whom the request acts for, Source its channel.
	MerchantCode string `json:"merchantCode"`
	Source       string `json:"source"`
}

// Envelope is the form of a success: data, and meta with a type.
type Envelope struct {
	Data json.RawMessage `json:"data"`
	Meta json.RawMessage `json:"meta"`
}
