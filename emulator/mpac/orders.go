package mpac

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

var orderTypes = []string{"dine_in", "takeaway", "delivery"}

// fill takes over the fields that a body has.
func (o *order) fill(body strictjson.Object) error {
	if body.Has("order_type") {
		kind, ok := body.Text("order_type")
		if !ok || !slices.Contains(orderTypes, kind) {
			return unfit("order_type must be dine_in, takeaway or delivery")
		}
		o.OrderType = kind
	}
	if body.Has("table_number") {
		table, ok := body.Text("table_number")
		if !ok || len(table) > maxText {
			return unfit("table_number must have at most 50 characters")
		}
		o.TableNumber = &table
	}
	if body.Has("customer_id") { // a UUID on one page, a number on another
		text, isText := body.Text("customer_id")
		number, isNumber := body.Integer("customer_id")
		if (!isText || uuid.Validate(text) != nil) && (!isNumber || number < 1) {
			return unfit("customer_id must be a UUID or a whole number above 0")
		}
		o.CustomerID = body["customer_id"]
	}
	if body.Has("items") {
		items, total, err := readItems(body)
		if err != nil {
			return err
		}
		o.Items, o.Subtotal, o.TotalAmount = items, total, total
	}
	return nil
}

// readItems reads the lines and adds them up.
func readItems(body strictjson.Object) (items []item, total int64, err error) {
	list, ok := body.List("items")
	if !ok || len(list) == 0 || len(list) > maxItems {
		return nil, 0, unfit("items must be a list of 1 to 500")
	}
	seen := map[int64]bool{}
	for i, raw := range list {
		line, err := readItem(raw, int64(i)+1)
		if err != nil {
			return nil, 0, err
		}
		if seen[line.Sequence] {
			return nil, 0, unfit("an item's sequence comes twice")
		}
		seen[line.Sequence] = true
		if total, ok = sum(total, line.Subtotal); !ok {
			return nil, 0, unfit("the items come to more than an amount can be")
		}
		items = append(items, line)
	}
	if total == 0 {
		return nil, 0, unfit("the items come to nothing: there would be nothing to pay")
	}
	return items, total, nil
}

func readItem(raw json.RawMessage, place int64) (item, error) {
	o, err := strictjson.Read(raw)
	if err != nil {
		return item{}, unfit("an item must be an object")
	}
	line := item{Sequence: place}
	if o.Has("sequence") {
		var ok bool
		if line.Sequence, ok = o.Integer("sequence"); !ok || line.Sequence < 1 {
			return item{}, unfit("an item's sequence must be a whole number above 0")
		}
	}
	var nameOK, quantityOK, priceOK bool
	line.ItemName, nameOK = o.Text("item_name")
	line.Quantity, quantityOK = o.Integer("quantity")
	line.UnitPrice, priceOK = o.Integer("unit_price")
	if !nameOK || line.ItemName == "" || len(line.ItemName) > maxItemName || !quantityOK || !priceOK {
		return item{}, unfit("an item needs item_name, quantity and unit_price in whole yen")
	}
	var ok bool
	if line.Subtotal, ok = lineTotal(line.Quantity, line.UnitPrice); !ok {
		return item{}, unfit("an item's quantity or price is out of bounds")
	}
	if said, ok := o.Integer("subtotal"); o.Has("subtotal") && (!ok || said != line.Subtotal) {
		return item{}, unfit("an item's subtotal must be quantity times unit_price")
	}
	return line, nil
}

func (t *smarttab) createOrder(tx *sql.Tx, c caller, _ request, body strictjson.Object) (int, any, error) {
	if !body.Has("order_type") || !body.Has("items") {
		return 0, nil, unfit("an order needs order_type and items")
	}
	now := t.now()
	o := order{ID: uuid.NewString(), MerchantID: c.merchantID, StoreID: c.storeID, Status: open, CreatedAt: now, UpdatedAt: now}
	if c.kind == callerDevice {
		o.DeviceID = &c.id
	}
	if err := o.fill(body); err != nil {
		return 0, nil, err
	}
	number, err := nextNumber(tx, c, kindOrder)
	if err != nil {
		return 0, nil, err
	}
	o.OrderNumber = fmt.Sprintf("ORD-%06d", number)
	return http.StatusCreated, o, insertRow(tx, c, kindOrder, o.ID, "", number, o)
}

// moveOrder loads an order and moves its state.
func (t *smarttab) moveOrder(tx *sql.Tx, c caller, id, event string) (o order, err error) {
	if err = loadRow(tx, c, kindOrder, id, &o); err != nil {
		return o, err
	}
	o.Status, err = orderStates.next(o.Status, event)
	o.UpdatedAt = t.now()
	return o, err
}

func (t *smarttab) changeOrder(tx *sql.Tx, c caller, r request, body strictjson.Object) (int, any, error) {
	o, err := t.moveOrder(tx, c, r.id, change)
	if err != nil {
		return 0, nil, err
	}
	if !body.Has("items") && !body.Has("table_number") && !body.Has("order_type") && !body.Has("customer_id") {
		return 0, nil, unfit("nothing to change: items, table_number, order_type and customer_id can be")
	}
	if err := o.fill(body); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, o, saveRow(tx, o.ID, o)
}

func (t *smarttab) cancelOrder(tx *sql.Tx, c caller, r request, _ strictjson.Object) (int, any, error) {
	o, err := t.moveOrder(tx, c, r.id, cancel)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, o, saveRow(tx, o.ID, o)
}
