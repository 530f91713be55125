package intentbridge

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smartpos-go/terminal/fault"
)

// office is a backend: it keeps the first result of each payment, and answers as it is told.
type office struct {
	mu     sync.Mutex
	answer fault.Code // "" takes it
	lost   bool       // takes it, and the answer gets lost
	keys   []string
	rows   map[string]Status
}

func (o *office) RecordCard(_ context.Context, paymentID string, p Payment, key string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keys = append(o.keys, key)
	if o.answer != "" {
		return fault.New(o.answer, "test: office", "as told")
	}
	if o.rows == nil {
		o.rows = map[string]Status{}
	}
	o.rows[paymentID] = p.Result.Status
	if o.lost {
		return fault.New(fault.OutcomeUnknown, "test: office", "lost")
	}
	return nil
}

func (d *desk) unrecorded() []Payment {
	d.t.Helper()
	list, err := d.Unrecorded()
	require.NoError(d.t, err)
	return list
}

func (d *desk) settled(paymentID string) string {
	d.t.Helper()
	id := d.begin(paymentID)
	_, err := d.Settle(id, ResultOK, []byte(success))
	require.NoError(d.t, err)
	return id
}

// With a payment named at the start the result is due the moment it is known: a kill right behind it loses nothing.
func TestAResultIsDueFromTheMomentItIsKnown(t *testing.T) {
	t.Parallel()
	d, o := newDesk(t), &office{answer: fault.NetworkUnavailable}
	id := d.settled("pay-1")
	d.restart()
	require.Equal(t, []string{id}, corrIDs(d.unrecorded()))
	recorded, left, err := d.RecordDue(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, []int{recorded, left})
	require.Equal(t, fault.NetworkUnavailable, d.unrecorded()[0].RecordError)
	d.restart()
	o.answer, o.lost = "", true
	_, err = d.Record(t.Context(), id, "", o)
	require.Equal(t, fault.OutcomeUnknown, fault.CodeOf(err))
	o.lost = false
	recorded, left, err = d.RecordDue(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, []int{recorded, left})
	require.Equal(t, []string{id + "-pay-1", id + "-pay-1", id + "-pay-1"}, o.keys, "one operation, one key")
	recorded, left, err = d.RecordDue(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, []int{0, 0}, []int{recorded, left})
	p, err := d.Record(t.Context(), id, "pay-1", o)
	require.NoError(t, err)
	require.Equal(t, Recorded, p.State)
	require.Len(t, o.keys, 3, "what is recorded is not sent again")
}

func TestWhatCanBeRecorded(t *testing.T) {
	t.Parallel()
	d, o := newDesk(t), &office{}
	id := d.begin("")
	for corrID, want := range map[string]fault.Code{id: fault.OutcomeUnknown, "CORR-5-1600000000000": fault.PaymentUnknown} {
		_, err := d.Record(t.Context(), corrID, "pay-1", o)
		require.Equal(t, want, fault.CodeOf(err))
	}
	_, err := d.Settle(id, ResultCanceled, nil)
	require.NoError(t, err)
	require.Empty(t, d.unrecorded(), "no payment was named")
	for _, paymentID := range []string{"", "../x", "a b"} {
		_, err = d.Record(t.Context(), id, paymentID, o)
		require.Equal(t, fault.InvalidRequest, fault.CodeOf(err), paymentID)
	}
	require.Empty(t, o.keys)
	p, err := d.Record(t.Context(), id, "pay-1", o)
	require.NoError(t, err)
	require.Equal(t, []any{Recorded, "pay-1", Cancelled}, []any{p.State, p.PaymentID, o.rows["pay-1"]})
	_, err = d.Record(t.Context(), id, "pay-2", o)
	require.Equal(t, fault.AlreadyResolved, fault.CodeOf(err), "one charge pays one payment")
}

