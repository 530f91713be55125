package intentbridge

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// disk is a Memory that outlives a ledger, and can be full.
type disk struct {
	mu     sync.Mutex
	values map[string]string
	full   bool
}

func (d *disk) SetSetting(key, value string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return fault.New(fault.StorageFull, "test: disk", "full")
	}
	if value == "" {
		delete(d.values, key)
	} else {
		d.values[key] = value
	}
	return nil
}

func (d *disk) Settings(prefix string) (map[string]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := maps.Clone(d.values)
	maps.DeleteFunc(found, func(key, _ string) bool { return !strings.HasPrefix(key, prefix) })
	return found, nil
}

// desk is a ledger over a disk and a clock that stands until it is moved.
type desk struct {
	t    *testing.T
	disk *disk
	now  time.Time
	*Ledger
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, disk: &disk{values: map[string]string{}}, now: time.UnixMilli(1706515200123).UTC()}
	d.restart()
	return d
}

// restart forgets everything that is not on disk, as a kill does.
func (d *desk) restart() {
	d.t.Helper()
	ledger, err := New(Options{Memory: d.disk, Now: func() time.Time { return d.now }})
	require.NoError(d.t, err)
	d.Ledger = ledger
}

func (d *desk) begin(paymentID string) string {
	d.t.Helper()
	out, err := d.Begin(Request{Amount: 1200, ClassificationCode: 5, AuthorizationID: "AUTH01", TerminalID: device}, paymentID)
	require.NoError(d.t, err)
	return out.CorrID
}

func (d *desk) open() []string {
	d.t.Helper()
	list, err := d.Open()
	require.NoError(d.t, err)
	return corrIDs(list)
}

func corrIDs(list []Payment) []string {
	ids := []string{}
	for _, p := range list {
		ids = append(ids, p.CorrID)
	}
	return ids
}

func (d *desk) fails(code fault.Code, corrID string, result ResultCode, text string) {
	d.t.Helper()
	before := maps.Clone(d.disk.values)
	p, err := d.Settle(corrID, result, []byte(text))
	require.Equal(d.t, code, fault.CodeOf(err), "%v", err)
	require.Equal(d.t, Payment{}, p)
	require.Equal(d.t, before, d.disk.values, "a result that is not taken changes nothing")
}

func TestOptionsAreNeeded(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Now: time.Now})
	require.Equal(t, fault.InvalidConfig, fault.CodeOf(err))
	_, err = New(Options{Memory: &disk{}})
	require.Equal(t, fault.InvalidConfig, fault.CodeOf(err))
}

// The row is there before the Intent can go out, and a kill at any time leaves it open.
func TestAKilledAppLeavesThePaymentOpen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.begin("pay-1")
	require.Equal(t, "CORR-5-1706515200123", id)
	d.restart()
	list, err := d.Open()
	require.NoError(t, err)
	require.Equal(t, []Payment{{CorrID: id, State: Open, Amount: 1200, PaymentID: "pay-1", StartedAt: time.Unix(1706515200, 0).UTC()}}, list)
	d.disk.full = true
	_, err = d.Settle(id, ResultOK, []byte(success))
	require.Equal(t, fault.StorageFull, fault.CodeOf(err))
	out, err := d.Begin(Request{Amount: 1, ClassificationCode: 5, AuthorizationID: "A", TerminalID: device}, "")
	require.Equal(t, fault.StorageFull, fault.CodeOf(err))
	require.Empty(t, out, "no Intent for what is not on disk")
	d.disk.full = false
	d.restart()
	require.Equal(t, []string{id}, d.open())
}

// One payment of the backend is charged by one card payment: while nobody knows what became of it, and when it has its result.
func TestAPaymentIsChargedOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	again := func(want fault.Code) {
		t.Helper()
		before := maps.Clone(d.disk.values)
		_, err := d.Begin(Request{Amount: 1200, ClassificationCode: 5, AuthorizationID: "AUTH01", TerminalID: device}, "pay-1")
		require.Equal(t, want, fault.CodeOf(err), "%v", err)
		require.Equal(t, before, d.disk.values)
	}
	id := d.begin("pay-1")
	again(fault.Conflict)
	d.restart()
	again(fault.Conflict)
	require.NotEqual(t, id, d.begin("pay-2"), "another payment can begin meanwhile")
	_, err := d.Resolve(id, Success)
	require.NoError(t, err)
	again(fault.AlreadyResolved)
	_, err = d.Record(t.Context(), id, "", &office{})
	require.NoError(t, err)
	again(fault.AlreadyResolved)
}

