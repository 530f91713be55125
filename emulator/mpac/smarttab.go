package mpac

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/smartpos-go/terminal/emulator/state"
)

// smarttab is svc-smarttab: orders, bills, payments (protocol section 2.5). It trusts the headers that the gateway injected.
type smarttab struct {
	state   *state.State
	clock   *state.Clock
	channel *channel
	routes  []route
	// road is the way to the payment gateway; nil without one.
	road *road
	// look tells Run that a QR payment was made.
	look chan struct{}
}

func newSmarttab(st *state.State, clock *state.Clock, c *channel) *smarttab {
	t := &smarttab{state: st, clock: clock, channel: c, look: make(chan struct{}, 1)}
	t.routes = []route{
		{http.MethodPost, "/orders", t.writing(false, t.createOrder)},
		{http.MethodGet, "/orders", t.listing(kindOrder)},
		{http.MethodGet, "/orders/{id}", t.reading(kindOrder)},
		{http.MethodPatch, "/orders/{id}", t.writing(false, t.changeOrder)},
		{http.MethodPost, "/orders/{id}/cancel", t.writing(false, t.cancelOrder)},
		{http.MethodPost, "/bills", t.writing(false, t.createBill)},
		{http.MethodGet, "/bills", t.listing(kindBill)},
		{http.MethodPost, "/bills/combine", t.writing(false, t.combineBills)},
		{http.MethodGet, "/bills/{id}", t.reading(kindBill)},
		{http.MethodPost, "/bills/{id}/split", t.writing(false, t.splitBill)},
		{http.MethodPost, "/payments", t.pay},
		{http.MethodGet, "/payments", t.listing(kindPayment)},
		{http.MethodGet, "/payments/{id}", t.reading(kindPayment)},
		{http.MethodPatch, "/payments/{id}", t.writing(false, t.updatePayment)},
		{http.MethodPost, "/payments/{id}/refund", t.writing(true, t.refundPayment)},
	}
	return t
}

// now is the time of a row.
func (t *smarttab) now() string { return stamp(t.clock.Now()) }

// reading answers one resource of the caller's store.
func (t *smarttab) reading(kind string) func(w http.ResponseWriter, r request) error {
	return func(w http.ResponseWriter, r request) error {
		var body json.RawMessage
		if err := t.state.Do(func(tx *sql.Tx) error { return loadRow(tx, callerOf(r.Header), kind, r.id, &body) }); err != nil {
			return err
		}
		answerText(w, http.StatusOK, body)
		return nil
	}
}

// listing answers the newest resources of the caller's store; the query's limit is 1 to 1000, by default 100 (ours).
func (t *smarttab) listing(kind string) func(w http.ResponseWriter, r request) error {
	return func(w http.ResponseWriter, r request) error {
		limit := usualListLen
		if text := r.URL.Query().Get("limit"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > maxListLen {
				return no(http.StatusBadRequest, "invalid_request", "limit must be 1 to 1000")
			}
			limit = n
		}
		var items []json.RawMessage
		if err := t.state.Do(func(tx *sql.Tx) (err error) {
			items, err = listRows(tx, callerOf(r.Header), kind, limit)
			return err
		}); err != nil {
			return err
		}
		answer(w, http.StatusOK, map[string]any{"items": items})
		return nil
	}
}
