package mpac

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/smartpos-go/terminal/emulator/ulid"
)

// Pauses between two looks at the payment gateway while QR payments are open (ours; the vendor's pages say that it is polled). They
// grow while nothing happens.
const (
	lookFirst = 250 * time.Millisecond
	lookLast  = 4 * time.Second
)

// openQR is a QR payment that has not ended.
type openQR struct {
	paymentID string
	caller    caller
	since     time.Time
}

// Run follows open QR payments at the payment gateway until ctx ends, and goes on where the server before it stopped. Without a
// payment gateway it returns.
func (s *Server) Run(ctx context.Context) {
	t := s.smarttab
	if t.road == nil {
		return
	}
	pause := lookFirst
	for {
		open, changed, err := t.follow(ctx)
		var again <-chan time.Time
		if open > 0 || err != nil {
			if changed {
				pause = lookFirst
			}
			again, pause = time.After(pause), min(pause*3/2, lookLast)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.look:
			pause = lookFirst
		case <-again:
		}
	}
}

// lookNow makes Run look at once, and often.
func (t *smarttab) lookNow() {
	select {
	case t.look <- struct{}{}:
	default:
	}
}

// follow brings the open QR payments up to date, and gives how many there were and whether one moved.
func (t *smarttab) follow(ctx context.Context) (open int, changed bool, err error) {
	payments, err := t.openQRs()
	if err != nil || len(payments) == 0 {
		return 0, false, err
	}
	found, all, err := t.intents(ctx, payments)
	if err != nil {
		return len(payments), false, err
	}
	for _, q := range payments {
		moved, moveErr := t.moveQR(q, found[q.paymentID], all) // one that cannot be moved does not hold the others up
		changed, err = changed || moved, errors.Join(err, moveErr)
	}
	return len(payments), changed, err
}

func (t *smarttab) openQRs() (list []openQR, err error) {
	err = t.state.Do(func(tx *sql.Tx) error {
		rows, err := tx.Query("SELECT payment_id, merchant_id, store_id, since FROM mpac_qr ORDER BY since")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var q openQR
			var since int64
			if err := rows.Scan(&q.paymentID, &q.caller.merchantID, &q.caller.storeID, &since); err != nil {
				return err
			}
			q.since = time.Unix(since, 0)
			list = append(list, q)
		}
		return rows.Err()
	})
	return list, err
}

// intents reads the gateway's list from the newest on, as far as the open payments go; all is true when it was read to its end.
func (t *smarttab) intents(ctx context.Context, payments []openQR) (found map[string]intent, all bool, err error) {
	found = map[string]intent{}
	wanted := map[string]bool{}
	for _, q := range payments {
		wanted[q.paymentID] = true
	}
	after := ""
	for len(found) < len(wanted) {
		page, more, err := t.road.list(ctx, after)
		if err != nil {
			return nil, false, err
		}
		for _, i := range page {
			if wanted[i.MerchantRefID] {
				found[i.MerchantRefID] = i
			}
			after = i.ID
		}
		if !more || len(page) == 0 {
			return found, true, nil
		}
	}
	return found, false, nil
}

// moveQR moves one payment. One that the gateway never heard of, because nobody asked again, ends when its time is up.
func (t *smarttab) moveQR(q openQR, i intent, all bool) (moved bool, err error) {
	if i.ID == "" {
		if !all || t.clock.Now().Sub(q.since) < qrLife {
			return false, nil
		}
		i.Status, i.CancellationReason = cancelled, "expired"
	}
	var told []string
	err = t.state.Do(func(tx *sql.Tx) error {
		var p payment
		if err := loadRow(tx, q.caller, kindPayment, q.paymentID, &p); err != nil {
			return err
		}
		before := p.Status
		told, err = t.end(tx, q.caller, &p, i)
		moved = err == nil && p.Status != before
		return err
	})
	if err != nil {
		return false, err
	}
	t.channel.wake(told...)
	return moved, nil
}

// tell stores payment.updated for every device of the payment's store, and gives which: a bill is opened at one terminal and paid at
// another, and all of them may read it.
func (t *smarttab) tell(tx *sql.Tx, p payment) (told []string, err error) {
	devices, err := devicesOf(tx, p.MerchantID, p.StoreID)
	if err != nil {
		return nil, err
	}
	payload, err := json.Marshal(map[string]string{"payment_id": p.ID, "bill_id": p.BillID, "status": p.Status})
	if err != nil {
		return nil, err
	}
	now := t.clock.Now()
	for _, d := range devices {
		id, err := ulid.New(t.state.Rand, now)
		if err != nil {
			return nil, err
		}
		if _, err := storeEvent(tx, d, event{id: id, at: now, name: "payment.updated", payload: payload}); err != nil {
			return nil, err
		}
		told = append(told, d.id)
	}
	return told, nil
}
