package intentbridge

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

const device = "7f1c1e0a-3c53-4f44-9d0b-6a3f0d6e2b11"

func sale() Request {
	return Request{CorrID: "CORR-5-1706515200000", Amount: 1200, ClassificationCode: 5, AuthorizationID: "AUTH01", TerminalID: device}
}

// The text of a request, byte by byte: names and order of protocol section 6.1.
func TestTheRequestIsAsPrinted(t *testing.T) {
	t.Parallel()
	text, err := sale().Encode()
	require.NoError(t, err)
	require.Equal(t, `{"corr_id":"CORR-5-1706515200000","amount":1200,"classificationCode":5,"authorizationID":"AUTH01","terminal_id":"`+device+`"}`, text)
	out, err := launch(sale())
	require.NoError(t, err)
	require.Equal(t, Launch{
		CorrID: "CORR-5-1706515200000", Package: "com.demo.smarttab.creditcard", Class: "com.demo.smarttab.creditcard.MainActivity",
		Extras: map[string]string{"request": text, "terminal_id": device},
	}, out)
}

// CP pairs corr_id CORR-36-… with classification code 5: neither is read from the other.
func TestRequestsThatAreTakenAndRefused(t *testing.T) {
	t.Parallel()
	change := func(f func(r *Request)) Request {
		r := sale()
		f(&r)
		return r
	}
	for name, tt := range map[string]struct {
		request Request
		code    fault.Code
	}{
		"a sale":                 {sale(), ""},
		"corr_id of the example": {change(func(r *Request) { r.CorrID = "CORR-36-1706515200000" }), ""},
		"class 1":                {change(func(r *Request) { r.ClassificationCode = 1 }), ""},
		"class 9":                {change(func(r *Request) { r.ClassificationCode = 9 }), ""},
		"class 0":                {change(func(r *Request) { r.ClassificationCode = 0 }), fault.InvalidRequest},
		"class 10":               {change(func(r *Request) { r.ClassificationCode = 10 }), fault.InvalidRequest},
		"one yen":                {change(func(r *Request) { r.Amount = 1 }), ""},
		"2^53-1 yen":             {change(func(r *Request) { r.Amount = 1<<53 - 1 }), ""},
		"2^53 yen":               {change(func(r *Request) { r.Amount = 1 << 53 }), fault.InvalidAmount},
		"no yen":                 {change(func(r *Request) { r.Amount = 0 }), fault.InvalidAmount},
		"less than nothing":      {change(func(r *Request) { r.Amount = -1 }), fault.InvalidAmount},
		"no authorization":       {change(func(r *Request) { r.AuthorizationID = "" }), fault.InvalidRequest},
		"authorization of lines": {change(func(r *Request) { r.AuthorizationID = "AUTH\n01" }), fault.InvalidRequest},
		"a long authorization":   {change(func(r *Request) { r.AuthorizationID = strings.Repeat("A", 101) }), fault.InvalidRequest},
		"no terminal":            {change(func(r *Request) { r.TerminalID = "" }), fault.InvalidRequest},
		"corr_id of 12 digits":   {change(func(r *Request) { r.CorrID = "CORR-5-170651520000" }), fault.InvalidRequest},
	} {
		text, err := tt.request.Encode()
		require.Equal(t, tt.code, fault.CodeOf(err), name)
		if tt.code != "" {
			require.Empty(t, text, name)
			continue
		}
		back, err := DecodeRequest(text, tt.request.TerminalID)
		require.NoError(t, err, name)
		require.Equal(t, tt.request, back, name)
	}
}

func TestTheTerminalIsReadFromBothPlaces(t *testing.T) {
	t.Parallel()
	text, err := sale().Encode()
	require.NoError(t, err)
	r, err := DecodeRequest(text, "another")
	require.NoError(t, err)
	require.Equal(t, "another", r.TerminalID, "the extra is read first")
	r, err = DecodeRequest(text, "")
	require.NoError(t, err)
	require.Equal(t, device, r.TerminalID)
	without := strings.Replace(text, `,"terminal_id":"`+device+`"`, "", 1)
	r, err = DecodeRequest(without, device)
	require.NoError(t, err)
	require.Equal(t, device, r.TerminalID)
	_, err = DecodeRequest(without, "")
	require.Equal(t, fault.InvalidRequest, fault.CodeOf(err))
}

func TestRequestsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	good, err := sale().Encode()
	require.NoError(t, err)
	for text, code := range map[string]fault.Code{
		"":          fault.InvalidRequest,
		"[]":        fault.InvalidRequest,
		good + "{}": fault.InvalidRequest,
		strings.Replace(good, `1200`, `"1200"`, 1):                         fault.InvalidAmount,
		strings.Replace(good, `1200`, `12.5`, 1):                           fault.InvalidAmount,
		strings.Replace(good, `1200`, `1.2e3`, 1):                          fault.InvalidAmount,
		strings.Replace(good, `:5,`, `:5.0,`, 1):                           fault.InvalidRequest,
		strings.Replace(good, `:5,`, `:4294967301,`, 1):                    fault.InvalidRequest,
		strings.Replace(good, `"amount"`, `"Amount"`, 1):                   fault.InvalidAmount,
		strings.Replace(good, `"amount":1200`, `"amount":1,"amount":2`, 1): fault.InvalidRequest,
	} {
		_, err := DecodeRequest(text, "")
		require.Equal(t, code, fault.CodeOf(err), text)
	}
}

const success = `{"status":"success","approval_code":"012345","card_slip_number":"00123","card_last_4":"0042","error_message":null}`

// The example of protocol section 6.2: leading zeros stay.
func TestTheResultIsReadAsPrinted(t *testing.T) {
	t.Parallel()
	r, err := DecodeResult([]byte(success))
	require.NoError(t, err)
	require.Equal(t, Result{Status: Success, ApprovalCode: "012345", CardSlipNumber: "00123", CardLast4: "0042"}, r)
	text, err := r.Encode()
	require.NoError(t, err)
	require.Equal(t, success, text)
	text, err = Result{Status: Declined, ErrorMessage: "no", CorrID: "CORR-5-1706515200000"}.Encode()
	require.NoError(t, err)
	require.Equal(t, `{"status":"declined","error_message":"no","corr_id":"CORR-5-1706515200000"}`, text)
	_, err = Result{Status: Success}.Encode()
	require.Equal(t, fault.CardAppResultInvalid, fault.CodeOf(err))
}

