package mobile

import (
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"github.com/smartpos-go/terminal/backend/pgw"
	"github.com/smartpos-go/terminal/fault"
	"github.com/smartpos-go/terminal/intentbridge"
)

type intentJSON struct {
	V      int        `json:"v"`
	Intent pgw.Intent `json:"intent"`
}

func intentAnswer(intent pgw.Intent, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return intentJSON{V: 1, Intent: intent}, nil
}

// handoverJSON is the vendor's own object: nothing is added to it.
type handoverJSON struct {
	Token           string `json:"token"`
	PaymentIntentID string `json:"payment_intent_id"`
	ExpiresIn       int64  `json:"expires_in"`
}

// usualHandover is the vendor's example, for a gateway that does not say when a PaymentIntent runs out, in seconds.
const usualHandover = 300

func handover(intent pgw.Intent, token string, now time.Time) handoverJSON {
	h := handoverJSON{Token: token, PaymentIntentID: intent.ID, ExpiresIn: usualHandover}
	if !intent.ExpiresAt.IsZero() {
		h.ExpiresIn = max(int64(intent.ExpiresAt.Sub(now)/time.Second), 0)
	}
	return h
}

// cardRequestJSON is the request of EncodeCardRequest.
type cardRequestJSON struct {
	V                  int             `json:"v"`
	Amount             json.RawMessage `json:"amount"`
	ClassificationCode int             `json:"classificationCode"`
	AuthorizationID    string          `json:"authorizationID"`
	PaymentID          string          `json:"paymentId"`
}

func readCardRequest(text string) (r intentbridge.Request, paymentID string, err error) {
	const op = "mobile: card request"
	var c cardRequestJSON
	err = json.Unmarshal([]byte(text), &c)
	if err == nil { // a misspelt paymentId would leave the result without its payment
		err = exactKeys([]byte(text), reflect.TypeFor[cardRequestJSON](), "")
	}
	if err != nil {
		return r, "", fault.New(fault.InvalidRequest, op, jsonProblem(err))
	}
	if c.V != 1 {
		return r, "", fault.New(fault.InvalidRequest, op, `"v" must be 1`)
	}
	amount, err := strconv.ParseInt(string(c.Amount), 10, 64)
	if err != nil {
		return r, "", fault.New(fault.InvalidAmount, op, "amount must be whole yen")
	}
	return intentbridge.Request{Amount: amount, ClassificationCode: c.ClassificationCode, AuthorizationID: c.AuthorizationID}, c.PaymentID, nil
}

type launchJSON struct {
	V       int               `json:"v"`
	CorrID  string            `json:"corrId"`
	Package string            `json:"package"`
	Class   string            `json:"class"`
	Extras  map[string]string `json:"extras"`
}

func launchAnswer(l intentbridge.Launch) launchJSON {
	return launchJSON{V: 1, CorrID: l.CorrID, Package: l.Package, Class: l.Class, Extras: l.Extras}
}

type cardResultJSON struct {
	V              int                 `json:"v"`
	CorrID         string              `json:"corrId"`
	Status         intentbridge.Status `json:"status"`
	ApprovalCode   *string             `json:"approvalCode"`
	CardSlipNumber *string             `json:"cardSlipNumber"`
	CardLast4      *string             `json:"cardLast4"`
	ErrorMessage   *string             `json:"errorMessage"`
	PaymentID      string              `json:"paymentId,omitempty"`
	Unknown        map[string]string   `json:"unknown,omitempty"`
}

func cardResultAnswer(p intentbridge.Payment) cardResultJSON {
	return cardResultJSON{
		V: 1, CorrID: p.CorrID, Status: p.Result.Status, ApprovalCode: orNull(p.Result.ApprovalCode), CardSlipNumber: orNull(p.Result.CardSlipNumber),
		CardLast4: orNull(p.Result.CardLast4), ErrorMessage: orNull(p.Result.ErrorMessage), PaymentID: p.PaymentID, Unknown: p.Result.Unknown,
	}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

type resolvedCardJSON struct {
	V      int                 `json:"v"`
	CorrID string              `json:"corrId"`
	Status intentbridge.Status `json:"status"`
}

type recordJSON struct {
	V         int                 `json:"v"`
	CorrID    string              `json:"corrId"`
	PaymentID string              `json:"paymentId"`
	Status    intentbridge.Status `json:"status"`
	Outcome   string              `json:"outcome"`
	Code      fault.Code          `json:"code,omitempty"`
}

func recordAnswer(p intentbridge.Payment, why fault.Code) recordJSON {
	answer := recordJSON{V: 1, CorrID: p.CorrID, PaymentID: p.PaymentID, Status: p.Result.Status, Outcome: "waiting", Code: why}
	if p.State == intentbridge.Recorded {
		answer.Outcome = "recorded"
	}
	return answer
}

type pendingCardJSON struct {
	CorrID    string `json:"corrId"`
	Amount    int64  `json:"amount"`
	State     string `json:"state"`
	StartedAt string `json:"startedAt"`
	PaymentID string `json:"paymentId,omitempty"`
}

type unrecordedCardJSON struct {
	CorrID    string              `json:"corrId"`
	Amount    int64               `json:"amount"`
	Status    intentbridge.Status `json:"status"`
	PaymentID string              `json:"paymentId"`
	ClosedAt  string              `json:"closedAt"`
	Code      fault.Code          `json:"code,omitempty"`
}

type pendingCardsJSON struct {
	V          int                  `json:"v"`
	Pending    []pendingCardJSON    `json:"pending"`
	Unrecorded []unrecordedCardJSON `json:"unrecorded"`
}

func pendingCardsAnswer(open, unrecorded []intentbridge.Payment) pendingCardsJSON {
	answer := pendingCardsJSON{V: 1, Pending: []pendingCardJSON{}, Unrecorded: []unrecordedCardJSON{}}
	for _, p := range open {
		answer.Pending = append(answer.Pending, pendingCardJSON{p.CorrID, p.Amount, "unknown", rfc3339(p.StartedAt), p.PaymentID})
	}
	for _, p := range unrecorded {
		answer.Unrecorded = append(answer.Unrecorded, unrecordedCardJSON{p.CorrID, p.Amount, p.Result.Status, p.PaymentID, rfc3339(p.ClosedAt), p.RecordError})
	}
	return answer
}
