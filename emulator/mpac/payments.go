package mpac

import (
	"database/sql"
	"net/http"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// yen reads an amount; absent is 0 where it may be.
func yen(body strictjson.Object, name string, least int64) (int64, error) {
	if !body.Has(name) && least == 0 {
		return 0, nil
	}
	amount, ok := body.Integer(name)
	if !ok || amount < least || amount > maxAmount {
		return 0, unfit(name + " must be whole yen, at least " + map[bool]string{true: "1", false: "0"}[least > 0])
	}
	return amount, nil
}

// readPayment reads a payment request.
func readPayment(body strictjson.Object) (p payment, err error) {
	var billOK, methodOK bool
	p.BillID, billOK = body.Text("bill_id")
	p.PaymentMethod, methodOK = body.Text("payment_method")
	p.ProcessingMode = modes[p.PaymentMethod]
	if !billOK || !methodOK || p.ProcessingMode == "" {
		return p, unfit("a payment needs bill_id and payment_method cash, credit_card, e_money, qr_mpm or qr_cpm")
	}
	if p.Amount, err = yen(body, "amount", 1); err != nil {
		return p, err
	}
	if p.TipAmount, err = yen(body, "tip_amount", 0); err != nil {
		return p, err
	}
	var ok bool
	if p.TotalAmount, ok = sum(p.Amount, p.TipAmount); !ok {
		return p, unfit("amount and tip_amount come to more than an amount can be")
	}
	if body.Has("split_id") {
		id, ok := body.Integer("split_id")
		if !ok || id < 1 {
			return p, unfit("split_id must be a whole number above 0")
		}
		p.SplitID = &id
	}
	if body.Has("cash_received") {
		got, err := yen(body, "cash_received", 1)
		if err != nil {
			return p, err
		}
		if p.PaymentMethod != "cash" || got < p.TotalAmount {
			return p, unfit("cash_received belongs to cash and covers amount and tip_amount")
		}
		back := got - p.TotalAmount
		p.CashReceived, p.ChangeAmount = &got, &back
	}
	return p, nil
}

// fits refuses a payment of more than is open, of the bill or of its split.
func (p payment) fits(b billRow, payments []payment) error {
	if _, err := billStates.next(b.Status, partPay); err != nil {
		return err
	}
	if b.IsSplit != (p.SplitID != nil) {
		return unfit("a payment of a split bill, and of no other, names its split_id")
	}
	total := b.TotalAmount
	if p.SplitID != nil {
		if *p.SplitID > int64(len(b.Splits)) {
			return unfit("the bill has no such split_id")
		}
		total, payments = b.Splits[*p.SplitID-1].Amount, ofSplit(payments, *p.SplitID)
	}
	if p.Amount > accountOf(payments).left(total) {
		return conflict("amount is more than what is open")
	}
	return nil
}

func (t *smarttab) createPayment(tx *sql.Tx, c caller, r request, body strictjson.Object) (int, any, error) {
	p, err := readPayment(body)
	if err != nil {
		return 0, nil, err
	}
	if p.ProcessingMode == modeGateway && t.road == nil {
		return 0, nil, unfit("there is no payment gateway for this method")
	}
	var b billRow
	if err := loadRow(tx, c, kindBill, p.BillID, &b); err != nil {
		return 0, nil, err
	}
	payments, err := paymentsOf(tx, b.ID)
	if err != nil {
		return 0, nil, err
	}
	if err := p.fits(b, payments); err != nil {
		return 0, nil, err
	}
	number, err := nextNumber(tx, c, kindPayment)
	if err != nil {
		return 0, nil, err
	}
	now := t.now()
	p.ID, p.MerchantID, p.StoreID, p.Currency, p.Status = uuid.NewString(), c.merchantID, c.storeID, "JPY", pending
	p.IdempotencyKey, p.CreatedAt, p.UpdatedAt = r.Header.Get("Idempotency-Key"), now, now
	if c.kind == callerDevice {
		p.DeviceID = &c.id
	}
	switch p.ProcessingMode {
	case modeGateway:
		if _, err := tx.Exec("INSERT INTO mpac_qr(payment_id, merchant_id, store_id, since) VALUES(?,?,?,?)", p.ID, c.merchantID, c.storeID, t.clock.Now().Unix()); err != nil {
			return 0, nil, err
		}
	case "manual": // cash is in the drawer
		if p.Status, err = paymentStates.next(p.Status, complete); err != nil {
			return 0, nil, err
		}
		p.ProcessedAt = &now
		if err := t.tally(tx, c, &b, append(payments, p), true); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusCreated, p, insertRow(tx, c, kindPayment, p.ID, b.ID, number, p)
}
