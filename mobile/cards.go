package mobile

import (
	"context"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/intentbridge"
)

// EncodeCardRequest writes a card payment down and gives the Intent for the Credit Card App: {"v":1,"amount","classificationCode",
// "authorizationID","paymentId"?}, amount in yen, paymentId of the backend's payment that the result belongs to. Answer: {"v":1,
// "corrId","package","class","extras":{"request","terminal_id"}}, all extras strings. Check the app of that package before, and start
// it with an explicit Intent after. Errors: invalid_amount, invalid_request, not_activated; conflict for a paymentId that was handed over
// and has no result yet, already_resolved for one that has its result; storage faults.
func (t *Terminal) EncodeCardRequest(op *Op, requestJSON string) (string, error) {
	return t.deviceCall("encode card request", op, func(context.Context) (any, error) {
		request, paymentID, err := readCardRequest(requestJSON)
		if err != nil {
			return nil, err
		}
		identity, err := t.device.Identity()
		if err != nil {
			return nil, err
		}
		request.TerminalID = socketDevice(identity)
		launch, err := t.cards.Begin(request, paymentID)
		if err != nil {
			return nil, err
		}
		return launchAnswer(launch), nil
	})
}

// DecodeCardResult closes a card payment with what the Credit Card App gave back: resultCode "ok" or "cancelled" for RESULT_OK and
// RESULT_CANCELED, anything else for another; resultJSON the extra "result", "" when there is none; corrID the request, "" for the one
// that is open. Answer: {"v":1,"corrId","status":"success|declined|error|cancelled","approvalCode","cardSlipNumber","cardLast4",
// "errorMessage","paymentId"?,"unknown"?}, null for what there is not. With a paymentId the result is recorded at the backend from now
// on; RecordCardResult tells whether it is. Errors, after which the payment is still open: card_app_result_invalid,
// foreign_corr_id, payment_unknown, already_resolved, storage faults.
func (t *Terminal) DecodeCardResult(op *Op, corrID, resultCode, resultJSON string) (string, error) {
	return t.deviceCall("decode card result", op, func(context.Context) (any, error) {
		p, err := t.cards.Settle(corrID, intentbridge.ResultCode(resultCode), []byte(resultJSON))
		if err != nil {
			return nil, err
		}
		t.recordSoon()
		return cardResultAnswer(p), nil
	})
}

// PendingCardPayments lists the card payments whose result is not known, also over a restart: ask the operator, who has the slip, and
// do not charge the card again before. Behind them stand those that the backend does not have yet. Answer: {"v":1,"pending":[{"corrId",
// "amount","state":"unknown","startedAt","paymentId"?}],"unrecorded":[{"corrId","amount","status","paymentId","closedAt","code"?}]};
// code says why the backend does not have it.
func (t *Terminal) PendingCardPayments(op *Op) (string, error) {
	return t.deviceCall("pending card payments", op, func(context.Context) (any, error) {
		open, err := t.cards.Open()
		if err != nil {
			return nil, err
		}
		unrecorded, err := t.cards.Unrecorded()
		if err != nil {
			return nil, err
		}
		return pendingCardsAnswer(open, unrecorded), nil
	})
}

// ResolveCardPayment closes a card payment by the operator's word: "success", "declined", "error" or "cancelled". Answer: {"v":1,
// "corrId","status"}. With a paymentId it is recorded as DecodeCardResult says. Errors: invalid_request, payment_unknown, already_resolved,
// storage faults.
func (t *Terminal) ResolveCardPayment(op *Op, corrID, status string) (string, error) {
	return t.deviceCall("resolve card payment", op, func(context.Context) (any, error) {
		p, err := t.cards.Resolve(corrID, intentbridge.Status(status))
		if err != nil {
			return nil, err
		}
		t.recordSoon()
		return resolvedCardJSON{V: 1, CorrID: p.CorrID, Status: p.Result.Status}, nil
	})
}

// RecordCardResult records the result of a card payment in a payment of the backend; paymentID "" is the one that EncodeCardRequest was
// given. It is on disk first, and what gets no answer is tried again by RunDue, by NetworkAvailable and when the channel comes online,
// until the backend has it. Answer: {"v":1,"corrId","paymentId","status","outcome":"recorded|waiting","code"?}; code says why it
// waits. Errors: outcome_unknown for a card payment without a result, payment_unknown, already_resolved, conflict, not_found and
// protocol_error when the backend refuses it, after which another paymentID may be named, those of DeviceToken, storage faults.
func (t *Terminal) RecordCardResult(op *Op, corrID, paymentID string) (string, error) {
	return t.deviceCall("record card result", op, func(ctx context.Context) (any, error) {
		p, err := t.cards.Record(ctx, corrID, paymentID, cardRecorder{t.smarttab})
		code := fault.CodeOf(err)
		waits := p.State == intentbridge.Recording && code != fault.Cancelled && code.Info().Retryable
		if err != nil && !waits {
			return nil, err
		}
		return recordAnswer(p, code), nil
	})
}

// recordSoon records in the background what the backend does not have yet.
func (t *Terminal) recordSoon() {
	if t.cards == nil {
		return
	}
	open, err := t.cards.Unrecorded()
	if err != nil || len(open) == 0 || !t.recording.CompareAndSwap(false, true) {
		return
	}
	const name = "record card results"
	if t.begin(name) != nil {
		t.recording.Store(false)
		return
	}
	go func() {
		defer t.ended()
		defer t.recording.Store(false)
		var err error
		defer recovered("mobile: "+name, &err)
		recorded, left, err := t.cards.RecordDue(t.life, cardRecorder{t.smarttab})
		t.log.Info("card results", "recorded", recorded, "left", left, "error", err)
	}()
}

// cardRecorder records card payments at svc-smarttab.
type cardRecorder struct{ smarttab *mpac.Smarttab }

// outcomes are what a payment of the backend becomes (protocol section 6.2).
var outcomes = map[intentbridge.Status]mpac.PaymentStatus{
	intentbridge.Success: mpac.PaymentCompleted, intentbridge.Declined: mpac.PaymentFailed, intentbridge.Error: mpac.PaymentFailed,
	intentbridge.Cancelled: mpac.PaymentCancelled,
}

// RecordCard updates the payment's row. A conflict is none when the row has this very result: the answer of the first time was lost, by
// a backend that keeps no idempotency keys of updates.
func (r cardRecorder) RecordCard(ctx context.Context, paymentID string, p intentbridge.Payment, key string) error {
	want := mpac.CardOutcome{
		Status: outcomes[p.Result.Status], ApprovalCode: p.Result.ApprovalCode, CardLast4: p.Result.CardLast4,
		CardSlipNumber: p.Result.CardSlipNumber, CorrID: p.CorrID,
	}
	_, err := r.smarttab.UpdatePayment(ctx, paymentID, want, key)
	if fault.CodeOf(err) != fault.Conflict {
		return err //nolint:wrapcheck // a fault.
	}
	row, readErr := r.smarttab.Payment(ctx, paymentID)
	if readErr == nil && row.CorrID == want.CorrID && (row.Status == want.Status || paidBack(want, row)) {
		return nil
	}
	return err //nolint:wrapcheck // a fault.
}

// paidBack reports whether a payment was completed as wanted and refunded since.
func paidBack(want mpac.CardOutcome, row mpac.Payment) bool {
	return want.Status == mpac.PaymentCompleted && row.Status == mpac.PaymentRefunded
}
