package mpac

import (
	"context"
	"net/http"
	"net/url"

	"github.com/smartpos-go/terminal/fault"
)

// The key of every call that changes something is its idempotency key: one of the caller's that a repetition uses again, or ""
// to have one made. Errors of every call: not_found, conflict, scope_missing, protocol_error, invalid_request, those of Do.

// CreateOrder makes an open order of the device's store. Amounts must add up, or nothing is sent.
func (s *Smarttab) CreateOrder(ctx context.Context, order NewOrder, key string) (Order, error) {
	const op = "mpac: create order"
	if err := checkItems(op, order.Items); err != nil {
		return Order{}, err
	}
	var made Order
	err := s.send(ctx, op, http.MethodPost, s.portal.paths.Orders, key, order, &made)
	return made, err
}

// Orders lists the orders of the device's store.
func (s *Smarttab) Orders(ctx context.Context) ([]Order, error) {
	return items[Order](ctx, s, "mpac: list orders", s.portal.paths.Orders)
}

// Order gives one order.
func (s *Smarttab) Order(ctx context.Context, id string) (Order, error) {
	var order Order
	err := s.send(ctx, "mpac: order", http.MethodGet, under(s.portal.paths.Orders, id), "", nil, &order)
	return order, err
}

// ChangeItems replaces the items of an order that is not billed.
func (s *Smarttab) ChangeItems(ctx context.Context, orderID string, lines []Item, key string) (Order, error) {
	const op = "mpac: change order"
	if err := checkItems(op, lines); err != nil {
		return Order{}, err
	}
	var changed Order
	err := s.send(ctx, op, http.MethodPatch, under(s.portal.paths.Orders, orderID), key, changeOrder{lines}, &changed)
	return changed, err
}

// CancelOrder cancels an order that is not billed.
func (s *Smarttab) CancelOrder(ctx context.Context, orderID, key string) error {
	return s.send(ctx, "mpac: cancel order", http.MethodPost, under(s.portal.paths.Orders, orderID, "cancel"), key, struct{}{}, nil)
}

// checkItems refuses what no server takes, before anything is sent.
func checkItems(op string, lines []Item) error {
	bad := func(detail string) error { return fault.New(fault.InvalidRequest, op, detail) }
	if len(lines) == 0 {
		return bad("an order has at least one item")
	}
	for _, line := range lines {
		switch {
		case line.Name == "":
			return bad("an item has a name")
		case line.Quantity <= 0 || line.Quantity > 1_000_000:
			return bad("the quantity of an item is 1 to 1,000,000")
		case line.UnitPrice < 0 || line.UnitPrice > maxYen:
			return bad("the price of an item is 0 to 9,999,999,999 yen")
		case line.Subtotal != line.UnitPrice*Yen(line.Quantity):
			return bad("the subtotal of an item is quantity times unit price")
		}
	}
	return nil
}

func under(path string, parts ...string) string {
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}
