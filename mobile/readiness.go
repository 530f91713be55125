package mobile

import (
	"context"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/offline"
	"github.com/smartpos-go/terminal/pairing"
)

// clockWarning is how far the device's clock may be off before readiness says so.
const clockWarning = time.Minute

// finding is one line of the self-test. Severity is "ok", "warning" or "blocking".
type finding struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty"`
}

type readinessJSON struct {
	V        int       `json:"v"`
	Ready    bool      `json:"ready"`
	Findings []finding `json:"findings"`
}

func ok(code, message string) finding { return finding{Code: code, Severity: "ok", Message: message} }

func warning(code, message, fix string) finding {
	return finding{Code: code, Severity: "warning", Message: message, Fix: fix}
}

func blocking(code, message, fix string) finding {
	return finding{Code: code, Severity: "blocking", Message: message, Fix: fix}
}

// Readiness tests pairing, key, server, lists, clock and journal, and says how to mend what is wrong. It sends one signed request
// when the terminal is paired. Answer: {"v":1,"ready","findings":[{"code","severity":"ok|warning|blocking","message",
// "fix"}]}; ready means that no finding is blocking.
func (t *Terminal) Readiness(op *Op) (string, error) {
	return t.call("readiness", op, func(ctx context.Context) (any, error) {
		counts, err := t.store.Counts()
		if err != nil {
			return nil, err
		}
		answer := readinessJSON{V: 1, Ready: true}
		paired := t.pairingFinding()
		answer.Findings = append(answer.Findings, paired)
		if paired.Severity == "ok" {
			answer.Findings = append(answer.Findings, t.serverFinding(ctx))
		}
		answer.Findings = append(answer.Findings, t.listFinding(), t.clockFinding()) // the server's Date has moved the clock by now
		answer.Findings = append(answer.Findings, t.journalFindings(counts)...)
		for _, f := range answer.Findings {
			answer.Ready = answer.Ready && f.Severity != "blocking"
		}
		return answer, nil
	})
}

func (t *Terminal) pairingFinding() finding {
	if t.pairing.State() == pairing.Pending {
		return blocking("pairing_pending", "The server's answer to the pairing was lost.", "Pair again with the same code.")
	}
	switch err := t.ready(); fault.CodeOf(err) {
	case "":
		return ok("paired", "The terminal is paired.")
	case fault.NotPaired:
		return blocking("not_paired", "The terminal is not paired.", "Get a pairing code in the admin panel and pair the terminal.")
	default:
		return blocking("key_lost", "The terminal's key cannot be used.", fault.KeyLost.Info().Text)
	}
}

func (t *Terminal) serverFinding(ctx context.Context) finding {
	ctx, cancel := context.WithTimeout(ctx, t.config.online)
	defer cancel()
	list, err := t.macs.BINRanges(ctx, "")
	if err == nil {
		_ = list.Body.Close()
		return ok("server", "The server answers and accepts this terminal.")
	}
	info := fault.CodeOf(err).Info()
	if info.Code == fault.NotAuthorized {
		return blocking(string(info.Code), info.Meaning, info.Text)
	}
	return warning(string(info.Code), info.Meaning, info.Text+" Check the network; until the server answers entries are decided offline.")
}

func (t *Terminal) listFinding() finding {
	lists := t.store.Lists()
	age := lists.Age.Round(time.Minute)
	switch {
	case !lists.Present:
		return warning("list_missing", "There are no lists for offline decisions.", "Sync the terminal.")
	case lists.Stale:
		return warning("list_stale", fmt.Sprintf("The lists are %v old and decide nothing any more.", age), "Sync the terminal.")
	case lists.Old:
		return warning("list_old", fmt.Sprintf("The lists are %v old.", age), "Sync the terminal; check that the daily job runs.")
	}
	return ok("lists", fmt.Sprintf("The lists are %v old: %d hashes, %d BIN ranges.", age, lists.Whitelist, lists.BINRanges))
}

func (t *Terminal) clockFinding() finding {
	status := t.store.Clock().Status()
	const fix = "Set date and time of the device, best to automatic."
	switch {
	case status.MovedBack:
		return warning("clock_moved_back", "The device's clock stands before a time that was already reached.", fix)
	case status.Offset.Abs() > clockWarning:
		return warning("clock_off", fmt.Sprintf("The device's clock is %v off the server's.", status.Offset.Abs().Round(time.Second)), fix)
	}
	if !status.Observed {
		return warning("clock_unconfirmed", "The device's clock was not compared with the server's since the terminal was opened.",
			"Connect the terminal; without network see that date and time of the device are right.")
	}
	return ok("clock", "The device's clock agrees with the server's.")
}

func (t *Terminal) journalFindings(counts offline.Counts) []finding {
	health := t.store.Health()
	var found []finding
	if health.Lost {
		found = append(found, warning("journal_lost", "The stored journal was gone when the terminal was opened; what waited in it is lost.", "Contact support."))
	}
	if health.Missing > 0 {
		found = append(found, warning("journal_incomplete", fmt.Sprintf("%d stored entries are missing.", health.Missing), "Export the journal and contact support."))
	}
	if health.Unverified > 0 {
		found = append(found, warning("journal_unverified", fmt.Sprintf("%d entries were stored under a key that is lost.", health.Unverified), "Upload them; they are taken as they are."))
	}
	if counts.Quarantined > 0 {
		found = append(found, warning("quarantine", fmt.Sprintf("%d entries were refused or are damaged.", counts.Quarantined), "Export them and contact support."))
	}
	if counts.Unknown > 0 {
		found = append(found, warning("unknown_confirms", fmt.Sprintf("%d confirmed entries have no answer from the server yet.", counts.Unknown), "Connect the terminal and upload."))
	}
	if counts.Pending > 0 {
		found = append(found, warning("pending", fmt.Sprintf("%d offline entries wait for upload.", counts.Pending), "Connect the terminal and upload."))
	}
	if len(found) == 0 {
		found = append(found, ok("journal", "Nothing waits for upload."))
	}
	return found
}
