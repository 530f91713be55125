package mobile

import (
	"encoding/json"

	"github.com/smartpos-go/terminal/fault"
)

// version of the library; the CHANGELOG has the same.
const version = "0.1.0"

// Version of the library, semantic.
func Version() string { return version }

// ErrorCode is the stable code of an error that a method of this package gave: Kotlin hands the caught exception back. An error
// of another origin is "internal"; nil is "".
func ErrorCode(err error) string { return string(fault.CodeOf(err)) }

// errorInfo is the JSON of ErrorInfo.
type errorInfo struct {
	V            int         `json:"v"`
	Code         fault.Code  `json:"code"`
	Message      string      `json:"message"`
	Text         string      `json:"text"`
	I18nKey      string      `json:"i18nKey"`
	Actor        fault.Actor `json:"actor"`
	Retryable    bool        `json:"retryable"`
	NeedsNetwork bool        `json:"needsNetwork"`
}

// ErrorInfo is what to do about an error, as JSON: {"v":1,"code","message","text","i18nKey","actor","retryable",
// "needsNetwork"}. message is for developers, text for the operator's screen. nil is "".
func ErrorInfo(err error) string {
	if err == nil {
		return ""
	}
	info := fault.CodeOf(err).Info()
	encoded, _ := json.Marshal(errorInfo{ //nolint:errchkjson // strings and booleans only.
		V: 1, Code: info.Code, Message: err.Error(), Text: info.Text, I18nKey: info.I18nKey(),
		Actor: info.Actor, Retryable: info.Retryable, NeedsNetwork: info.NeedsNetwork,
	})
	return string(encoded)
}
