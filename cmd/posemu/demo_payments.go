package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"

	"github.com/smartpos-go/terminal/emulator/cardapp"
	"github.com/smartpos-go/terminal/fault"
)

// paid is what the demo looks at in the answers about payments.
type paid struct {
	Status string `json:"status"`
	CorrID string `json:"corrId"`
	Extras struct {
		Request    string `json:"request"`
		TerminalID string `json:"terminal_id"`
	} `json:"extras"`
	ApprovalCode   string `json:"approvalCode"`
	CardSlipNumber string `json:"cardSlipNumber"`
	ErrorMessage   string `json:"errorMessage"`
	Outcome        string `json:"outcome"`
	Intent         struct {
		Status    string `json:"status"`
		QRContent string `json:"qr_content"`
	} `json:"intent"`
	Pending []struct {
		CorrID string `json:"corrId"`
		State  string `json:"state"`
	} `json:"pending"`
}

func paidAnswer(text string, err error) (paid, error) {
	if err != nil {
		return paid{}, err
	}
	var p paid
	return p, json.Unmarshal([]byte(text), &p)
}

// billed makes an order of tea and its bill.
func (d *demo) billed() (order, bill called, err error) {
	order, err = d.post("/orders", `{"order_type":"takeaway","items":[{"sequence":1,"item_name":"Tea","quantity":2,"unit_price":380,"subtotal":760}]}`)
	if err == nil {
		bill, err = d.post("/bills", `{"order_id":%q}`, order.Body.ID)
	}
	return order, bill, err
}

// state reads a resource.
func (d *demo) state(kind, id string) (string, error) {
	row, err := calledAnswer(d.terminal.Call(d.op, "GET", "/api/v1/"+kind+"/"+id, nil, ""))
	return row.Body.Status, err
}

// qr takes a QR payment: the gateway's PaymentIntent, the provider's webhook, the backend's order.
func (d *demo) qr(ctx context.Context) error {
	listener := make(demoListener, 100)
	if err := d.terminal.Connect(listener); err != nil {
		return err
	}
	if _, err := listener.next("online"); err != nil {
		return err
	}
	order, bill, err := d.billed()
	if err != nil {
		return err
	}
	payment, err := d.post("/payments", `{"bill_id":%q,"amount":%d,"payment_method":"qr_mpm"}`, bill.Body.ID, bill.Body.Total)
	if err != nil {
		return err
	}
	intent, token := payment.Body.IntentID, payment.Body.Token
	d.expect(payment.Body.Status == "pending" && token != "", "a QR payment of %d yen is %s; the device gets a token for its PaymentIntent", bill.Body.Total, payment.Body.Status)
	confirmed, err := paidAnswer(d.terminal.ConfirmPayment(d.op, intent, token, "qr_mpm", "PAYPAY"))
	if err != nil {
		return err
	}
	d.expect(confirmed.Intent.QRContent != "", "confirmed it is %s, and the device shows %s", confirmed.Intent.Status, confirmed.Intent.QRContent)
	err = d.world.Admin(ctx, "POST", "/admin/api/pgw/intents/"+intent+"/provider", map[string]any{"status": "SUCCESS", "deliveries": 2}, nil)
	if err != nil {
		return err
	}
	ended, err := paidAnswer(d.terminal.AwaitPayment(d.op, intent, token))
	if err != nil {
		return err
	}
	d.expect(ended.Intent.Status == "succeeded", "the customer pays; PayPay's webhook comes twice: the PaymentIntent has %s", ended.Intent.Status)
	told, err := listener.next("event")
	if err != nil {
		return err
	}
	status, err := d.state("orders", order.Body.ID)
	d.expect(told.Event == "payment.updated" && status == "completed", "%s comes over the channel: payment, bill and order are %s", told.Event, status)
	return errors.Join(err, d.terminal.Disconnect())
}

