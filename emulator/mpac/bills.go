package mpac

import (
	"database/sql"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// orders are the orders that the bill settles.
func (b billRow) orders() []string {
	if b.OrderID != nil {
		return []string{*b.OrderID}
	}
	return b.CombinedOrderIDs
}

func (t *smarttab) newBill(tx *sql.Tx, c caller, total int64) (billRow, int64, error) {
	number, err := nextNumber(tx, c, kindBill)
	now := t.now()
	return billRow{
		ID: uuid.NewString(), MerchantID: c.merchantID, StoreID: c.storeID, BillNumber: fmt.Sprintf("BILL-%06d", number), Subtotal: total, TotalAmount: total,
		Status: pending, Splits: []split{}, CombinedOrderIDs: []string{}, CombinedBillIDs: []string{}, CombinedTableNumbers: []string{},
		CreatedAt: now, UpdatedAt: now,
	}, number, err
}

// fill takes over the texts that a body has.
func (b *billRow) fill(body strictjson.Object) error {
	for name, field := range map[string]struct {
		into **string
		most int
	}{"customer_name": {&b.CustomerName, 100}, "staff_code": {&b.StaffCode, maxText}, "description": {&b.Description, maxReason}} {
		if !body.Has(name) {
			continue
		}
		text, ok := body.Text(name)
		if !ok || len(text) > field.most {
			return unfit(fmt.Sprintf("%s must have at most %d characters", name, field.most))
		}
		*field.into = &text
	}
	return nil
}

// createBill makes the one bill of an order.
func (t *smarttab) createBill(tx *sql.Tx, c caller, _ request, body strictjson.Object) (int, any, error) {
	id, ok := body.Text("order_id")
	if !ok {
		return 0, nil, unfit("a bill needs order_id")
	}
	o, err := t.moveOrder(tx, c, id, bill)
	if err != nil {
		return 0, nil, err
	}
	b, number, err := t.newBill(tx, c, o.TotalAmount)
	if err != nil {
		return 0, nil, err
	}
	b.OrderID, b.TableNumber = &o.ID, o.TableNumber
	if err := b.fill(body); err != nil {
		return 0, nil, err
	}
	if err := saveRow(tx, o.ID, o); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, b, insertRow(tx, c, kindBill, b.ID, o.ID, number, b)
}

// moveBill loads a bill and moves its state.
func (t *smarttab) moveBill(tx *sql.Tx, c caller, id, event string) (b billRow, err error) {
	if err = loadRow(tx, c, kindBill, id, &b); err != nil {
		return b, err
	}
	b.Status, err = billStates.next(b.Status, event)
	b.UpdatedAt = t.now()
	return b, err
}

// tally writes into a bill what its payments come to. A payment that completes moves the bill, and with the last one its orders.
func (t *smarttab) tally(tx *sql.Tx, c caller, b *billRow, payments []payment, paidNow bool) (err error) {
	all := accountOf(payments)
	b.PaidAmount, b.RefundedAmount, b.UpdatedAt = all.paid, all.refunded, t.now()
	for i := range b.Splits {
		b.Splits[i].PaidAmount = accountOf(ofSplit(payments, b.Splits[i].SplitID)).settled()
	}
	if paidNow {
		event := partPay
		if all.settled() == b.TotalAmount {
			event = fullPay
		}
		if b.Status, err = billStates.next(b.Status, event); err != nil {
			return err
		}
		if event == fullPay {
			now := t.now()
			b.PaidAt = &now
			if err := t.completeOrders(tx, c, *b); err != nil {
				return err
			}
		}
	}
	return saveRow(tx, b.ID, b)
}

func (t *smarttab) completeOrders(tx *sql.Tx, c caller, b billRow) error {
	for _, id := range b.orders() {
		o, err := t.moveOrder(tx, c, id, settle)
		if err != nil {
			return err
		}
		o.CompletedAt = &o.UpdatedAt
		if err := saveRow(tx, o.ID, o); err != nil {
			return err
		}
	}
	return nil
}
