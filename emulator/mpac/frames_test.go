package mpac

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// What is read has every part, and ends the socket with one of three codes otherwise.
func FuzzReadFrame(f *testing.F) {
	for _, seed := range []string{
		`{"v":1,"type":"ping","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ts":"2026-01-28T10:00:00Z"}`,
		`{"v":1,"type":"hello","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ts":"2026-01-28T10:00:00Z","data":{"device_id":"x","last_event_id":"y","app_versions":{}}}`,
		`{"v":1,"type":"status","id":"01ARZ3NDEKTSV4RRFFQ69G5FAV","ts":"2026-01-28T10:00:00Z","data":{"battery":5,"paper":"OK"}}`,
		`{"v":2}`, `[]`, "\xff", `{"v":1,"v":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := readFrame(text)
		if err != nil {
			var end closing
			require.True(t, errors.As(err, &end))
			require.Contains(t, []int{closeBad, closeUTF8}, end.code)
			require.LessOrEqual(t, len(end.reason), 123, "a close frame has room for 123 bytes")
			return
		}
		require.True(t, json.Valid(text))
		require.NotEmpty(t, got.kind)
		require.Regexp(t, ulidText, got.id)
		require.NotNil(t, got.data)
		if report, err := readReport(got.data); err == nil {
			require.True(t, report.battery != nil || report.paper != nil)
		}
		_, _ = readHello(got.data)
	})
}

func FuzzReadItems(f *testing.F) {
	for _, seed := range []string{`{"items":[{"item_name":"X","quantity":2,"unit_price":450,"subtotal":900}]}`, `{"items":[]}`, `{"items":[{"quantity":1e9}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := strictjson.Read(text)
		if err != nil {
			return
		}
		items, total, err := readItems(o)
		if err != nil {
			return
		}
		var added int64
		for _, line := range items {
			require.Equal(t, line.Quantity*line.UnitPrice, line.Subtotal)
			added += line.Subtotal
		}
		require.Equal(t, added, total)
		require.LessOrEqual(t, total, int64(maxAmount))
		require.Positive(t, total)
	})
}

func FuzzReadSplit(f *testing.F) {
	for _, seed := range []string{`{"split_count":3}`, `{"amounts":[300,700]}`, `{"amounts":[1,-1]}`, `{"split_count":1e2}`} {
		f.Add([]byte(seed), int64(1000))
	}
	f.Fuzz(func(t *testing.T, text []byte, total int64) {
		o, err := strictjson.Read(text)
		if err != nil || total < 1 || total > maxAmount {
			return
		}
		amounts, err := readSplit(o, total)
		if err != nil {
			return
		}
		got, ok := sum(amounts...)
		require.True(t, ok)
		require.Equal(t, total, got)
	})
}

func FuzzReadPayment(f *testing.F) {
	for _, seed := range []string{
		`{"bill_id":"b","amount":100,"payment_method":"cash","tip_amount":5,"cash_received":200}`, `{"bill_id":"b","amount":1,"payment_method":"credit_card","split_id":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := strictjson.Read(text)
		if err != nil {
			return
		}
		p, err := readPayment(o)
		if err != nil {
			return
		}
		require.Positive(t, p.Amount)
		require.Equal(t, p.Amount+p.TipAmount, p.TotalAmount)
		if p.CashReceived != nil {
			require.Equal(t, *p.CashReceived, p.TotalAmount+*p.ChangeAmount)
		}
	})
}
