package pgw

import (
	"encoding/json"
	"net/http"
	"regexp"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

var (
	last4Text = regexp.MustCompile(`^[0-9]{1,4}$`)
	codeText  = regexp.MustCompile(`^[\x20-\x7e]{1,50}$`)
)

// outcome is what capture records.
type outcome struct {
	ApprovalCode   string `json:"approval_code,omitempty"`
	CardLast4      string `json:"card_last_4,omitempty"`
	CardSlipNumber string `json:"card_slip_number,omitempty"`
	CashReceived   int64  `json:"cash_received,omitempty"`
	Change         int64  `json:"change_amount,omitempty"`
}

// capture records a payment that was made elsewhere (OPEN, protocol section 4.4). The same outcome again is the same capture.
func (s *Server) capture(c *call) (int, any, error) {
	i, err := s.ownIntent(c.tx, c.client, c.id)
	if err != nil {
		return 0, nil, err
	}
	if i.mode == modeGateway {
		return 0, nil, wrongState("the gateway processes this payment itself; only external and manual ones are captured")
	}
	o, err := bodyObject(c)
	if err != nil {
		return 0, nil, err
	}
	out, err := readOutcome(o, i)
	if err != nil {
		return 0, nil, err
	}
	text, err := json.Marshal(out)
	if err != nil {
		return 0, nil, err
	}
	if i.status == succeeded && i.capture == string(text) {
		return http.StatusOK, i.view(), nil
	}
	if !moves[i.status][succeeded] {
		return 0, nil, wrongState("the PaymentIntent is " + i.status)
	}
	i.status, i.capture = succeeded, string(text)
	if i.method == "" {
		i.method = i.methods[0]
	}
	if err := s.saveIntent(c.tx, &i); err != nil {
		return 0, nil, err
	}
	if err := setTransactions(c.tx, i.id, succeeded, s.now()); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, i.view(), s.insertTransaction(c.tx, i, "capture", succeeded)
}

func readOutcome(o strictjson.Object, i intent) (out outcome, err error) {
	for _, f := range []struct {
		name string
		into *string
		form *regexp.Regexp
	}{
		{"approval_code", &out.ApprovalCode, codeText}, {"card_last_4", &out.CardLast4, last4Text}, {"card_slip_number", &out.CardSlipNumber, codeText},
	} {
		value, ok := o.Optional(f.name)
		if !ok || (value != "" && !f.form.MatchString(value)) {
			return outcome{}, unfit(f.name, f.name+" must be text of the card's slip")
		}
		*f.into = value
	}
	if o.Has("amount") {
		if amount, ok := o.Integer("amount"); !ok || amount != i.amount {
			return outcome{}, unfit("amount", "amount must be that of the PaymentIntent")
		}
	}
	if o.Has("cash_received") {
		received, ok := o.Integer("cash_received")
		if !ok || received < i.amount {
			return outcome{}, unfit("cash_received", "cash_received must be at least the amount")
		}
		out.CashReceived, out.Change = received, received-i.amount
	}
	return out, nil
}
