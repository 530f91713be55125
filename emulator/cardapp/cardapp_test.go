package cardapp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/emulator/cardapp"
)

const request = `{"corr_id":"CORR-5-1706515200000","amount":1200,"classificationCode":5,"authorizationID":"AUTH01","terminal_id":"d-1"}`

// The fields of protocol section 6.2, by decision.
func TestEveryDecisionHasItsResult(t *testing.T) {
	t.Parallel()
	for decision, status := range map[cardapp.Decision]string{
		cardapp.Approve: "success", cardapp.Decline: "declined", cardapp.Error: "error", cardapp.Cancel: "cancelled",
	} {
		answer, err := cardapp.App{Rand: rand.Reader}.Handle(t.Context(), decision, request, "")
		require.NoError(t, err)
		require.Equal(t, cardapp.ResultOK, answer.ResultCode)
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(answer.Result), &got))
		require.Equal(t, status, got["status"])
		require.Equal(t, "CORR-5-1706515200000", got["corr_id"])
		require.Contains(t, got, "error_message")
		if status != "success" {
			require.NotEmpty(t, got["error_message"])
			continue
		}
		require.Nil(t, got["error_message"])
		require.Regexp(t, `^\d{6}$`, got["approval_code"])
		require.Regexp(t, `^\d{5}$`, got["card_slip_number"])
		require.Regexp(t, `^\d{4}$`, got["card_last_4"])
	}
	answer, err := cardapp.App{Rand: bytes.NewReader(make([]byte, 12)), Silent: true}.Handle(t.Context(), cardapp.Approve, request, "")
	require.NoError(t, err)
	require.Equal(t, `{"status":"success","approval_code":"000000","card_slip_number":"00000","card_last_4":"0000","error_message":null}`, answer.Result)
}

func TestAnAppThatNeverAnswers(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	app := cardapp.App{Rand: rand.Reader}
	_, err := app.Handle(ctx, cardapp.Timeout, request, "")
	require.ErrorIs(t, err, context.Canceled)
	_, err = app.Handle(t.Context(), cardapp.Kill, request, "")
	require.ErrorIs(t, err, cardapp.ErrKilled)
	_, err = app.Handle(t.Context(), "maybe", request, "")
	require.ErrorIs(t, err, cardapp.ErrDecision)
	_, err = cardapp.App{Rand: bytes.NewReader(nil)}.Handle(t.Context(), cardapp.Approve, request, "")
	require.Error(t, err)
}

func TestRequestsThatBreakTheContract(t *testing.T) {
	t.Parallel()
	app := cardapp.App{Rand: rand.Reader}
	change := func(old, with string) string { return strings.Replace(request, old, with, 1) }
	for name, text := range map[string]string{
		"no JSON":                   "nonsense",
		"nothing in it":             "{}",
		"corr_id of another form":   change("CORR-5-", "corr-"),
		"no amount":                 change("1200", "0"),
		"fraction of a yen":         change("1200", "12.5"),
		"class 10":                  change(":5,", ":10,"),
		"no authorization":          change("AUTH01", ""),
		"terminal in neither place": change(`,"terminal_id":"d-1"`, ""),
		"a name twice":              change("{", `{"amount":1,`),
	} {
		_, err := app.Handle(t.Context(), cardapp.Approve, text, "")
		require.ErrorIs(t, err, cardapp.ErrRequest, name)
	}
	_, err := app.Handle(t.Context(), cardapp.Approve, change(`,"terminal_id":"d-1"`, ""), "d-1")
	require.NoError(t, err, "in the extra alone")
}
