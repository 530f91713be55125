package mobile

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/smartpos-go/terminal/entry"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/offline"
)

// cardJSON is the request of CheckEntry. The PAN stays bytes, so that it can be cleared.
type cardJSON struct {
	V         int             `json:"v"`
	PAN       json.RawMessage `json:"pan"`
	Expiry    string          `json:"expiry"`
	Service   string          `json:"service"`
	EntryMode string          `json:"entryMode"`
	Mode      string          `json:"mode"`
}

// readCard decodes a card. No error of it holds a value of the card.
func readCard(text []byte) (entry.Card, entry.Mode, error) {
	const op = "mobile: card"
	var c cardJSON
	if err := json.Unmarshal(text, &c); err != nil {
		return entry.Card{}, "", fault.New(fault.InvalidRequest, op, jsonProblem(err))
	}
	if c.V != 1 {
		return entry.Card{}, "", fault.New(fault.InvalidRequest, op, `"v" must be 1`)
	}
	defer clear(c.PAN)
	inner, quoted := bytes.CutPrefix(c.PAN, []byte{'"'})
	inner, closed := bytes.CutSuffix(inner, []byte{'"'})
	if !quoted || !closed {
		return entry.Card{}, "", fault.New(fault.InvalidCard, op, "pan must be a string of digits")
	}
	return entry.Card{PAN: bytes.Clone(inner), Expiry: c.Expiry, Service: c.Service, EntryMode: c.EntryMode}, entry.Mode(c.Mode), nil
}

type pairJSON struct {
	V              int    `json:"v"`
	Status         string `json:"status"`
	SerialNumber   string `json:"serialNumber,omitempty"`
	KeyFingerprint string `json:"keyFingerprint,omitempty"`
}

type verdictJSON struct {
	V              int           `json:"v"`
	Outcome        entry.Outcome `json:"outcome"`
	Mode           string        `json:"mode"`
	AccessID       string        `json:"accessId,omitempty"`
	MaxGuests      *int          `json:"maxGuests,omitempty"`
	Reason         entry.Reason  `json:"reason,omitempty"`
	Code           fault.Code    `json:"code,omitempty"`
	Message        string        `json:"message"`
	Action         entry.Action  `json:"action"`
	OnlineError    fault.Code    `json:"onlineError,omitempty"`
	ListVersion    string        `json:"listVersion,omitempty"`
	ListAgeSeconds *float64      `json:"listAgeSeconds,omitempty"`
	ListOld        bool          `json:"listOld,omitempty"`
	ExpiresAt      string        `json:"expiresAt,omitempty"`
}

func verdict(d entry.Decision) verdictJSON {
	v := verdictJSON{
		V: 1, Outcome: d.Outcome, Mode: d.Mode, AccessID: d.AccessID, Reason: d.Reason, Code: d.Code, Message: d.Message,
		Action: d.Action, OnlineError: d.OnlineError,
	}
	if d.Outcome == entry.Allowed {
		v.MaxGuests, v.ExpiresAt = &d.MaxGuests, rfc3339(d.ExpiresAt)
	}
	if d.Listed {
		age := seconds(d.ListAge)
		v.ListVersion, v.ListAgeSeconds, v.ListOld = d.ListVersion, &age, d.ListOld
	}
	return v
}

type confirmJSON struct {
	V        int    `json:"v"`
	Outcome  string `json:"outcome"`
	Mode     string `json:"mode"`
	AccessID string `json:"accessId"`
	Guests   int    `json:"guests"`
}

type voidJSON struct {
	V        int    `json:"v"`
	Outcome  string `json:"outcome"`
	AccessID string `json:"accessId"`
}

type syncJSON struct {
	V           int    `json:"v"`
	Whitelist   int64  `json:"whitelist"`
	BINRanges   int64  `json:"binRanges"`
	Changed     bool   `json:"changed"`
	ListVersion string `json:"listVersion"`
	GeneratedAt string `json:"generatedAt,omitempty"`
}

func syncAnswer(r offline.SyncResult) syncJSON {
	return syncJSON{V: 1, Whitelist: r.Whitelist, BINRanges: r.BINRanges, Changed: r.Changed, ListVersion: r.Version, GeneratedAt: r.GeneratedAt}
}

type uploadJSON struct {
	V           int `json:"v"`
	Uploaded    int `json:"uploaded"`
	Quarantined int `json:"quarantined"`
	Pending     int `json:"pending"`
}

func uploadAnswer(r offline.UploadResult) uploadJSON {
	return uploadJSON{V: 1, Uploaded: r.Uploaded, Quarantined: r.Quarantined, Pending: r.Pending}
}

type dueJSON struct {
	V           int         `json:"v"`
	Sync        *syncJSON   `json:"sync"`
	Upload      *uploadJSON `json:"upload"`
	NextSyncDue string      `json:"nextSyncDue,omitempty"`
	// Cards is there when results of card payments were, or are, to be recorded.
	Cards *cardsDueJSON `json:"cards,omitempty"`
}

type cardsDueJSON struct {
	Recorded   int `json:"recorded"`
	Unrecorded int `json:"unrecorded"`
}

func dueAnswer(r offline.DueResult, next time.Time) dueJSON {
	answer := dueJSON{V: 1, NextSyncDue: rfc3339(next)}
	if r.Sync != nil {
		part := syncAnswer(*r.Sync)
		answer.Sync = &part
	}
	if r.Upload != nil {
		part := uploadAnswer(*r.Upload)
		answer.Upload = &part
	}
	return answer
}

type statusJSON struct {
	V              int      `json:"v"`
	State          string   `json:"state"`
	SerialNumber   string   `json:"serialNumber"`
	Pending        int      `json:"pending"`
	Unknown        int      `json:"unknown"`
	Quarantined    int      `json:"quarantined"`
	Whitelist      int64    `json:"whitelist"`
	BINRanges      int64    `json:"binRanges"`
	ListVersion    string   `json:"listVersion,omitempty"`
	ListAgeSeconds *float64 `json:"listAgeSeconds,omitempty"`
	NextSyncDue    string   `json:"nextSyncDue"`
	SafeToWipe     bool     `json:"safeToWipe"`

	// With a device.
	Activation   string            `json:"activation,omitempty"`
	UnknownCalls []unknownCallJSON `json:"unknownCalls,omitzero"`
	// Card payments without a known result, and those whose result the backend does not have.
	UnknownCards    *int `json:"unknownCards,omitempty"`
	UnrecordedCards *int `json:"unrecordedCards,omitempty"`
}

func statusAnswer(sn, state string, counts offline.Counts, lists offline.ListStatus) statusJSON {
	s := statusJSON{
		V: 1, State: state, SerialNumber: sn, Pending: counts.Pending, Unknown: counts.Unknown, Quarantined: counts.Quarantined,
		Whitelist: lists.Whitelist, BINRanges: lists.BINRanges, ListVersion: lists.Version, NextSyncDue: rfc3339(lists.NextSyncDue),
		SafeToWipe: counts.SafeToWipe(),
	}
	if lists.Present {
		age := seconds(lists.Age)
		s.ListAgeSeconds = &age
	}
	return s
}

type exportJSON struct {
	V       int    `json:"v"`
	Entries int    `json:"entries"`
	File    string `json:"file"`
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// seconds with milliseconds.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
