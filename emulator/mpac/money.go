package mpac

// Money is integer yen (conflict C7): there is no scaling and no fraction, so nothing is ever rounded away.

// lineTotal is the price of a line; ok is false when it goes beyond what an amount may be.
func lineTotal(quantity, unitPrice int64) (total int64, ok bool) {
	if quantity < 1 || quantity > maxQuantity || unitPrice < 0 || unitPrice > maxAmount {
		return 0, false
	}
	total = quantity * unitPrice // below 10^15
	return total, total <= maxAmount
}

// sum adds amounts; ok is false when it goes beyond what an amount may be.
func sum(amounts ...int64) (total int64, ok bool) {
	for _, amount := range amounts {
		if total += amount; total > maxAmount {
			return 0, false
		}
	}
	return total, true
}

// shares divides a total into parts that add up to it; the first ones are 1 yen larger where it does not come out even.
func shares(total int64, parts int64) []int64 {
	list := make([]int64, parts)
	for i := range list {
		list[i] = total / parts
		if int64(i) < total%parts {
			list[i]++
		}
	}
	return list
}

// account is where a bill, or one split of it, stands.
type account struct {
	paid     int64 // completed payments, refunds not taken off
	refunded int64
	reserved int64 // payments that are under way
}

// accountOf adds up payments.
func accountOf(payments []payment) (a account) {
	for _, p := range payments {
		switch p.Status {
		case pending, processing:
			a.reserved += p.Amount
		case completed, refunded:
			a.paid += p.Amount
			a.refunded += p.RefundAmount
		}
	}
	return a
}

// settled is what is paid for good.
func (a account) settled() int64 { return a.paid - a.refunded }

// left is what may still be paid of a total.
func (a account) left(total int64) int64 { return total - a.settled() - a.reserved }