func TestResultsThatAreTakenAndRefused(t *testing.T) {
	t.Parallel()
	change := func(old, with string) string { return strings.Replace(success, old, with, 1) }
	for name, tt := range map[string]struct {
		text string
		good bool
	}{
		"success":                        {success, true},
		"success without error_message":  {change(`,"error_message":null`, ``), true},
		"unknown fields":                 {change(`{`, `{"brand":"VISA","nested":{"a":[1]},`), true},
		"declined alone":                 {`{"status":"declined"}`, true},
		"declined, message a number":     {`{"status":"declined","error_message":5}`, true},
		"declined, approval a number":    {`{"status":"declined","approval_code":5}`, true},
		"cancelled":                      {`{"status":"cancelled","error_message":"by the customer"}`, true},
		"error":                          {`{"status":"error","error_message":"カード会社へ"}`, true},
		"white space":                    {" \n" + success + "\n", true},
		"empty":                          {"", false},
		"null":                           {"null", false},
		"text":                           {`"success"`, false},
		"list":                           {`[` + success + `]`, false},
		"cut":                            {success[:40], false},
		"more behind":                    {success + "{}", false},
		"not UTF-8":                      {change("012345", "01\xff345"), false},
		"no status":                      {`{"error_message":null}`, false},
		"status unknown":                 {change(`"success"`, `"approved"`), false},
		"status in capitals":             {change(`"success"`, `"SUCCESS"`), false},
		"status under another name":      {change(`"status"`, `"Status"`), false},
		"status twice":                   {change(`{`, `{"status":"declined",`), false},
		"status null":                    {change(`"success"`, `null`), false},
		"no approval code":               {change(`"approval_code":"012345",`, ``), false},
		"approval code empty":            {change(`012345`, ``), false},
		"approval code a number":         {change(`"012345"`, `12345`), false},
		"slip a number":                  {change(`"00123"`, `123`), false},
		"slip a card number":             {change(`00123`, `5555555555554444`), false},
		"slip of 51":                     {change(`00123`, strings.Repeat("1x", 25)+"1"), false},
		"last 4 of 3":                    {change(`0042`, `042`), false},
		"last 4 a card number":           {change(`0042`, `5555555555554444`), false},
		"last 4 letters":                 {change(`0042`, `004x`), false},
		"success, message a number":      {change(`null`, `5`), false},
		"corr_id a number":               {change(`{`, `{"corr_id":5,`), false},
		"corr_id of another form":        {change(`{`, `{"corr_id":"../x",`), false},
		"over 64 KiB":                    {change(`null`, `"`+strings.Repeat("x", MaxText)+`"`), false},
		"64 KiB of white space before":   {strings.Repeat(" ", MaxText) + success, false},
		"deeper than can be walked":      {change(`{`, `{"a":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`,`), false},
		"success, everything on its end": {strings.Repeat(" ", MaxText-len(success)) + success, true},
	} {
		r, err := DecodeResult([]byte(tt.text))
		if tt.good {
			require.NoError(t, err, name)
			require.True(t, r.Status.Known(), name)
			continue
		}
		require.Equal(t, fault.CardAppResultInvalid, fault.CodeOf(err), name)
		require.Equal(t, Result{}, r, name)
		require.NotContains(t, err.Error(), "5555", name)
	}
}

// What a newer card app adds is there for diagnosis, and never a card number.
func TestUnknownFieldsAreKeptAndMadeSafe(t *testing.T) {
	t.Parallel()
	r, err := DecodeResult([]byte(strings.Replace(success, `{`, `{"brand":"VISA","pan":"5555555555554444","null":null,"list":[1,2],"5555555555554444":1,`, 1)))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"brand": `"VISA"`, "pan": `"****"`, "list": "[1,2]", "****": "1"}, r.Unknown)
	declined, err := DecodeResult([]byte(`{"status":"declined","error_message":"5555 5555 5555 4444 was\nrefused"}`))
	require.NoError(t, err)
	require.Equal(t, "**** was refused", declined.ErrorMessage)
	many := map[string]any{"status": "error"}
	for i := range 100 {
		many[strings.Repeat("n", i+1)] = strings.Repeat("v ", 500)
	}
	text, err := json.Marshal(many)
	require.NoError(t, err)
	r, err = DecodeResult(text[:])
	require.Equal(t, fault.CardAppResultInvalid, fault.CodeOf(err), "it has 100 KiB")
	require.Nil(t, r.Unknown)
	for i := range 60 {
		delete(many, strings.Repeat("n", i+1))
	}
	text, err = json.Marshal(many)
	require.NoError(t, err)
	r, err = DecodeResult(text)
	require.NoError(t, err)
	require.LessOrEqual(t, len(r.Unknown), 32)
	for _, value := range r.Unknown {
		require.LessOrEqual(t, len(value), 200)
	}
}

// FuzzResult: whatever comes is a result that is whole and encodes to what decodes the same, or a fault with no result at all.
func FuzzResult(f *testing.F) {
	f.Add(success)
	f.Add(`{"status":"declined","error_message":"x","corr_id":"CORR-36-1706515200000","more":[1]}`)
	f.Add(`{"status":"success","approval_code":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := DecodeResult([]byte(text))
		if err != nil {
			require.Equal(t, fault.CardAppResultInvalid, fault.CodeOf(err))
			require.Equal(t, Result{}, r)
			return
		}
		require.NoError(t, r.Check())
		if r.Status == Success {
			require.NotEmpty(t, r.ApprovalCode+r.CardSlipNumber)
			require.Len(t, r.CardLast4, 4)
		}
		r.Unknown = nil
		again, err := r.Encode()
		require.NoError(t, err)
		back, err := DecodeResult([]byte(again))
		require.NoError(t, err)
		require.Equal(t, r, back)
	})
}

// FuzzRequest: what is read is within the contract and encodes to what reads the same.
func FuzzRequest(f *testing.F) {
	good, err := sale().Encode()
	require.NoError(f, err)
	f.Add(good, "")
	f.Add(good, device)
	f.Add(`{"amount":1e2}`, "x")
	f.Fuzz(func(t *testing.T, text, terminalID string) {
		r, err := DecodeRequest(text, terminalID)
		if err != nil {
			require.Contains(t, []fault.Code{fault.InvalidRequest, fault.InvalidAmount}, fault.CodeOf(err))
			require.Equal(t, Request{}, r)
			return
		}
		again, err := r.Encode()
		require.NoError(t, err)
		back, err := DecodeRequest(again, "")
		require.NoError(t, err)
		require.Equal(t, r, back)
	})
}
