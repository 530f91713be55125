package mpac_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCashSettlesBillAndOrder(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	b := d.bill(1280)
	bill, order := b.str("id"), b.str("order_id")
	p := d.pay(bill, 640, map[string]any{"cash_received": 1000})
	require.Equal(t, 201, p.status, p.text)
	require.Equal(t, []any{"completed", 640.0, 0.0, 640.0, "JPY", bill, "manual", 1000.0, 360.0, d.id},
		[]any{p.body["status"], p.body["amount"], p.body["tip_amount"], p.body["total_amount"], p.body["currency"], p.body["bill_id"], p.body["processing_mode"], p.body["cash_received"], p.body["change_amount"], p.body["device_id"]})
	now := d.state("bill", bill)
	require.Equal(t, []any{"partial", 640.0, nil}, []any{now.body["status"], now.body["paid_amount"], now.body["paid_at"]})
	require.Equal(t, "billed", d.state("order", order).str("status"))
	more := d.pay(bill, 641, nil)
	require.Equal(t, 409, more.status, "a yen too much")
	require.Equal(t, 201, d.pay(bill, 640, nil).status)
	now = d.state("bill", bill)
	require.Equal(t, []any{"paid", 1280.0, "2026-01-28T10:00:00Z"}, []any{now.body["status"], now.body["paid_amount"], now.body["paid_at"]})
	settled := d.state("order", order)
	require.Equal(t, []any{"completed", "2026-01-28T10:00:00Z"}, []any{settled.body["status"], settled.body["completed_at"]})
	require.Equal(t, 409, d.pay(bill, 1, nil).status)
	require.Equal(t, 409, d.call("POST", "/orders/"+order+"/cancel", nil).status)
}

func TestPaymentBodies(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	bill := d.bill(1000).str("id")
	for _, amount := range []any{0, -1, 10.5, "100", nil, true, 1e10} {
		require.Equal(t, 422, d.pay(bill, amount, nil).status, "%v", amount)
	}
	for name, more := range map[string]map[string]any{
		"unknown method":       {"payment_method": "barter"},
		"QR without a gateway": {"payment_method": "qr_mpm"},
		"negative tip":         {"tip_amount": -1},
		"tip with a fraction":  {"tip_amount": 0.5},
		"too little cash":      {"cash_received": 99},
		"cash of a card":       {"cash_received": 100, "payment_method": "credit_card"},
		"split of a whole one": {"split_id": 1},
		"split as text":        {"split_id": "1"},
		"bill as a number":     {"bill_id": 5},
	} {
		require.Equal(t, 422, d.pay(bill, 100, more).status, name)
	}
	require.Equal(t, 404, d.pay("nothing", 100, nil).status)
	tipped := d.pay(bill, 1000, map[string]any{"tip_amount": 50, "cash_received": 1050})
	require.Equal(t, []any{1050.0, 0.0}, []any{tipped.body["total_amount"], tipped.body["change_amount"]})
	require.Equal(t, "paid", d.state("bill", bill).str("status"), "a tip pays no bill")
}

