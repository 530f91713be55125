package intentbridge_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/smartpos-go/terminal/intentbridge"
)

// memory keeps values for the example; a terminal's is on disk, such as offline.Store.
type memory map[string]string

func (m memory) SetSetting(key, value string) error {
	if value == "" {
		delete(m, key)
	} else {
		m[key] = value
	}
	return nil
}

func (m memory) Settings(prefix string) (map[string]string, error) {
	found := map[string]string{}
	for key, value := range m {
		if strings.HasPrefix(key, prefix) {
			found[key] = value
		}
	}
	return found, nil
}

// backend takes every result.
type backend struct{}

func (backend) RecordCard(_ context.Context, paymentID string, p intentbridge.Payment, _ string) error {
	fmt.Println(paymentID, "is", p.Result.Status, "with slip", p.Result.CardSlipNumber)
	return nil
}

// A card payment from its Intent to the backend.
func ExampleLedger() {
	ledger, err := intentbridge.New(intentbridge.Options{
		Memory: memory{}, Now: func() time.Time { return time.UnixMilli(1769594520000) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	launch, err := ledger.Begin(intentbridge.Request{Amount: 1280, ClassificationCode: 5, AuthorizationID: "AUTH01", TerminalID: "till-1"}, "payment-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(launch.Extras[intentbridge.ExtraRequest])

	// The app starts the Intent, and gets this back.
	result := `{"status":"success","approval_code":"012345","card_slip_number":"00123","card_last_4":"0042","error_message":null}`
	if _, err := ledger.Settle(launch.CorrID, intentbridge.ResultOK, []byte(result)); err != nil {
		fmt.Println(err) // the payment is still open: ask the operator
		return
	}
	recorded, left, err := ledger.RecordDue(context.Background(), backend{})
	fmt.Println(recorded, left, err)
	// Output:
	// {"corr_id":"CORR-5-1769594520000","amount":1280,"classificationCode":5,"authorizationID":"AUTH01","terminal_id":"till-1"}
	// payment-1 is success with slip 00123
	// 1 0 <nil>
}
