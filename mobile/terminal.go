package mobile

import (
	"context"

	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/keystore"
	"github.com/smartpos-go/terminal/pairing"
)

// Pair binds the terminal to MACS with an 8-digit pairing code. Answer: {"v":1,"status":"paired","serialNumber",
// "keyFingerprint"}. After a lost answer call it again with the same code. Errors: invalid_code, pairing_code_rejected,
// already_paired, key_rejected, and those of a call without an answer.
func (t *Terminal) Pair(op *Op, code string) (string, error) {
	return t.entryCall("pair", op, func(ctx context.Context) (any, error) {
		if err := t.pairing.Pair(ctx, t.macs, code); err != nil {
			return nil, err
		}
		public, err := t.pairing.PublicKey()
		if err != nil {
			return nil, err
		}
		fingerprint, err := keystore.Fingerprint(public)
		if err != nil {
			return nil, err
		}
		return pairJSON{V: 1, Status: "paired", SerialNumber: t.config.SerialNumber, KeyFingerprint: fingerprint}, nil
	})
}

// Unpair forgets the pairing and its key on this device; entries stay and upload after the next pairing. MACS is not told: an
// operator unpairs the terminal there. Answer: {"v":1,"status":"unpaired"}.
func (t *Terminal) Unpair(op *Op) (string, error) {
	return t.entryCall("unpair", op, func(context.Context) (any, error) {
		return pairJSON{V: 1, Status: "unpaired"}, t.pairing.Unpair()
	})
}

// CheckEntry decides about a card: {"v":1,"pan","expiry"?,"service"?,"entryMode"?,"mode"?}. cardJSON is cleared before the call
// returns. The answer is a verdict; denied and unknown are verdicts, not errors. An allowed verdict is on disk. Errors:
// invalid_card, invalid_request, not_paired, key_lost, not_authorized, protocol_error, storage faults.
func (t *Terminal) CheckEntry(op *Op, cardJSON []byte) (string, error) {
	defer clear(cardJSON)
	return t.entryCall("check entry", op, func(ctx context.Context) (any, error) {
		card, mode, err := readCard(cardJSON)
		defer clear(card.PAN)
		if err != nil {
			return nil, err
		}
		d, err := t.checker.Check(ctx, card, mode)
		if err != nil {
			return nil, err
		}
		return verdict(d), nil
	})
}

// ConfirmEntry makes an allowed verdict an entry with a number of guests. Answer: {"v":1,"outcome":"confirmed|unknown","mode",
// "accessId","guests"}; unknown means MACS gave no answer yet and is asked again by the next ConfirmEntry with the same
// guests, by UploadReports and by RunDue. When it returns the entry, or the intent, is on disk. Errors: access_not_found,
// access_expired, invalid_guests, already_confirmed, not_authorized, protocol_error, storage faults.
func (t *Terminal) ConfirmEntry(op *Op, accessID string, guests int) (string, error) {
	return t.entryCall("confirm entry", op, func(ctx context.Context) (any, error) {
		c, err := t.checker.Confirm(ctx, accessID, guests)
		if err != nil {
			return nil, err
		}
		outcome := "unknown"
		if c.Known {
			outcome = "confirmed"
		}
		return confirmJSON{V: 1, Outcome: outcome, Mode: c.Mode, AccessID: c.AccessID, Guests: c.Guests}, nil
	})
}

// VoidEntry takes an access back until it was uploaded. Answer: {"v":1,"outcome":"voided","accessId"}. Errors:
// access_not_found, already_reported, storage faults.
func (t *Terminal) VoidEntry(op *Op, accessID string) (string, error) {
	return t.entryCall("void entry", op, func(context.Context) (any, error) {
		return voidJSON{V: 1, Outcome: "voided", AccessID: accessID}, t.checker.Void(accessID)
	})
}

// Sync fetches both lists and puts both in force, or neither. Answer: {"v":1,"whitelist","binRanges","changed","listVersion",
// "generatedAt"}. The host hears progress. Errors: not_paired, invalid_list, and those of a call without an answer.
func (t *Terminal) Sync(op *Op) (string, error) {
	return t.entryCall("sync", op, func(ctx context.Context) (any, error) {
		result, err := t.store.Sync(ctx, t.macs, t.out.progress)
		if err != nil {
			return nil, err
		}
		return syncAnswer(result), nil
	})
}

