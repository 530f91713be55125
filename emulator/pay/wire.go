package pay

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"
)

// This file is the wire of the emulated Pay and its Authorization service. On the vendor's record are the six headers, the form of the
// token and the date, the procedure's steps, the statuses of steps d and e and the refusal body (protocol sections 8.1 to 8.4). The
// internal call, the statuses of the other steps and the window of freshness are the defaults of protocol sections 8.2 and 8.3, ours.

// AuthorizePath is where the Authorization service is asked, beside Pay's own paths.
const AuthorizePath = "/authorize"

const (
	headerPublicKey = "x-public-key"
	headerBuyerIP   = "x-buyer-ip"
	headerDate      = "x-date"
	headerToken     = "x-token"
	headerID        = "x-id"
	headerSource    = "x-source"
)

// six are the headers that every call needs.
var six = []string{headerPublicKey, headerBuyerIP, headerDate, headerToken, headerID, headerSource}

const dateForm = "2006-01-02T15:04:05"

// knownSources are the channels; any other value is 400.
var knownSources = map[string]bool{"shop": true, "cp": true, "staff": true, "directlink": true}

// defaultFreshness is how far x-date may be off, either way (OPEN).
const defaultFreshness = 300 * time.Second

// forbidden is the text of every refusal.
const forbidden = "Unauthorized service use is forbidden"

// envelope is the body of an error.
type envelope struct {
	UUID    *string `json:"uuid"`
	Message string  `json:"message"`
	Code    int     `json:"code"`
	TraceID string  `json:"traceId"`
}

// BodyError is what Pay answers to a body that cannot be read or is too large.
const BodyError = `{"uuid":null,"message":"The body could not be read, or is over 1 MiB","code":0,"traceId":"00000000000000000000000000000000"}`

func refuse(w http.ResponseWriter, status int, message string) {
	var trace [16]byte
	_, _ = rand.Read(trace[:]) // never fails
	answer(w, status, envelope{Message: message, TraceID: hex.EncodeToString(trace[:])})
}

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(BodyError)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client may hang up
}
