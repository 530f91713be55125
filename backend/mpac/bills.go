package mpac

import (
	"context"
	"net/http"

	"github.com/smartpos-go/terminal/fault"
)

// CreateBill bills an open order; the order's items are fixed from then on.
func (s *Smarttab) CreateBill(ctx context.Context, orderID, key string) (Bill, error) {
	var made Bill
	err := s.send(ctx, "mpac: create bill", http.MethodPost, s.portal.paths.Bills, key, newBill{orderID}, &made)
	return made, err
}

// Bills lists the bills of the device's store.
func (s *Smarttab) Bills(ctx context.Context) ([]Bill, error) {
	return items[Bill](ctx, s, "mpac: list bills", s.portal.paths.Bills)
}

// Bill gives one bill.
func (s *Smarttab) Bill(ctx context.Context, id string) (Bill, error) {
	var bill Bill
	err := s.send(ctx, "mpac: bill", http.MethodGet, under(s.portal.paths.Bills, id), "", nil, &bill)
	return bill, err
}

// SplitBill splits a bill that nothing was paid of into parts, each above 0, which add up to its total.
func (s *Smarttab) SplitBill(ctx context.Context, billID string, amounts []Yen, key string) (Bill, error) {
	const op = "mpac: split bill"
	if len(amounts) < 2 {
		return Bill{}, fault.New(fault.InvalidRequest, op, "a bill is split into at least two parts")
	}
	for _, amount := range amounts {
		if err := checkAmount(op, amount); err != nil {
			return Bill{}, err
		}
	}
	var split Bill
	err := s.send(ctx, op, http.MethodPost, under(s.portal.paths.Bills, billID, "split"), key, splitBill{amounts}, &split)
	return split, err
}

// CombineBills makes one bill of several that nothing was paid of.
func (s *Smarttab) CombineBills(ctx context.Context, billIDs []string, key string) (Bill, error) {
	const op = "mpac: combine bills"
	if len(billIDs) < 2 {
		return Bill{}, fault.New(fault.InvalidRequest, op, "at least two bills are combined")
	}
	var combined Bill
	err := s.send(ctx, op, http.MethodPost, under(s.portal.paths.Bills, "combine"), key, combineBills{billIDs}, &combined)
	return combined, err
}

func checkAmount(op string, amount Yen) error {
	if amount <= 0 || amount > maxYen {
		return fault.New(fault.InvalidRequest, op, "an amount is 1 to 9,999,999,999 yen")
	}
	return nil
}
