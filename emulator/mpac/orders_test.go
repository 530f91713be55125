package mpac_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const orderBody = `{"order_type":"dine_in","table_number":"A1","items":[
  {"sequence":1,"item_name":"Coffee","quantity":2,"unit_price":450,"subtotal":900},
  {"sequence":2,"item_name":"Tea","quantity":1,"unit_price":380,"subtotal":380}]}`

// item is an order of one line.
func oneItem(price int64) string {
	return `{"order_type":"takeaway","items":[{"item_name":"X","quantity":1,"unit_price":` + string(number(price)) + `}]}`
}

func key() (string, string) { return "Idempotency-Key", uuid.NewString() }

func (d *terminal) order(body string) answer {
	d.t.Helper()
	return d.must("POST", "/orders", body)
}

// bill gives a fresh bill of one order.
func (d *terminal) bill(total int64) answer {
	d.t.Helper()
	return d.must("POST", "/bills", map[string]any{"order_id": d.order(oneItem(total)).str("id")})
}

func (d *terminal) pay(bill string, amount any, more map[string]any) answer {
	d.t.Helper()
	body := map[string]any{"bill_id": bill, "amount": amount, "payment_method": "cash"}
	for name, value := range more {
		body[name] = value
	}
	name, value := key()
	return d.call("POST", "/payments", body, name, value)
}

// state reads one resource.
func (d *terminal) state(kind, id string) answer {
	d.t.Helper()
	return d.must("GET", "/"+kind+"s/"+id, nil)
}

func TestOrderAsItIsAnswered(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(3, 4)
	a := d.order(orderBody)
	require.Equal(t, 201, a.status)
	id := a.str("id")
	require.NoError(t, uuid.Validate(id))
	require.JSONEq(t, `{"id":"`+id+`","merchant_id":3,"store_id":4,"device_id":"`+d.id+`","order_number":"ORD-000001","order_type":"dine_in","table_number":"A1",
		"customer_id":null,"items":[{"sequence":1,"item_name":"Coffee","quantity":2,"unit_price":450,"subtotal":900},
		{"sequence":2,"item_name":"Tea","quantity":1,"unit_price":380,"subtotal":380}],"subtotal":1280,"tax_amount":0,"discount_amount":0,"total_amount":1280,
		"status":"open","created_at":"2026-01-28T10:00:00Z","updated_at":"2026-01-28T10:00:00Z","completed_at":null}`, a.text)
	require.JSONEq(t, a.text, d.state("order", id).text)
	require.Equal(t, "ORD-000002", d.order(orderBody).str("order_number"))
	require.Equal(t, "ORD-000001", d.caller(3, 5).order(orderBody).str("order_number"), "each store counts by itself")
	require.Nil(t, d.person("STAFF", 3, 4).order(orderBody).body["device_id"])
}

