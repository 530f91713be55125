package mpac

import (
	"database/sql"
	"net/http"
	"slices"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// splitBill divides an unpaid bill: {"split_count":N} into equal parts, or {"amounts":[…]} that add up to the total. Splitting it
// again, while nothing is paid or under way, replaces the parts.
func (t *smarttab) splitBill(tx *sql.Tx, c caller, r request, body strictjson.Object) (int, any, error) {
	b, err := t.moveBill(tx, c, r.id, divide)
	if err != nil {
		return 0, nil, err
	}
	payments, err := paymentsOf(tx, b.ID)
	if err != nil {
		return 0, nil, err
	}
	if accountOf(payments).reserved > 0 {
		return 0, nil, conflict("a payment of this bill is under way")
	}
	amounts, err := readSplit(body, b.TotalAmount)
	if err != nil {
		return 0, nil, err
	}
	b.IsSplit, b.SplitCount, b.Splits = true, len(amounts), nil
	for i, amount := range amounts {
		b.Splits = append(b.Splits, split{SplitID: int64(i) + 1, Amount: amount})
	}
	return http.StatusOK, b, saveRow(tx, b.ID, b)
}

func readSplit(body strictjson.Object, total int64) ([]int64, error) {
	if body.Has("split_count") == body.Has("amounts") {
		return nil, unfit("a split needs split_count or amounts, one of them")
	}
	if body.Has("split_count") {
		n, ok := body.Integer("split_count")
		if !ok || n < 2 || n > maxSplits || n > total {
			return nil, unfit("split_count must be 2 to 100, and at most 1 for each yen")
		}
		return shares(total, n), nil
	}
	list, ok := body.List("amounts")
	if !ok || len(list) < 2 || len(list) > maxSplits {
		return nil, unfit("amounts must be a list of 2 to 100")
	}
	var amounts []int64
	for i := range list {
		amount, ok := strictjson.Object{"amount": list[i]}.Integer("amount")
		if !ok || amount < 1 || amount > maxAmount {
			return nil, unfit("amounts must be whole yen above 0")
		}
		amounts = append(amounts, amount)
	}
	if got, ok := sum(amounts...); !ok || got != total {
		return nil, unfit("amounts must add up to the bill's total_amount")
	}
	return amounts, nil
}

func ofSplit(payments []payment, id int64) []payment {
	return slices.DeleteFunc(slices.Clone(payments), func(p payment) bool { return p.SplitID == nil || *p.SplitID != id })
}

// combineBills makes one bill of several unpaid ones, which are cancelled: {"bill_ids":[…]}.
func (t *smarttab) combineBills(tx *sql.Tx, c caller, _ request, body strictjson.Object) (int, any, error) {
	ids, err := readBillIDs(body)
	if err != nil {
		return 0, nil, err
	}
	var total int64
	var orders, tables []string
	for _, id := range ids {
		part, err := t.moveBill(tx, c, id, merge)
		if err != nil {
			return 0, nil, err
		}
		payments, err := paymentsOf(tx, part.ID)
		if err != nil {
			return 0, nil, err
		}
		if accountOf(payments).reserved > 0 {
			return 0, nil, conflict("a payment of one of these bills is under way")
		}
		var ok bool
		if total, ok = sum(total, part.TotalAmount); !ok {
			return 0, nil, unfit("the bills come to more than an amount can be")
		}
		orders = append(orders, part.orders()...)
		if part.TableNumber != nil {
			tables = append(tables, *part.TableNumber)
		}
		tables = append(tables, part.CombinedTableNumbers...)
		if err := saveRow(tx, part.ID, part); err != nil {
			return 0, nil, err
		}
	}
	b, number, err := t.newBill(tx, c, total)
	if err != nil {
		return 0, nil, err
	}
	b.IsCombined, b.CombinedBillIDs, b.CombinedOrderIDs = true, ids, orders
	if tables != nil {
		b.CombinedTableNumbers = tables
	}
	if err := b.fill(body); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, b, insertRow(tx, c, kindBill, b.ID, "", number, b)
}

func readBillIDs(body strictjson.Object) ([]string, error) {
	list, ok := body.List("bill_ids")
	if !ok || len(list) < 2 || len(list) > maxCombined {
		return nil, unfit("bill_ids must be a list of 2 to 50")
	}
	var ids []string
	for i := range list {
		id, ok := strictjson.Object{"id": list[i]}.Text("id")
		if !ok || slices.Contains(ids, id) {
			return nil, unfit("bill_ids must be different ids")
		}
		ids = append(ids, id)
	}
	return ids, nil
}