// A corr_id never repeats: not within a millisecond, not after a kill, not when the clock goes back, nor after years of payments.
func TestACorrIDNeverRepeats(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	seen := map[string]bool{}
	for i := range keepClosed + 60 {
		switch i % 50 {
		case 10:
			d.restart()
		case 20:
			d.now = d.now.Add(-time.Hour)
		case 30:
			d.now = d.now.Add(2 * time.Millisecond)
		}
		id := d.begin("")
		require.Regexp(t, `^CORR-\d+-\d{13}$`, id)
		require.False(t, seen[id], "%s came twice", id)
		seen[id] = true
		_, err := d.Resolve(id, Cancelled)
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(d.disk.values), keepClosed+1, "the oldest are forgotten")
	var wait sync.WaitGroup
	ids := make(chan string, 100)
	for range 100 {
		wait.Go(func() { ids <- d.begin("") })
	}
	wait.Wait()
	close(ids)
	for id := range ids {
		require.False(t, seen[id], "%s came twice", id)
		seen[id] = true
	}
}

// The form of a corr_id has 13 digits of milliseconds: 2001 to 2286.
func TestAClockFarOffStillGivesCorrIDs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.now = time.UnixMilli(0)
	require.Equal(t, "CORR-5-1000000000000", d.begin(""))
	d.now = time.UnixMilli(9_999_999_999_999)
	require.Equal(t, "CORR-5-9999999999999", d.begin(""))
	_, err := d.Begin(Request{Amount: 1, ClassificationCode: 5, AuthorizationID: "A", TerminalID: device}, "")
	require.Equal(t, fault.ClockWrong, fault.CodeOf(err))
}

func TestARefusedRequestLeavesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for code, r := range map[fault.Code]Request{
		fault.InvalidAmount:  {ClassificationCode: 5, AuthorizationID: "A", TerminalID: device},
		fault.InvalidRequest: {Amount: 1, ClassificationCode: 10, AuthorizationID: "A", TerminalID: device},
	} {
		_, err := d.Begin(r, "")
		require.Equal(t, code, fault.CodeOf(err))
	}
	_, err := d.Begin(Request{Amount: 1, ClassificationCode: 5, AuthorizationID: "A", TerminalID: device}, "../refund")
	require.Equal(t, fault.InvalidRequest, fault.CodeOf(err))
	require.Empty(t, d.disk.values)
}

func TestAResultClosesItsPaymentOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.begin("")
	p, err := d.Settle(id, ResultOK, []byte(success))
	require.NoError(t, err)
	require.Equal(t, Payment{
		CorrID: id, State: Settled, Amount: 1200, StartedAt: d.now.Truncate(time.Second), ClosedAt: d.now.Truncate(time.Second),
		Result: Result{Status: Success, ApprovalCode: "012345", CardSlipNumber: "00123", CardLast4: "0042"},
	}, p)
	require.Empty(t, d.open())
	d.restart()
	d.fails(fault.AlreadyResolved, id, ResultOK, success)
	d.fails(fault.AlreadyResolved, id, ResultOK, `{"status":"declined"}`)
	d.fails(fault.AlreadyResolved, id, ResultCanceled, "")
	_, err = d.Resolve(id, Declined)
	require.Equal(t, fault.AlreadyResolved, fault.CodeOf(err))
}

// Whose result it is: protocol section 6.2 and what a result without corr_id can be.
func TestWhoseResultItIs(t *testing.T) {
	t.Parallel()
	named := func(id string) string { return strings.Replace(success, "{", `{"corr_id":"`+id+`",`, 1) }
	const foreign = "CORR-5-1600000000000"
	d := newDesk(t)
	d.fails(fault.PaymentUnknown, "", ResultOK, success)
	d.fails(fault.PaymentUnknown, foreign, ResultOK, success)
	d.fails(fault.PaymentUnknown, "", ResultOK, named(foreign))
	first := d.begin("")
	d.fails(fault.ForeignCorrID, first, ResultOK, named(foreign))
	d.fails(fault.PaymentUnknown, foreign, ResultOK, success)
	d.fails(fault.PaymentUnknown, foreign, ResultOK, named(foreign))
	second := d.begin("")
	d.fails(fault.ForeignCorrID, "", ResultOK, success)
	d.fails(fault.ForeignCorrID, second, ResultOK, success)
	d.fails(fault.ForeignCorrID, second, ResultCanceled, "")
	d.fails(fault.PaymentUnknown, foreign, ResultOK, success)
	p, err := d.Settle("", ResultOK, []byte(named(second)))
	require.NoError(t, err)
	require.Equal(t, second, p.CorrID, "it names itself")
	d.fails(fault.AlreadyResolved, second, ResultOK, success)
	p, err = d.Settle("", ResultOK, []byte(success))
	require.NoError(t, err)
	require.Equal(t, first, p.CorrID, "the one that is open")
}