func TestOrderBodies(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	items := func(lines string) string { return `{"order_type":"delivery","items":[` + lines + `]}` }
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{name: "broken", body: `{"items":[`, status: 400},
		{name: "list", body: `[]`, status: 400},
		{name: "name twice", body: `{"order_type":"dine_in","order_type":"dine_in"}`, status: 400},
		{name: "empty", body: ``, status: 422},
		{name: "no items", body: `{"order_type":"dine_in"}`, status: 422},
		{name: "no type", body: `{"items":[{"item_name":"X","quantity":1,"unit_price":1}]}`, status: 422},
		{name: "unknown type", body: `{"order_type":"drive_in","items":[{"item_name":"X","quantity":1,"unit_price":1}]}`, status: 422},
		{name: "items not a list", body: `{"order_type":"dine_in","items":{}}`, status: 422},
		{name: "empty items", body: items(``), status: 422},
		{name: "item not an object", body: items(`1`), status: 422},
		{name: "no name", body: items(`{"quantity":1,"unit_price":1}`), status: 422},
		{name: "empty name", body: items(`{"item_name":"","quantity":1,"unit_price":1}`), status: 422},
		{name: "quantity 0", body: items(`{"item_name":"X","quantity":0,"unit_price":1}`), status: 422},
		{name: "quantity as text", body: items(`{"item_name":"X","quantity":"1","unit_price":1}`), status: 422},
		{name: "price with a fraction", body: items(`{"item_name":"X","quantity":1,"unit_price":1.5}`), status: 422},
		{name: "price 1.0", body: items(`{"item_name":"X","quantity":1,"unit_price":1.0}`), status: 422},
		{name: "price 1e3", body: items(`{"item_name":"X","quantity":1,"unit_price":1e3}`), status: 422},
		{name: "price negative", body: items(`{"item_name":"X","quantity":1,"unit_price":-1}`), status: 422},
		{name: "subtotal that does not fit", body: items(`{"item_name":"X","quantity":2,"unit_price":5,"subtotal":11}`), status: 422},
		{name: "sequence twice", body: items(`{"sequence":1,"item_name":"X","quantity":1,"unit_price":1},{"sequence":1,"item_name":"Y","quantity":1,"unit_price":1}`), status: 422},
		{name: "sequence 0", body: items(`{"sequence":0,"item_name":"X","quantity":1,"unit_price":1}`), status: 422},
		{name: "more than an amount can be", body: items(`{"item_name":"X","quantity":1,"unit_price":9999999999},{"item_name":"Y","quantity":1,"unit_price":1}`), status: 422},
		{name: "nothing to pay", body: items(`{"item_name":"X","quantity":1,"unit_price":0}`), status: 422},
		{name: "customer as a word", body: `{"order_type":"dine_in","customer_id":"me","items":[{"item_name":"X","quantity":1,"unit_price":1}]}`, status: 422},
		{name: "long table", body: `{"order_type":"dine_in","table_number":"` + strings.Repeat("x", 51) + `","items":[{"item_name":"X","quantity":1,"unit_price":1}]}`, status: 422},
		{name: "free item beside one with a price", body: items(`{"item_name":"X","quantity":1,"unit_price":0},{"item_name":"Y","quantity":1,"unit_price":1}`), status: 201},
		{name: "customer as a number", body: `{"order_type":"dine_in","customer_id":7,"items":[{"item_name":"X","quantity":1,"unit_price":1}]}`, status: 201},
		{name: "customer as a UUID", body: `{"order_type":"dine_in","customer_id":"` + uuid.NewString() + `","items":[{"item_name":"X","quantity":1,"unit_price":1}]}`, status: 201},
		{name: "largest amount", body: items(`{"item_name":"X","quantity":1,"unit_price":9999999999}`), status: 201},
		{name: "fields not known", body: items(`{"item_name":"X","quantity":1,"unit_price":1,"colour":"red"}`), status: 201},
	} {
		a := d.call("POST", "/orders", tt.body)
		require.Equal(t, tt.status, a.status, "%s: %s", tt.name, a.text)
	}
}

func TestOrderChangesOnlyWhileOpen(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	o := d.order(orderBody).str("id")
	changed := d.must("PATCH", "/orders/"+o, `{"table_number":"B2","items":[{"item_name":"Cake","quantity":3,"unit_price":100}]}`)
	require.Equal(t, []any{"B2", 300.0, 300.0}, []any{changed.body["table_number"], changed.body["subtotal"], changed.body["total_amount"]})
	require.Equal(t, "dine_in", changed.str("order_type"), "what is not named stays")
	require.Equal(t, 422, d.call("PATCH", "/orders/"+o, `{"status":"completed"}`).status)
	require.Equal(t, 422, d.call("PATCH", "/orders/"+o, `{"items":[]}`).status)
	require.EqualValues(t, 300, d.state("order", o).num("total_amount"), "a refused change leaves it")

	b := d.must("POST", "/bills", map[string]any{"order_id": o})
	require.Equal(t, []any{"pending", o, 300.0, "B2"}, []any{b.body["status"], b.body["order_id"], b.body["total_amount"], b.body["table_number"]})
	require.Equal(t, "billed", d.state("order", o).str("status"))
	for _, refused := range []answer{
		d.call("PATCH", "/orders/"+o, `{"table_number":"C3"}`), d.call("POST", "/orders/"+o+"/cancel", nil), d.call("POST", "/bills", map[string]any{"order_id": o}),
	} {
		require.Equal(t, 409, refused.status, refused.text)
		require.Equal(t, "conflict", refused.code())
	}
	o = d.order(orderBody).str("id")
	require.Equal(t, "cancelled", d.must("POST", "/orders/"+o+"/cancel", nil).str("status"))
	require.Equal(t, 409, d.call("POST", "/bills", map[string]any{"order_id": o}).status)
	require.Equal(t, 409, d.call("POST", "/orders/"+o+"/cancel", nil).status)
}

func TestAnotherStoreDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.caller(1, 1, "order:create", "bill:create", "payment:create", "payment:refund")
	b := mine.bill(500)
	o, bill := b.str("order_id"), b.str("id")
	p := mine.pay(bill, 100, nil).str("id")
	open := mine.order(orderBody).str("id")
	for _, other := range []*terminal{
		w.caller(1, 2, "order:create", "bill:create", "payment:create", "payment:refund"), w.caller(2, 1, "order:create", "bill:create", "payment:create", "payment:refund"),
		w.person("STORE_MANAGER", 1, 2), w.person("SYSTEM_OP", 2, 1),
	} {
		for _, call := range []string{
			"GET /orders/" + o, "GET /bills/" + bill, "GET /payments/" + p,
			"PATCH /orders/" + open + ` {"table_number":"Z"}`, "POST /orders/" + open + "/cancel {}", "POST /bills {\"order_id\":\"" + open + `"}`,
			"POST /bills/" + bill + `/split {"split_count":2}`, "POST /bills/combine {\"bill_ids\":[\"" + bill + `","` + other.id + `x"]}`,
			"POST /payments {\"bill_id\":\"" + bill + `","amount":1,"payment_method":"cash"}`, "PATCH /payments/" + p + ` {"status":"failed"}`,
			"POST /payments/" + p + `/refund {"amount":1,"reason":"x","staff_code":"S1"}`,
		} {
			fields := strings.SplitN(call, " ", 3)
			body := ""
			if len(fields) == 3 {
				body = fields[2]
			}
			name, value := key()
			a := other.call(fields[0], fields[1], body, name, value, "X-Merchant-Id", "1", "X-Store-Id", "1", "X-Role", "SYSTEM_OP")
			require.Equal(t, 404, a.status, "%s: %s", call, a.text)
		}
		for _, kind := range []string{"orders", "bills", "payments"} {
			require.JSONEq(t, `{"items":[]}`, other.must("GET", "/"+kind, nil).text)
		}
	}
	require.Equal(t, "open", mine.state("order", open).str("status"))
	require.Equal(t, 200, w.person("STAFF", 1, 1).call("GET", "/orders/"+o, nil).status, "a person of the store")
}

func TestListsAreNewestFirst(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	var last string
	for range 3 {
		last = d.order(orderBody).str("id")
	}
	var page struct {
		Items []struct {
			ID     string
			Number string `json:"order_number"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(d.must("GET", "/orders?limit=2", nil).text), &page))
	require.Len(t, page.Items, 2)
	require.Equal(t, last, page.Items[0].ID)
	require.Equal(t, "ORD-000002", page.Items[1].Number)
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.caller(1, 1)
	b := d.bill(1000).str("id")
	pay := func(d *terminal, amount int, key string) answer {
		return d.call("POST", "/payments", map[string]any{"bill_id": b, "amount": amount, "payment_method": "cash"}, "Idempotency-Key", key)
	}
	one, two := pay(d, 100, "k1"), pay(d, 100, "k1")
	require.Equal(t, 201, two.status)
	require.Equal(t, one.text, two.text, "the same answer to the byte")
	require.Equal(t, "k1", one.str("idempotency_key"))
	short := d.send("POST", "/payments", toJSON(t, map[string]any{"bill_id": b, "amount": 100, "payment_method": "cash"}),
		map[string]string{"Authorization": "Bearer " + d.token, "Idempotency-Key": "k1"})
	require.Equal(t, one.text, short.text, "the short path is the same call")
	for name, other := range map[string]answer{
		"other body": pay(d, 101, "k1"),
		"other call": d.call("POST", "/orders", orderBody, "Idempotency-Key", "k1"),
	} {
		require.Equal(t, 409, other.status, name)
		require.Equal(t, "idempotency_conflict", other.code(), name)
	}
	require.NotEqual(t, one.str("id"), pay(w.caller(1, 1), 100, "k1").str("id"), "another device's keys are its own")
	require.EqualValues(t, 200, d.state("bill", b).num("paid_amount"))

	require.Equal(t, 409, pay(d, 5000, "k2").status)
	require.Equal(t, 201, pay(d, 50, "k2").status, "a refused request leaves its key free")
	for _, bad := range []string{"", strings.Repeat("x", 101), "with blank", "ü"} {
		a := pay(d, 1, bad)
		require.Equal(t, 400, a.status, bad)
		require.Equal(t, "idempotency_key_required", a.code())
	}
	first := d.must("POST", "/orders", orderBody, "Idempotency-Key", "o1").text
	require.Equal(t, first, d.must("POST", "/orders", orderBody, "Idempotency-Key", "o1").text)
	require.NotEqual(t, first, d.order(orderBody).text, "without a key every order counts")
}

func TestOnePaymentOfManyAtOnce(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	b := d.bill(1000).str("id")
	ids := make([]string, 10)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			ids[i] = d.call("POST", "/payments", map[string]any{"bill_id": b, "amount": 100, "payment_method": "cash"}, "Idempotency-Key", "same").str("id")
		})
	}
	all.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.EqualValues(t, 100, d.state("bill", b).num("paid_amount"))
}