func TestPaymentProcessedOutside(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	b := d.bill(1000)
	bill := b.str("id")
	card := d.pay(bill, 600, map[string]any{"payment_method": "credit_card"})
	id := card.str("id")
	require.Equal(t, []any{"pending", "external", nil}, []any{card.body["status"], card.body["processing_mode"], card.body["processed_at"]})
	require.Equal(t, "pending", d.state("bill", bill).str("status"))
	require.Equal(t, 409, d.pay(bill, 401, nil).status, "what is under way is not open")
	require.Equal(t, 409, d.call("POST", "/bills/"+bill+"/split", `{"split_count":2}`).status)
	patch := func(body string) answer { return d.call("PATCH", "/payments/"+id, body) }
	for _, bad := range []string{`{}`, `{"status":"refunded"}`, `{"status":"done"}`, `{"status":"completed","card_last_4":"12a4"}`, `{"status":"completed","card_last_4":1234}`, `{"status":"completed","approval_code":5}`} {
		require.Equal(t, 422, patch(bad).status, bad)
	}
	require.Equal(t, "processing", patch(`{"status":"processing","corr_id":"CORR-1"}`).str("status"))
	done := patch(`{"status":"completed","approval_code":"A1","card_last_4":"4242","card_slip_number":"S1"}`)
	require.Equal(t, []any{"completed", "A1", "4242", "S1", "CORR-1", "2026-01-28T10:00:00Z"},
		[]any{done.body["status"], done.body["approval_code"], done.body["card_last_4"], done.body["card_slip_number"], done.body["corr_id"], done.body["processed_at"]})
	require.Equal(t, "partial", d.state("bill", bill).str("status"))
	require.Equal(t, 409, patch(`{"status":"failed"}`).status, "it is completed")
	require.Equal(t, 409, patch(`{"status":"completed"}`).status)

	for _, end := range []string{"failed", "cancelled"} {
		try := d.pay(bill, 400, map[string]any{"payment_method": "e_money"}).str("id")
		require.Equal(t, end, d.must("PATCH", "/payments/"+try, `{"status":"`+end+`","error_code":"E1","error_message":"no"}`).str("status"))
	}
	require.Equal(t, 201, d.pay(bill, 400, nil).status, "what failed is open again")
	require.Equal(t, "completed", d.state("order", b.str("order_id")).str("status"))
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1, "order:create", "bill:create", "payment:create", "payment:refund")
	b := d.bill(1000)
	bill := b.str("id")
	p := d.pay(bill, 1000, nil).str("id")
	refund := func(body string) answer {
		name, value := key()
		return d.call("POST", "/payments/"+p+"/refund", body, name, value)
	}
	for _, bad := range []string{
		`{}`, `{"amount":0,"reason":"x","staff_code":"S1"}`, `{"amount":1.5,"reason":"x","staff_code":"S1"}`, `{"amount":1,"staff_code":"S1"}`, `{"amount":1,"reason":"x"}`,
		`{"amount":1,"reason":"","staff_code":"S1"}`,
	} {
		require.Equal(t, 422, refund(bad).status, bad)
	}
	part := refund(`{"amount":300,"reason":"cold","staff_code":"S1"}`)
	require.Equal(t, 201, part.status, part.text)
	require.Equal(t, []any{p, 300.0, "cold", "S1", "completed", "device", d.id},
		[]any{part.body["payment_id"], part.body["amount"], part.body["reason"], part.body["staff_code"], part.body["status"], part.body["caller_type"], part.body["caller_id"]})
	now := d.state("payment", p)
	require.Equal(t, []any{"refunded", 300.0}, []any{now.body["status"], now.body["refund_amount"]})
	require.Equal(t, 409, refund(`{"amount":701,"reason":"x","staff_code":"S1"}`).status, "a yen too much")
	require.Equal(t, 201, refund(`{"amount":700,"reason":"x","staff_code":"S1"}`).status)
	require.Equal(t, 409, refund(`{"amount":1,"reason":"x","staff_code":"S1"}`).status)
	paid := d.state("bill", bill)
	require.Equal(t, []any{"paid", 1000.0, 1000.0}, []any{paid.body["status"], paid.body["paid_amount"], paid.body["refunded_amount"]}, "a paid bill stays paid")
	require.Equal(t, 409, d.pay(bill, 1, nil).status)

	other := d.bill(1000).str("id")
	p = d.pay(other, 400, map[string]any{"payment_method": "credit_card"}).str("id")
	require.Equal(t, 409, refund(`{"amount":1,"reason":"x","staff_code":"S1"}`).status, "it is not completed")
	d.must("PATCH", "/payments/"+p, `{"status":"completed"}`)
	require.Equal(t, 201, refund(`{"amount":400,"reason":"x","staff_code":"S1"}`).status)
	require.Equal(t, "partial", d.state("bill", other).str("status"))
	require.Equal(t, 201, d.pay(other, 1000, nil).status, "what was given back can be paid again")
	require.Equal(t, "paid", d.state("bill", other).str("status"))
}

