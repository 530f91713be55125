package entry

import (
	"time"

	"github.com/smartpos-go/terminal/backend/macs"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/offline"
)

// Outcome of a check.
type Outcome string

// Outcomes. Unknown comes only from RequireOnline without an answer.
const (
	Allowed Outcome = "allowed"
	Denied  Outcome = "denied"
	Unknown Outcome = "unknown"
)

// Reason is why a decision is as it is: "server", one of package offline's, or "offline_disabled".
type Reason string

// Reasons beside those of package offline.
const (
	ReasonServer          Reason = "server"
	ReasonOfflineDisabled Reason = "offline_disabled"
)

// Action is what the operator does next.
type Action string

// Actions after a denied check.
const (
	ActionNone             Action = "none"
	ActionPresentCardAgain Action = "present_card_again"
	ActionWait             Action = "wait"
)

// Decision is what a check found.
type Decision struct {
	Outcome Outcome
	Mode    string // offline.Online or offline.Offline: who decided
	Reason  Reason
	Action  Action
	// AccessID, MaxGuests and ExpiresAt of an allowed decision; it can be confirmed until ExpiresAt.
	AccessID  string
	MaxGuests int
	ExpiresAt time.Time
	// Code is the server's refusal, also the one behind recent_refusal.
	Code fault.Code
	// Message is the text for the operator.
	Message string
	// OnlineError is why the online try got no answer.
	OnlineError fault.Code
	// Listed: lists took part; ListVersion and ListAge say which and how old, ListOld that they are past the age to warn at.
	Listed      bool
	ListVersion string
	ListAge     time.Duration
	ListOld     bool
}

// texts for the operator where no server's code has one.
var texts = map[Reason]string{
	Reason(offline.NotListed):     "This card is not on the offline lists.",
	Reason(offline.ListMissing):   "No lists on this terminal yet. Connect it and sync.",
	Reason(offline.ListStale):     "The lists on this terminal are too old. Connect it and sync.",
	Reason(offline.RecentRefusal): "This card was refused within the last 24 hours.",
	Reason(offline.Limit):         "The limit of offline entries is reached. Connect the terminal.",
	ReasonOfflineDisabled:         "Offline checks are not enabled on this terminal.",
}

func allowed(a offline.Access) Decision {
	return Decision{
		Outcome: Allowed, Mode: a.Mode, Reason: Reason(a.Reason), Action: ActionNone,
		AccessID: a.ID, MaxGuests: a.MaxGuests, ExpiresAt: a.ExpiresAt, Message: "Access granted.",
	}
}

func denied(reason Reason) Decision {
	return Decision{Outcome: Denied, Mode: offline.Offline, Reason: reason, Action: ActionNone, Message: texts[reason]}
}

func unknown(code fault.Code) Decision {
	return Decision{Outcome: Unknown, Mode: offline.Online, Action: ActionNone, OnlineError: code, Message: code.Info().Text}
}

func refusal(r *macs.Refused) Decision {
	d := Decision{Outcome: Denied, Mode: offline.Online, Reason: ReasonServer, Action: ActionNone, Code: r.Code, Message: r.Code.Info().Text}
	if !r.Known && r.Message != "" {
		d.Message = r.Message
	}
	switch r.Code { //nolint:exhaustive // two codes name a next step.
	case fault.CardASIFailed:
		d.Action = ActionPresentCardAgain
	case fault.TemporarilyBlocked:
		d.Action = ActionWait
	}
	return d
}

func fromLists(d Decision, found offline.Decision) Decision {
	d.Code = found.RefusalCode
	d.Listed = found.ListVersion != ""
	d.ListVersion, d.ListAge, d.ListOld = found.ListVersion, found.ListAge, found.ListOld
	return d
}