func TestWhatACardAppEndsWith(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code   ResultCode
		result string
		want   Status // "" is card_app_result_invalid
	}{
		"ok, success":            {ResultOK, success, Success},
		"ok, declined":           {ResultOK, `{"status":"declined","error_message":"no"}`, Declined},
		"ok, nothing":            {ResultOK, "", ""},
		"ok, garbage":            {ResultOK, "oops", ""},
		"cancelled, nothing":     {ResultCanceled, "", Cancelled},
		"cancelled, declined":    {ResultCanceled, `{"status":"declined"}`, Declined},
		"cancelled, garbage":     {ResultCanceled, "oops", ""},
		"cancelled, yet success": {ResultCanceled, success, ""},
		"another code":           {"1", success, ""},
		"no code":                {"", success, ""},
	} {
		d := newDesk(t)
		id := d.begin("")
		if tt.want == "" {
			d.fails(fault.CardAppResultInvalid, id, tt.code, tt.result)
			require.Equal(t, []string{id}, d.open(), name)
			continue
		}
		p, err := d.Settle(id, tt.code, []byte(tt.result))
		require.NoError(t, err, name)
		require.Equal(t, tt.want, p.Result.Status, name)
	}
}

func TestTheOperatorsWord(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.begin("")
	_, err := d.Resolve(id, "approved")
	require.Equal(t, fault.InvalidRequest, fault.CodeOf(err))
	_, err = d.Resolve("CORR-5-1600000000000", Declined)
	require.Equal(t, fault.PaymentUnknown, fault.CodeOf(err))
	p, err := d.Resolve(id, Declined)
	require.NoError(t, err)
	require.True(t, p.ByOperator)
	require.Equal(t, Declined, p.Result.Status)
	d.fails(fault.AlreadyResolved, id, ResultOK, success)
	_, err = d.Settle(id, ResultOK, []byte(success))
	require.ErrorContains(t, err, "it ended as declined, and that stays; this result says success: the card was charged", "somebody has to hear of the money")
	_, err = d.Settle(id, ResultOK, []byte(`{"status":"declined"}`))
	require.NotContains(t, err.Error(), "says")
}

// A row that a flash error took is an open payment: nobody knows what became of it. The others go on.
func TestADamagedRowIsOpen(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id, other := d.begin(""), d.begin("")
	_, err := d.Resolve(id, Success)
	require.NoError(t, err)
	d.disk.values["card."+id] = `{"state":"set`
	require.Equal(t, []string{id, other}, d.open())
	_, err = d.Resolve(id, Success)
	require.NoError(t, err)
	require.NotEqual(t, id, d.begin(""))
}

// What stands on disk has no card number, whatever the card app sends.
func TestNoCardNumberIsStored(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.begin("")
	_, err := d.Settle(id, ResultOK, []byte(`{"status":"error","error_message":"5555555555554444","pan":"5555-5555-5555-4444","track":["5555555555554444=2912"]}`))
	require.NoError(t, err)
	id = d.begin("")
	for _, field := range []string{"approval_code", "card_slip_number"} {
		for _, number := range []string{"5555555555554444", "5555-5555-5555-4444", "PAN:5555.5555.5555.4444", "5555/5555/5555/4444"} {
			fields := map[string]string{"status": "success", "approval_code": "012345", "card_slip_number": "00123", "card_last_4": "0042"}
			fields[field] = number
			text, err := json.Marshal(fields)
			require.NoError(t, err)
			d.fails(fault.CardAppResultInvalid, id, ResultOK, string(text))
		}
	}
	for _, value := range d.disk.values {
		require.NotContains(t, value, "5555")
	}
}
