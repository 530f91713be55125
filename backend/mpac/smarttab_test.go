package mpac_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/backend/mpac"
	"github.com/smartpos-go/terminal/fault"
)

func TestACallIsOnDiskBeforeItGoesOutAndForgottenWhenAnswered(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201, 400, 401, 403, 404, 409, 422, 429} {
		g, s := newSmarttab(t, nil)
		g.set(says(status, `{"x":1}`))
		answer, err := s.Do(t.Context(), post("k-1"))
		require.NoError(t, err)
		require.Equal(t, mpac.Answer{Status: status, Body: []byte(`{"x":1}`), Key: "k-1"}, answer)
		for _, r := range g.requests() {
			require.Equal(t, request{"POST", "/api/v1/orders", "k-1", "application/json", `{"a":1}`, true}, r)
		}
		open, err := s.Pending()
		require.NoError(t, err)
		require.Empty(t, open, status)
	}
}

func TestALostAnswerIsAskedForUnderTheSameKeyAndThenUnknown(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(lost, says(201, `{"id":"o-1"}`))
	answer, err := s.Do(t.Context(), post(""))
	require.NoError(t, err)
	require.Equal(t, 201, answer.Status)
	sent := g.requests()
	require.Len(t, sent, 2)
	require.Equal(t, sent[0], sent[1])
	require.Len(t, answer.Key, 36)

	g.set(lost)
	_, err = s.Do(t.Context(), post("k-2"))
	require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
	var unanswered *mpac.Unanswered
	require.ErrorAs(t, err, &unanswered)
	require.Equal(t, "k-2", unanswered.Key)
	require.ErrorIs(t, err, fault.NetworkUnavailable)
	open, err := s.Pending()
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Equal(t, []string{"k-2", "POST", "/api/v1/orders", `{"a":1}`}, []string{open[0].Key, open[0].Method, open[0].Path, open[0].Body})
	require.WithinDuration(t, time.Now(), open[0].StartedAt, time.Minute)

	other := post("k-2")
	other.Body = []byte(`{"a":2}`)
	g.set(says(201, `{}`))
	_, err = s.Do(t.Context(), other)
	require.Equal(t, fault.Conflict, fault.CodeOf(err), "under one key there is one call")
	require.Empty(t, g.requests())

	g.set(says(201, `{"id":"o-2"}`))
	answer, err = s.Resolve(t.Context(), "k-2")
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"o-2"}`, string(answer.Body))
	require.Equal(t, `{"a":1}`, g.requests()[0].body)
	_, err = s.Resolve(t.Context(), "k-2")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
}

// A server that is still busy with the first try may refuse the second: that is not the answer to the first.
func TestAConflictWithTheOwnFirstTryIsNoAnswer(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(lost, says(409, `{"error":{"code":"busy","message":"x"}}`), says(201, `{"id":"o-1"}`))
	_, err := s.Do(t.Context(), post("k"))
	require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
	answer, err := s.Do(t.Context(), post("k"))
	require.NoError(t, err)
	require.Equal(t, 201, answer.Status)
}

// What is asked again after a lost answer must not be taken for undone because this time nothing went out, or was let through.
func TestAnUnknownCallStaysUnknownUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		open   bool
	}{
		"lost again":          {lost, true},
		"server error":        {says(503, ``), true},
		"rate":                {says(429, ``), true},
		"token":               {says(401, ``), true},
		"suspended":           {says(403, `{"error":{"code":"device_suspended","message":""}}`), true},
		"still being done":    {says(409, `{"error":{"code":"in_progress","message":""}}`), true},
		"a login page":        {says(200, `<html>`), true},
		"done":                {says(201, `{}`), false},
		"the state forbids":   {says(409, `{"error":{"code":"conflict","message":""}}`), false},
		"never was":           {says(404, ``), false},
		"never could be":      {says(422, ``), false},
		"done without a word": {says(204, ``), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, s := newSmarttab(t, nil)
			g.set(lost)
			_, err := s.Do(t.Context(), post("k"))
			require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
			g.set(tt.answer)
			_, _ = s.Resolve(t.Context(), "k")
			open, err := s.Pending()
			require.NoError(t, err)
			require.Equal(t, tt.open, len(open) == 1)
			g.Close()
			if tt.open {
				_, err = s.Resolve(t.Context(), "k")
				require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err), "no network now says nothing of then")
			}
		})
	}
}

func TestADamagedOpenCallHoldsNoOtherUp(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(lost)
	_, err := s.Do(t.Context(), post("k"))
	require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
	require.NoError(t, g.memory.SetSetting("mpac.call.damaged", `{"method":`))
	open, err := s.Pending()
	require.NoError(t, err)
	require.Len(t, open, 2)
	require.Equal(t, mpac.Pending{Key: "damaged"}, open[0])

	g.set(says(201, `{}`))
	_, err = s.Do(t.Context(), post("damaged"))
	require.Equal(t, fault.StorageDamaged, fault.CodeOf(err), "its key may have done something else")
	_, err = s.Do(t.Context(), post("another"))
	require.NoError(t, err)
	_, err = s.Resolve(t.Context(), "k")
	require.NoError(t, err)
	_, err = s.Resolve(t.Context(), "damaged")
	require.Equal(t, fault.StorageDamaged, fault.CodeOf(err))
	_, err = s.Resolve(t.Context(), "damaged")
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	open, err = s.Pending()
	require.NoError(t, err)
	require.Empty(t, open)
}

func TestWhatNeverWentOutIsNotUnknown(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.Close()
	_, err := s.Do(t.Context(), post("k"))
	require.Equal(t, fault.NetworkUnavailable, fault.CodeOf(err))
	open, err := s.Pending()
	require.NoError(t, err)
	require.Empty(t, open)
}

func TestADiskThatIsFullSendsNothing(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(says(201, `{}`))
	g.memory.fail = fault.New(fault.StorageFull, "test", "")
	_, err := s.Do(t.Context(), post("k"))
	require.Equal(t, fault.StorageFull, fault.CodeOf(err))
	require.Empty(t, g.requests())
}

func TestAnOperationThatCannotBeIsRefusedBeforeItGoesOut(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(says(200, `{}`))
	for name, o := range map[string]mpac.Operation{
		"method":          {Method: "TRACE", Path: "/api/v1/orders"},
		"lower case":      {Method: "get", Path: "/api/v1/orders"},
		"another host":    {Method: "GET", Path: "https://evil.example/"},
		"not absolute":    {Method: "GET", Path: "@evil.example/"},
		"up":              {Method: "GET", Path: "/api/v1/../admin"},
		"space":           {Method: "GET", Path: "/api/v1/orders HTTP/1.1"},
		"line":            {Method: "GET", Path: "/api/v1/orders\r\nX: y"},
		"fragment":        {Method: "GET", Path: "/api/v1/orders#x"},
		"body of a GET":   {Method: "GET", Path: "/api/v1/orders", Body: []byte("{}")},
		"key of a GET":    {Method: "GET", Path: "/api/v1/orders", Key: "k"},
		"body not JSON":   {Method: "POST", Path: "/api/v1/orders", Body: []byte("a=b")},
		"body too large":  {Method: "POST", Path: "/api/v1/orders", Body: []byte(`"` + strings.Repeat("x", 256<<10) + `"`)},
		"key with spaces": {Method: "POST", Path: "/api/v1/orders", Key: "a b"},
		"key too long":    {Method: "POST", Path: "/api/v1/orders", Key: strings.Repeat("k", 101)},
		"key with a line": {Method: "POST", Path: "/api/v1/orders", Key: "k\r\nX: y"},
	} {
		_, err := s.Do(t.Context(), o)
		require.Equal(t, fault.InvalidRequest, fault.CodeOf(err), name)
	}
	require.Empty(t, g.requests())
}

func TestScopesAreCheckedBeforeTheCall(t *testing.T) {
	t.Parallel()
	have := []string{mpac.ScopeOrder, mpac.ScopePayment}
	g, s := newSmarttab(t, func(context.Context) ([]string, error) { return have, nil })
	g.set(says(200, `{}`))
	for path, allowed := range map[string]bool{
		"/api/v1/orders": true, "/api/v1/orders/1": true, "/api/v1/orders?x=1": true, "/api/v1/bills": false, "/api/v1/bills/1/split": false,
		"/api/v1/payments": true, "/api/v1/payments/1": true, "/api/v1/payments/1/refund": false, "/api/v1/customers": true, "/api/v1/ordersx": true,
	} {
		_, err := s.Do(t.Context(), mpac.Operation{Method: "POST", Path: path})
		if allowed {
			require.NoError(t, err, path)
		} else {
			require.Equal(t, fault.ScopeMissing, fault.CodeOf(err), path)
		}
	}
	have = nil
	_, err := s.Do(t.Context(), mpac.Operation{Method: "POST", Path: "/api/v1/bills"})
	require.NoError(t, err, "what is not known is left to the server")
	require.Len(t, g.requests(), 8)
}

func TestTheFaultOfEveryAnswer(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	for _, tt := range []struct {
		status int
		body   string
		want   fault.Code
	}{
		{400, ``, fault.ProtocolError}, {401, ``, fault.TokenRefused}, {402, ``, fault.ProtocolError}, {403, ``, fault.ScopeMissing},
		{403, `{"error":{"code":"suspended"}}`, fault.DeviceSuspended}, {403, `{"error":{"code":"device_decommissioned"}}`, fault.DeviceDecommissioned},
		{404, `{"error":{"code":"not_found","message":"x"}}`, fault.NotFound}, {405, ``, fault.ProtocolError}, {409, ``, fault.Conflict},
		{422, `{"error":{"code":"invalid_body"}}`, fault.ProtocolError}, {408, ``, fault.Timeout}, {429, ``, fault.RateLimited},
		{500, ``, fault.ServerError}, {307, ``, fault.BadResponse}, {200, `[]`, fault.BadResponse}, {200, ``, fault.BadResponse},
		{200, `{"id":"1","total_amount":10.5}`, fault.BadResponse}, {200, `{"id":"1","created_at":"yesterday"}`, fault.BadResponse},
		{200, `{"id":"1"}`, ""},
	} {
		g.set(says(tt.status, tt.body))
		_, err := s.Order(t.Context(), "o-1")
		require.Equal(t, tt.want, fault.CodeOf(err), "%d %s", tt.status, tt.body)
	}
}

func TestAServersTextIsMadeSafe(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	token := "eyJhbGciOiJFUzI1NiJ9." + strings.Repeat("A", 100)
	g.set(says(409, `{"error":{"code":"conflict","message":"card 5555555555554444\nwith `+token+`"}}`))
	_, err := s.Order(t.Context(), "o-1")
	require.ErrorContains(t, err, "conflict: card ****")
	for _, secret := range []string{"5555555555554444", token, "\n"} {
		require.NotContains(t, err.Error(), secret)
	}
}

func TestAmountsAreWholeYen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]mpac.Yen{"0": 0, "1280": 1280, "-5": -5, "9999999999": 9_999_999_999, "null": 0} {
		var y mpac.Yen
		require.NoError(t, json.Unmarshal([]byte(text), &y), text)
		require.Equal(t, want, y)
	}
	for _, text := range []string{"10.5", "10.0", "1e3", `"100"`, "10000000000", "-10000000000", "9223372036854775808", "true", "{}"} {
		var y mpac.Yen
		require.Error(t, json.Unmarshal([]byte(text), &y), text)
	}
}

func TestStateNamesOfOtherPagesAreRead(t *testing.T) {
	t.Parallel()
	var order mpac.Order
	var bill mpac.Bill
	var payment mpac.Payment
	require.NoError(t, json.Unmarshal([]byte(`{"status":"paid"}`), &order))
	require.NoError(t, json.Unmarshal([]byte(`{"status":"unpaid"}`), &bill))
	require.NoError(t, json.Unmarshal([]byte(`{"status":"succeeded","payment_token":"canary"}`), &payment))
	require.Equal(t, []string{"billed", "pending", "completed"}, []string{string(order.Status), string(bill.Status), string(payment.Status)})
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", payment, payment, payment.IntentToken), "canary")
	text, err := json.Marshal(payment)
	require.NoError(t, err)
	require.NotContains(t, string(text), "canary")
}

func TestWhatCannotBeTakenIsNotSent(t *testing.T) {
	t.Parallel()
	g, s := newSmarttab(t, nil)
	g.set(says(201, `{}`))
	item := mpac.Item{Sequence: 1, Name: "Coffee", Quantity: 2, UnitPrice: 450, Subtotal: 900}
	odd := func(change func(*mpac.Item)) []mpac.Item { i := item; change(&i); return []mpac.Item{i} }
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"no items": func() error { _, err := s.CreateOrder(ctx, mpac.NewOrder{}, ""); return err },
		"no name": func() error {
			_, err := s.ChangeItems(ctx, "o", odd(func(i *mpac.Item) { i.Name = "" }), "")
			return err
		},
		"no quantity": func() error {
			_, err := s.ChangeItems(ctx, "o", odd(func(i *mpac.Item) { i.Quantity = 0 }), "")
			return err
		},
		"wrong sum": func() error {
			_, err := s.ChangeItems(ctx, "o", odd(func(i *mpac.Item) { i.Subtotal = 901 }), "")
			return err
		},
		"negative": func() error {
			_, err := s.ChangeItems(ctx, "o", odd(func(i *mpac.Item) { i.UnitPrice = -1 }), "")
			return err
		},
		"no amount":      func() error { _, err := s.CreatePayment(ctx, mpac.NewPayment{BillID: "b"}, ""); return err },
		"one part":       func() error { _, err := s.SplitBill(ctx, "b", []mpac.Yen{1}, ""); return err },
		"part of none":   func() error { _, err := s.SplitBill(ctx, "b", []mpac.Yen{1, 0}, ""); return err },
		"one bill":       func() error { _, err := s.CombineBills(ctx, []string{"b"}, ""); return err },
		"no reason":      func() error { return s.Refund(ctx, "p", mpac.NewRefund{Amount: 1, StaffCode: "S"}, "") },
		"refund of none": func() error { return s.Refund(ctx, "p", mpac.NewRefund{Reason: "r", StaffCode: "S"}, "") },
		"no status":      func() error { _, err := s.UpdatePayment(ctx, "p", mpac.CardOutcome{}, ""); return err },
	} {
		require.Equal(t, fault.InvalidRequest, fault.CodeOf(call()), name)
	}
	require.Empty(t, g.requests())
}

func TestATypedCreateWithoutAnswerTellsItsKey(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{"lost": lost, "server error": says(500, ``)} {
		g, s := newSmarttab(t, nil)
		g.set(answer)
		_, err := s.CreatePayment(t.Context(), mpac.NewPayment{BillID: "b", Amount: 100, Method: "cash"}, "")
		var unanswered *mpac.Unanswered
		require.ErrorAs(t, err, &unanswered, name)
		require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
		require.Equal(t, g.requests()[0].key, unanswered.Key)
		require.True(t, errors.Is(err, fault.NetworkUnavailable) || errors.Is(err, fault.ServerError))
		g.set(says(201, `{"id":"p-1","amount":100}`))
		payment, err := s.CreatePayment(t.Context(), mpac.NewPayment{BillID: "b", Amount: 100, Method: "cash"}, unanswered.Key)
		require.NoError(t, err)
		require.Equal(t, "p-1", payment.ID)
	}
}
