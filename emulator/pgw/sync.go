package pgw

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/smartpos-go/terminal/emulator/strictjson"
)

// maxSync is how many merchants one call may bring.
const maxSync = 1000

type merchant struct {
	id, code, name, status, stores string
}

// syncMerchants takes the portal's hierarchy over: merchants by id, each with all its stores (OPEN, protocol section 4.8).
func (s *Server) syncMerchants(c *call) (int, any, error) {
	o, err := strictjson.Read(c.body)
	if err != nil {
		return 0, nil, errJSON
	}
	rows, ok := o.List("merchants")
	if !ok || len(rows) > maxSync {
		return 0, nil, unfit("merchants", "merchants must be a list of at most 1000")
	}
	list := make([]merchant, len(rows))
	for n, raw := range rows {
		if list[n], ok = readMerchant(raw); !ok {
			return 0, nil, unfit("merchants", "merchant "+strconv.Itoa(n)+": id, code, name, status active or inactive, and stores of the same form are needed")
		}
	}
	for _, m := range list {
		if err := upsertMerchant(c.tx, c.client.organisation, m); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusOK, map[string]int{"upserted": len(list)}, nil
}

func upsertMerchant(tx *sql.Tx, organisation string, m merchant) error {
	_, err := tx.Exec("INSERT OR REPLACE INTO pgw_merchant(organisation, id, code, name, status, stores) VALUES(?,?,?,?,?,?)",
		organisation, m.id, m.code, m.name, m.status, m.stores)
	return err
}

func readMerchant(raw json.RawMessage) (merchant, bool) {
	o, err := strictjson.Read(raw)
	if err != nil {
		return merchant{}, false
	}
	m, ok := readPlace(o)
	stores, listed := o.List("stores")
	if !ok || !listed {
		return merchant{}, false
	}
	for _, each := range stores {
		store, err := strictjson.Read(each)
		if err != nil {
			return merchant{}, false
		}
		if _, ok := readPlace(store); !ok {
			return merchant{}, false
		}
	}
	m.stores = string(o["stores"])
	return m, true
}

// readPlace reads what a merchant and a store have alike.
func readPlace(o strictjson.Object) (merchant, bool) {
	var m merchant
	for _, f := range []struct {
		name string
		into *string
	}{{"id", &m.id}, {"code", &m.code}, {"name", &m.name}, {"status", &m.status}} {
		value, ok := o.Text(f.name)
		if !ok || value == "" || len(value) > 255 {
			return merchant{}, false
		}
		*f.into = value
	}
	return m, m.status == "active" || m.status == "inactive"
}
