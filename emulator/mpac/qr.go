package mpac

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// A QR payment is processed by the payment gateway: svc-smarttab makes a PaymentIntent for it, hands its token to the terminal, and
// follows it until it ends.

// qrLife is how long a QR payment without a PaymentIntent waits for its caller to ask again: as long as a PaymentIntent lives.
const qrLife = 30 * time.Minute

// handedOver is the answer to a QR payment. The token is in no row.
type handedOver struct {
	payment
	PaymentToken string `json:"payment_token"`
	ExpiresIn    int64  `json:"expires_in"`
}

// pay answers POST /payments. The payment is on disk before the gateway is asked; the same Idempotency-Key asks it again.
func (t *smarttab) pay(w http.ResponseWriter, r request) error {
	status, text, err := t.written(true, t.createPayment, r)
	if err != nil {
		return err
	}
	var p payment
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("emulator: payment: %w", err)
	}
	if p.ProcessingMode != modeGateway {
		answerText(w, status, text)
		return nil
	}
	defer t.lookNow() // also after a refusal: nobody may ask again
	handed, err := t.handOver(r.Context(), callerOf(r.Header), p)
	if err != nil {
		return err
	}
	answer(w, status, handed)
	return nil
}

func (t *smarttab) handOver(ctx context.Context, c caller, p payment) (handedOver, error) {
	var b billRow
	if err := t.state.Do(func(tx *sql.Tx) error {
		if _, err := t.payable(tx, c, p.ID); err != nil {
			return err
		}
		return loadRow(tx, c, kindBill, p.BillID, &b)
	}); err != nil {
		return handedOver{}, err
	}
	made, gatewayErr := t.road.create(ctx, p, b.orders()[0])
	if unanswered(gatewayErr) {
		return handedOver{}, gatewayErr
	}
	var told []string
	err := t.state.Do(func(tx *sql.Tx) (err error) {
		now, err := t.payable(tx, c, p.ID)
		if err != nil || now.PaymentIntentID != nil {
			return err
		}
		if gatewayErr != nil {
			told, err = t.end(tx, c, &now, intent{Status: failed})
			return err
		}
		now.PaymentIntentID, now.UpdatedAt = &made.ID, t.now()
		return saveRow(tx, now.ID, now)
	})
	if err == nil {
		t.channel.wake(told...)
		err = gatewayErr
	}
	if err != nil {
		return handedOver{}, err
	}
	p.PaymentIntentID = &made.ID
	out := handedOver{payment: p, PaymentToken: made.PaymentToken}
	if expires, err := time.Parse(time.RFC3339, made.ExpiresAt); err == nil {
		out.ExpiresIn = max(int64(expires.Sub(t.clock.Now())/time.Second), 0)
	}
	return out, nil
}

// payable loads a payment for its token. One that ended before it had a PaymentIntent gets none: nobody would follow it, and its bill
// may be paid otherwise.
func (t *smarttab) payable(tx *sql.Tx, c caller, id string) (p payment, err error) {
	if err := loadRow(tx, c, kindPayment, id, &p); err != nil {
		return payment{}, err
	}
	if p.PaymentIntentID == nil && p.Status != pending && p.Status != processing {
		return payment{}, conflict("this payment is " + p.Status + "; begin another one")
	}
	return p, nil
}

// ends are the events that states of a PaymentIntent are for its payment (protocol section 4.5 and conflict C6).
var ends = map[string]string{"processing": process, "succeeded": complete, "failed": fail, "cancelled": cancel}

// end moves a payment as its PaymentIntent moved, and gives the devices that are told; one that is there already, or has ended, stays.
func (t *smarttab) end(tx *sql.Tx, c caller, p *payment, i intent) (told []string, err error) {
	event, known := ends[i.Status]
	to, err := paymentStates.next(p.Status, event)
	if !known || err != nil {
		return nil, nil //nolint:nilerr // the machine says that there is nothing to move.
	}
	p.Status, p.UpdatedAt = to, t.now()
	if i.TransactionID != "" {
		p.TransactionID = &i.TransactionID
	}
	if i.CancellationReason != "" {
		p.ErrorCode = &i.CancellationReason
	}
	if i.LastError != nil {
		p.ErrorCode, p.ErrorMessage = &i.LastError.Code, &i.LastError.Message
	}
	if event != process {
		p.ProcessedAt = &p.UpdatedAt
		if _, err := tx.Exec("DELETE FROM mpac_qr WHERE payment_id = ?", p.ID); err != nil {
			return nil, err
		}
	}
	if err := saveRow(tx, p.ID, p); err != nil {
		return nil, err
	}
	if told, err = t.tell(tx, *p); err != nil || event != complete {
		return told, err
	}
	return told, t.tallyPayment(tx, c, *p, true)
}