// byCard begins a card payment of a bill and lets the Credit Card App decide; a kill of that app is no error.
func (d *demo) byCard(ctx context.Context, bill called, decide cardapp.Decision) (payment called, launch paid, result string, err error) {
	payment, err = d.post("/payments", `{"bill_id":%q,"amount":%d,"payment_method":"credit_card"}`, bill.Body.ID, bill.Body.Total)
	if err != nil {
		return payment, launch, "", err
	}
	request, err := json.Marshal(map[string]any{
		"v": 1, "amount": bill.Body.Total, "classificationCode": 5, "authorizationID": "AUTH01", "paymentId": payment.Body.ID,
	})
	if err != nil {
		return payment, launch, "", err
	}
	if launch, err = paidAnswer(d.terminal.EncodeCardRequest(d.op, string(request))); err != nil {
		return payment, launch, "", err
	}
	app := cardapp.App{Rand: rand.Reader}
	answer, err := app.Handle(ctx, decide, launch.Extras.Request, launch.Extras.TerminalID)
	if errors.Is(err, cardapp.ErrKilled) {
		err = nil
	}
	return payment, launch, answer.Result, err
}

// cards takes three payments of one bill by card: declined, without a result, approved.
func (d *demo) cards(ctx context.Context) error {
	order, bill, err := d.billed()
	if err != nil {
		return err
	}
	payment, launch, result, err := d.byCard(ctx, bill, cardapp.Decline)
	if err != nil {
		return err
	}
	decoded, err := paidAnswer(d.terminal.DecodeCardResult(d.op, launch.CorrID, "ok", result))
	if err != nil {
		return err
	}
	d.expect(decoded.Status == "declined", "%s: the card is %s: “%s”", launch.CorrID, decoded.Status, decoded.ErrorMessage)
	if err := d.recorded(launch.CorrID, payment, "failed"); err != nil {
		return err
	}
	if err := d.unknown(ctx, bill); err != nil {
		return err
	}
	payment, launch, result, err = d.byCard(ctx, bill, cardapp.Approve)
	if err != nil {
		return err
	}
	decoded, err = paidAnswer(d.terminal.DecodeCardResult(d.op, launch.CorrID, "ok", result))
	if err != nil {
		return err
	}
	d.expect(decoded.Status == "success" && len(decoded.CardSlipNumber) == 5, "%s: approved with code %s, slip %s", launch.CorrID, decoded.ApprovalCode, decoded.CardSlipNumber)
	if err := d.recorded(launch.CorrID, payment, "completed"); err != nil {
		return err
	}
	status, err := d.state("orders", order.Body.ID)
	d.expect(status == "completed", "and the order is %s", status)
	return err
}

// recorded has a result recorded, and looks at the backend's row.
func (d *demo) recorded(corrID string, payment called, want string) error {
	record, err := paidAnswer(d.terminal.RecordCardResult(d.op, corrID, ""))
	if err != nil {
		return err
	}
	status, err := d.state("payments", payment.Body.ID)
	d.expect(record.Outcome == "recorded" && status == want, "the backend has it: the payment is %s", status)
	return err
}

// unknown kills the Credit Card App, restarts the terminal, and lets the operator say what happened.
func (d *demo) unknown(ctx context.Context, bill called) error {
	payment, launch, _, err := d.byCard(ctx, bill, cardapp.Kill)
	if err != nil {
		return err
	}
	_, err = d.terminal.DecodeCardResult(d.op, launch.CorrID, "ok", "")
	d.expect(fault.CodeOf(err) == fault.CardAppResultInvalid, "%s: the card app dies with the card in its hands: %s", launch.CorrID, fault.CodeOf(err))
	if err := d.open(0); err != nil {
		return err
	}
	open, err := paidAnswer(d.terminal.PendingCardPayments(d.op))
	if err != nil {
		return err
	}
	d.expect(len(open.Pending) == 1 && open.Pending[0].CorrID == launch.CorrID, "after a restart it is still listed, as %s", open.Pending[0].State)
	resolved, err := paidAnswer(d.terminal.ResolveCardPayment(d.op, launch.CorrID, "cancelled"))
	if err != nil {
		return err
	}
	d.expect(resolved.Status == "cancelled", "no slip was printed, so the operator says: %s", resolved.Status)
	return d.recorded(launch.CorrID, payment, "cancelled")
}
