package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/smartpos-go/terminal/fault"
)

// demoPatience is how long the demo waits for what the channel tells.
const demoPatience = 10 * time.Second

// heard is a notice as the demo's listener gets it.
type heard struct {
	Kind  string `json:"kind"`
	Seq   int    `json:"seq"`
	Event string `json:"event"`
	Code  string `json:"code"`
}

// demoListener hands notices on.
type demoListener chan heard

// Receive takes one notice.
func (l demoListener) Receive(text string) error {
	var n heard
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	l <- n
	return nil
}

// next waits for a notice of a kind and passes over others.
func (l demoListener) next(kind string) (heard, error) {
	late := time.After(demoPatience)
	for {
		select {
		case n := <-l:
			if n.Kind == kind {
				return n, nil
			}
		case <-late:
			return heard{}, fault.New(fault.Timeout, "posemu: demo", kind+" did not come")
		}
	}
}

// called is what the demo looks at in the answers of the device's calls.
type called struct {
	ActivationCode string   `json:"activationCode"`
	Status         any      `json:"status"`
	Scope          []string `json:"scope"`
	Body           struct {
		ID          string `json:"id"`
		Status      string `json:"status"`
		OrderNumber string `json:"order_number"`
		Total       int    `json:"total_amount"`
		IntentID    string `json:"payment_intent_id"`
		Token       string `json:"payment_token"`
	} `json:"body"`
}

func calledAnswer(text string, err error) (called, error) {
	if err != nil {
		return called{}, err
	}
	var c called
	return c, json.Unmarshal([]byte(text), &c)
}

func (d *demo) activation(ctx context.Context) error {
	_, err := d.terminal.DeviceToken(d.op)
	d.expect(fault.CodeOf(err) == fault.NotActivated, "before its activation the device gets no token: %s", fault.CodeOf(err))
	asked, err := calledAnswer(d.terminal.RequestActivation(d.op))
	if err != nil {
		return err
	}
	d.expect(len(asked.ActivationCode) == 8, "the device shows an activation code of 8 digits")
	err = d.world.Admin(ctx, "POST", "/admin/api/mpac/activate", map[string]any{"activationCode": asked.ActivationCode, "merchantId": 1, "storeId": 1}, nil)
	if err != nil {
		return err
	}
	active, err := calledAnswer(d.terminal.AwaitActivation(d.op, int64(demoPatience.Seconds())))
	if err != nil {
		return err
	}
	d.expect(active.Status == "active", "a manager enters it in the portal: the device is %v", active.Status)
	token, err := calledAnswer(d.terminal.DeviceToken(d.op))
	if err != nil {
		return err
	}
	d.expect(len(token.Scope) == 3, "it gets a token of a minute and a half for %v", token.Scope)
	return nil
}

func (d *demo) post(path, format string, args ...any) (called, error) {
	return calledAnswer(d.terminal.Call(d.op, "POST", "/api/v1"+path, fmt.Appendf(nil, format, args...), ""))
}

func (d *demo) sale(context.Context) error {
	order, err := d.post("/orders", `{"order_type":"dine_in","items":[{"sequence":1,"item_name":"Coffee","quantity":2,"unit_price":450,"subtotal":900}]}`)
	if err != nil {
		return err
	}
	d.expect(order.Body.Status == "open", "order %s over %d yen is %s", order.Body.OrderNumber, order.Body.Total, order.Body.Status)
	bill, err := d.post("/bills", `{"order_id":%q}`, order.Body.ID)
	if err != nil {
		return err
	}
	d.expect(bill.Body.Status == "pending", "its bill is %s", bill.Body.Status)
	payment, err := d.post("/payments", `{"bill_id":%q,"amount":%d,"payment_method":"cash"}`, bill.Body.ID, bill.Body.Total)
	if err != nil {
		return err
	}
	order, err = calledAnswer(d.terminal.Call(d.op, "GET", "/api/v1/orders/"+order.Body.ID, nil, ""))
	if err != nil {
		return err
	}
	d.expect(payment.Body.Status == "completed" && order.Body.Status == "completed", "paid in cash: payment and order are %s", order.Body.Status)
	return nil
}

// live lets the backend speak to the device, cuts the network, and looks whether anything got lost.
func (d *demo) live(ctx context.Context) error {
	tell := func(n int) error {
		for range n {
			err := d.world.Admin(ctx, "POST", "/admin/api/mpac/devices/"+demoTerminal+"/events",
				map[string]any{"event": "order.updated", "payload": map[string]string{"table_number": "A1"}}, nil)
			if err != nil {
				return err
			}
		}
		return nil
	}
	listener := make(demoListener, 100)
	if err := d.terminal.Connect(listener); err != nil {
		return err
	}
	if _, err := listener.next("online"); err != nil {
		return err
	}
	if err := tell(1); err != nil {
		return err
	}
	first, err := listener.next("event")
	if err != nil {
		return err
	}
	d.expect(first.Seq == 1, "the channel is online, and event %d comes: %s", first.Seq, first.Event)
	if err := d.world.Admin(ctx, "POST", "/admin/api/faults", map[string]string{"kind": "refuse"}, nil); err != nil {
		return err
	}
	cut, err := listener.next("offline")
	if err != nil {
		return err
	}
	d.expect(cut.Code != "", "the network goes: offline, %s", cut.Code)
	if err := tell(3); err != nil {
		return err
	}
	if err := d.world.Admin(ctx, "DELETE", "/admin/api/faults", nil, nil); err != nil {
		return err
	}
	began := time.Now()
	if err := d.terminal.NetworkAvailable(); err != nil {
		return err
	}
	for want := 2; want <= 4; want++ {
		n, err := listener.next("event")
		if err != nil {
			return err
		}
		if n.Seq != want {
			d.expect(false, "event %d came for event %d", n.Seq, want)
		}
	}
	d.expect(len(listener) == 0, "the network comes: online after %d ms, the 3 events of meanwhile came once and in order", time.Since(began).Milliseconds())
	err = d.terminal.Disconnect()
	d.expect(err == nil, "the device says goodbye")
	return nil
}