// UploadReports asks again about unanswered confirms and reports offline entries. Answer: {"v":1,"uploaded","quarantined",
// "pending"}. What was answered before an error stays done; call it again later.
func (t *Terminal) UploadReports(op *Op) (string, error) {
	return t.entryCall("upload", op, func(ctx context.Context) (any, error) {
		result, err := t.store.Upload(ctx, t.macs, t.config.online, t.out.progress)
		if err != nil {
			return nil, err
		}
		return uploadAnswer(result), nil
	})
}

// RunDue does what a daily job must: sync when 24 h have passed, upload when something waits, and record results of card payments that
// the backend does not have. Answer: {"v":1,"sync":{…}|null,"upload":{…}|null,"nextSyncDue","cards"?:{"recorded","unrecorded"}}; without
// macs in the configuration sync and upload are null. Errors as those of Sync and UploadReports; the upload is tried although the sync
// failed, and the recording comes before both.
func (t *Terminal) RunDue(op *Op) (string, error) {
	return t.call("run due", op, func(ctx context.Context) (any, error) {
		cards, err := t.cardsDue(ctx)
		switch {
		case err != nil:
			return nil, err
		case t.config.MACS == nil && t.config.Device == nil:
			return nil, fault.New(fault.InvalidConfig, "mobile: run due", "the configuration has neither macs nor device, of which this call needs one")
		case t.config.MACS == nil:
			return dueJSON{V: 1, Cards: cards}, nil
		}
		if err := t.ready(); err != nil && fault.CodeOf(err) == fault.NotPaired {
			return nil, err
		}
		due, err := t.store.RunDue(ctx, t.macs, t.config.online, t.out.progress)
		if err != nil {
			return nil, err
		}
		answer := dueAnswer(due, t.store.Lists().NextSyncDue)
		answer.Cards = cards
		return answer, nil
	})
}

// cardsDue records what the backend does not have yet; nil when there is nothing.
func (t *Terminal) cardsDue(ctx context.Context) (*cardsDueJSON, error) {
	if t.cards == nil {
		return nil, nil
	}
	recorded, left, err := t.cards.RecordDue(ctx, cardRecorder{t.smarttab})
	if err != nil || recorded+left == 0 {
		return nil, err //nolint:wrapcheck // a fault.
	}
	return &cardsDueJSON{Recorded: recorded, Unrecorded: left}, nil
}

// Status is where the terminal stands; it sends nothing. Answer: {"v":1,"state":"unpaired|pending|paired","serialNumber",
// "pending","unknown","quarantined","whitelist","binRanges","listVersion","listAgeSeconds","nextSyncDue","safeToWipe"}; with a
// device also "activation":"none|pending|active|expired" and "unknownCalls":[{"idempotencyKey","method","path","startedAt"}],
// the calls without an answer, for ResolveCall (a damaged one has its key alone), and "unknownCards" and "unrecordedCards", how
// many PendingCardPayments lists.
func (t *Terminal) Status() (string, error) {
	return t.call("status", nil, func(context.Context) (any, error) {
		counts, err := t.store.Counts()
		if err != nil {
			return nil, err
		}
		answer := statusAnswer(t.config.SerialNumber, string(pairing.Unpaired), counts, t.store.Lists())
		if t.pairing != nil {
			answer.State = string(t.pairing.State())
		}
		if t.device == nil {
			return answer, nil
		}
		open, err := t.smarttab.Pending()
		if err != nil {
			return nil, err
		}
		unknown, err := t.cards.Open()
		if err != nil {
			return nil, err
		}
		unrecorded, err := t.cards.Unrecorded()
		if err != nil {
			return nil, err
		}
		answer.withDevice(t.device.Activation(), open, len(unknown), len(unrecorded))
		return answer, nil
	})
}

// Export writes what waits and what is in quarantine to a file of mode 0600 and changes nothing. Answer: {"v":1,"entries","file"}.
func (t *Terminal) Export(op *Op, path string) (string, error) {
	return t.call("export", op, func(context.Context) (any, error) {
		n, err := t.store.Export(path)
		if err != nil {
			return nil, err
		}
		return exportJSON{V: 1, Entries: n, File: path}, nil
	})
}