func TestSplitBill(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	b := d.bill(1000)
	bill := b.str("id")
	for _, bad := range []string{
		`{}`, `{"split_count":1}`, `{"split_count":101}`, `{"split_count":2.5}`, `{"split_count":2,"amounts":[500,500]}`, `{"amounts":[1000]}`, `{"amounts":[500,499]}`,
		`{"amounts":[500,501]}`, `{"amounts":[1000,0]}`, `{"amounts":[500.0,500]}`, `{"amounts":["500",500]}`, `{"amounts":500}`,
	} {
		require.Equal(t, 422, d.call("POST", "/bills/"+bill+"/split", bad).status, bad)
	}
	require.Equal(t, 422, d.call("POST", "/bills/"+d.bill(2).str("id")+"/split", `{"split_count":3}`).status, "less than a yen each")
	three := d.must("POST", "/bills/"+bill+"/split", `{"split_count":3}`)
	require.Equal(t, []any{true, 3.0}, []any{three.body["is_split"], three.body["split_count"]})
	two := d.must("POST", "/bills/"+bill+"/split", `{"amounts":[300,700]}`)
	require.Equal(t, []any{
		map[string]any{"split_id": 1.0, "amount": 300.0, "paid_amount": 0.0}, map[string]any{"split_id": 2.0, "amount": 700.0, "paid_amount": 0.0},
	}, two.body["splits"])
	require.Equal(t, 422, d.pay(bill, 300, nil).status, "a payment names its part")
	require.Equal(t, 422, d.pay(bill, 300, map[string]any{"split_id": 3}).status)
	require.Equal(t, 409, d.pay(bill, 301, map[string]any{"split_id": 1}).status, "a yen too much for the part")
	require.Equal(t, 201, d.pay(bill, 300, map[string]any{"split_id": 1}).status)
	require.Equal(t, 409, d.pay(bill, 1, map[string]any{"split_id": 1}).status, "the part is paid")
	require.Equal(t, 409, d.call("POST", "/bills/"+bill+"/split", `{"split_count":2}`).status)
	require.Equal(t, "partial", d.state("bill", bill).str("status"))
	require.Equal(t, 201, d.pay(bill, 700, map[string]any{"split_id": 2}).status)
	now := d.state("bill", bill)
	require.Equal(t, "paid", now.str("status"))
	require.Equal(t, map[string]any{"split_id": 2.0, "amount": 700.0, "paid_amount": 700.0}, now.body["splits"].([]any)[1])
	require.Equal(t, "completed", d.state("order", b.str("order_id")).str("status"))
}

func TestCombineBills(t *testing.T) {
	t.Parallel()
	d := newWorld(t).caller(1, 1)
	one := d.must("POST", "/bills", map[string]any{"order_id": d.order(orderBody).str("id")})
	two, three := d.bill(200), d.bill(300)
	for _, bad := range []any{
		map[string]any{}, map[string]any{"bill_ids": []string{one.str("id")}}, map[string]any{"bill_ids": []string{one.str("id"), one.str("id")}}, map[string]any{"bill_ids": []any{one.str("id"), 5}},
	} {
		require.Equal(t, 422, d.call("POST", "/bills/combine", bad).status, "%v", bad)
	}
	partial := d.bill(100)
	require.Equal(t, 201, d.pay(partial.str("id"), 50, nil).status)
	require.Equal(t, 409, d.call("POST", "/bills/combine", map[string]any{"bill_ids": []string{one.str("id"), partial.str("id")}}).status)
	require.Equal(t, "pending", d.state("bill", one.str("id")).str("status"), "a refused call undoes what it had begun")

	both := d.must("POST", "/bills/combine", map[string]any{"bill_ids": []string{one.str("id"), two.str("id")}, "staff_code": "S1"})
	require.Equal(t, []any{"pending", 1480.0, true, nil, "S1", []any{"A1"}}, []any{
		both.body["status"], both.body["total_amount"], both.body["is_combined"], both.body["order_id"], both.body["staff_code"], both.body["combined_table_numbers"],
	})
	require.Equal(t, []any{one.str("order_id"), two.str("order_id")}, both.body["combined_order_ids"])
	require.Equal(t, "cancelled", d.state("bill", one.str("id")).str("status"))
	require.Equal(t, 409, d.pay(one.str("id"), 1, nil).status)
	all := d.must("POST", "/bills/combine", map[string]any{"bill_ids": []string{both.str("id"), three.str("id")}})
	require.Equal(t, []any{"A1"}, all.body["combined_table_numbers"], "tables of a combined bill stay")
	require.Equal(t, 201, d.pay(all.str("id"), 1780, nil).status)
	for _, part := range []answer{one, two, three} {
		require.Equal(t, "completed", d.state("order", part.str("order_id")).str("status"))
	}
}