// What the backend refuses can be recorded elsewhere; what may be recorded cannot.
func TestAnotherPaymentOnlyAfterARefusal(t *testing.T) {
	t.Parallel()
	d, o := newDesk(t), &office{answer: fault.Timeout}
	id := d.settled("pay-1")
	_, err := d.Record(t.Context(), id, "", o)
	require.Equal(t, fault.Timeout, fault.CodeOf(err))
	_, err = d.Record(t.Context(), id, "pay-2", o)
	require.Equal(t, fault.Conflict, fault.CodeOf(err))
	o.answer = fault.NotFound
	_, err = d.Record(t.Context(), id, "", o)
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	require.Equal(t, fault.NotFound, d.unrecorded()[0].RecordError, "it is still seen")
	o.answer = ""
	p, err := d.Record(t.Context(), id, "pay-2", o)
	require.NoError(t, err)
	require.Equal(t, "pay-2", p.PaymentID)
	require.Equal(t, map[string]Status{"pay-2": Success}, o.rows)
}

// Another payment is named while the refused one is asked once more: the late answer does not undo it.
func TestALateRefusalDoesNotUndoAnotherName(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.settled("pay-1")
	_, err := d.Record(t.Context(), id, "", &office{answer: fault.NotFound})
	require.Equal(t, fault.NotFound, fault.CodeOf(err))
	asked, answer := make(chan struct{}), make(chan struct{})
	rows := &office{}
	slow := recorderFunc(func(ctx context.Context, paymentID string, p Payment, key string) error {
		if paymentID != "pay-1" {
			return rows.RecordCard(ctx, paymentID, p, key)
		}
		close(asked)
		<-answer
		return fault.New(fault.NetworkUnavailable, "test: office", "late")
	})
	var wait sync.WaitGroup
	wait.Go(func() { _, _, _ = d.RecordDue(t.Context(), slow) }) // what it gives is the other payment's business
	<-asked
	named := make(chan Payment, 1)
	wait.Go(func() {
		p, err := d.Record(t.Context(), id, "pay-2", slow)
		require.NoError(t, err)
		named <- p
	})
	require.Eventually(t, func() bool { return d.unrecorded()[0].PaymentID == "pay-2" }, 10*time.Second, time.Millisecond)
	close(answer)
	wait.Wait()
	p := <-named
	require.Equal(t, []any{Recorded, "pay-2"}, []any{p.State, p.PaymentID})
	require.Equal(t, map[string]Status{"pay-2": Success}, rows.rows)
	require.Empty(t, d.unrecorded())
}

// One that is refused does not hold the others up.
func TestDueResultsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids := []string{d.settled("a"), d.settled("b"), d.settled("c")}
	picky := recorderFunc(func(_ context.Context, paymentID string, _ Payment, _ string) error {
		if paymentID == "a" {
			return fault.New(fault.Conflict, "test", "no")
		}
		return nil
	})
	recorded, left, err := d.RecordDue(t.Context(), picky)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, []int{recorded, left})
	require.Equal(t, ids[:1], corrIDs(d.unrecorded()))
}

type recorderFunc func(ctx context.Context, paymentID string, p Payment, key string) error

func (f recorderFunc) RecordCard(ctx context.Context, paymentID string, p Payment, key string) error {
	return f(ctx, paymentID, p, key)
}

// Calls at once send a result once, and one who leaves leaves it due.
func TestOneResultIsSentOnceByManyCallers(t *testing.T) {
	t.Parallel()
	d, o := newDesk(t), &office{}
	id := d.settled("pay-1")
	gone, leave := context.WithCancel(t.Context())
	leave()
	waiting := recorderFunc(func(ctx context.Context, _ string, _ Payment, _ string) error {
		return fault.Wrap(fault.Cancelled, "test", ctx.Err())
	})
	_, err := d.Record(gone, id, "", waiting)
	require.Equal(t, fault.Cancelled, fault.CodeOf(err))
	require.Empty(t, d.unrecorded()[0].RecordError, "that somebody left is no reason")
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			p, err := d.Record(t.Context(), id, "", o)
			require.NoError(t, err)
			require.Equal(t, Recorded, p.State)
		})
	}
	wait.Wait()
	require.Len(t, o.keys, 1)
}
