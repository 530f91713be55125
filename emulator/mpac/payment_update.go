package mpac

import (
	"database/sql"
	"fmt"
	"net/http"
	"regexp"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// What an app reports of a payment that was processed outside (protocol section 2.5, OPEN).
var reports = map[string]string{processing: process, completed: complete, failed: fail, cancelled: cancel}

var lastFour = regexp.MustCompile(`^[0-9]{4}$`)

// updatePayment answers PATCH: {"status","approval_code","card_last_4","card_slip_number","corr_id","error_code","error_message"}.
func (t *smarttab) updatePayment(tx *sql.Tx, c caller, r request, body strictjson.Object) (int, any, error) {
	var p payment
	if err := loadRow(tx, c, kindPayment, r.id, &p); err != nil {
		return 0, nil, err
	}
	status, ok := body.Text("status")
	event := reports[status]
	if !ok || event == "" {
		return 0, nil, unfit("status must be processing, completed, failed or cancelled")
	}
	if err := p.fillReport(body); err != nil {
		return 0, nil, err
	}
	if p.ProcessingMode == modeGateway {
		return 0, nil, conflict("the payment gateway says how this payment ends")
	}
	var err error
	if p.Status, err = paymentStates.next(p.Status, event); err != nil {
		return 0, nil, err
	}
	p.UpdatedAt = t.now()
	if event != process {
		p.ProcessedAt = &p.UpdatedAt
	}
	if err := saveRow(tx, p.ID, p); err != nil || event != complete {
		return http.StatusOK, p, err
	}
	return http.StatusOK, p, t.tallyPayment(tx, c, p, true)
}

// tallyPayment brings the bill of a payment that was saved up to date.
func (t *smarttab) tallyPayment(tx *sql.Tx, c caller, p payment, paidNow bool) error {
	var b billRow
	if err := loadRow(tx, c, kindBill, p.BillID, &b); err != nil {
		return err
	}
	payments, err := paymentsOf(tx, b.ID)
	if err != nil {
		return err
	}
	return t.tally(tx, c, &b, payments, paidNow)
}

// fillReport takes over what the app knows of the card.
func (p *payment) fillReport(body strictjson.Object) error {
	for name, field := range map[string]struct {
		into **string
		most int
	}{
		"approval_code": {&p.ApprovalCode, 50}, "card_last_4": {&p.CardLast4, 4}, "card_slip_number": {&p.CardSlipNumber, 50}, "corr_id": {&p.CorrID, 100},
		"error_code": {&p.ErrorCode, 50}, "error_message": {&p.ErrorMessage, 255},
	} {
		if !body.Has(name) {
			continue
		}
		text, ok := body.Text(name)
		if !ok || len(text) > field.most || (name == "card_last_4" && !lastFour.MatchString(text)) {
			return unfit(fmt.Sprintf("%s must be text of at most %d characters", name, field.most))
		}
		*field.into = &text
	}
	return nil
}

// refundPayment gives back a completed payment, whole or in parts. A paid bill stays paid; of one that is partial, what was given
// back can be paid again (ours).
func (t *smarttab) refundPayment(tx *sql.Tx, c caller, r request, body strictjson.Object) (int, any, error) {
	var p payment
	if err := loadRow(tx, c, kindPayment, r.id, &p); err != nil {
		return 0, nil, err
	}
	amount, err := yen(body, "amount", 1)
	if err != nil {
		return 0, nil, err
	}
	reason, reasonOK := body.Text("reason")
	staff, staffOK := body.Text("staff_code")
	if !reasonOK || reason == "" || len(reason) > maxReason || !staffOK || staff == "" || len(staff) > maxText {
		return 0, nil, unfit("a refund needs reason, at most 255 characters, and staff_code, at most 50")
	}
	if p.Status, err = paymentStates.next(p.Status, giveBack); err != nil {
		return 0, nil, err
	}
	if amount > p.Amount-p.RefundAmount {
		return 0, nil, conflict("amount is more than what is left of the payment")
	}
	number, err := nextNumber(tx, c, kindRefund)
	if err != nil {
		return 0, nil, err
	}
	now := t.now()
	p.RefundAmount, p.RefundedAt, p.UpdatedAt = p.RefundAmount+amount, &now, now
	back := refund{
		ID: uuid.NewString(), MerchantID: c.merchantID, StoreID: c.storeID, PaymentID: p.ID, IdempotencyKey: r.Header.Get("Idempotency-Key"), Amount: amount,
		Reason: reason, StaffCode: staff, Status: completed, RefundedAt: now, CallerType: c.kind, CallerID: c.id,
	}
	if err := saveRow(tx, p.ID, p); err != nil {
		return 0, nil, err
	}
	if err := t.tallyPayment(tx, c, p, false); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, back, insertRow(tx, c, kindRefund, back.ID, p.ID, number, back)
}
