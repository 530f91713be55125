package mpac

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// Kinds of rows.
const (
	kindOrder   = "order"
	kindBill    = "bill"
	kindPayment = "payment"
	kindRefund  = "refund"
)

// Every resource is one row: its JSON as it is answered, beside the columns that rules ask for. Rows are only ever reached through
// the caller's merchant and store, so that another store's do not exist.

// nextNumber counts the resources of a kind in a store.
func nextNumber(tx *sql.Tx, c caller, kind string) (n int64, err error) {
	err = tx.QueryRow("SELECT ifnull(max(number), 0) + 1 FROM mpac_row WHERE kind = ? AND merchant_id = ? AND store_id = ?", kind, c.merchantID, c.storeID).Scan(&n)
	return n, err
}

func insertRow(tx *sql.Tx, c caller, kind, id, parent string, number int64, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("emulator: %s: %w", kind, err)
	}
	_, err = tx.Exec("INSERT INTO mpac_row(id, kind, merchant_id, store_id, number, parent, body) VALUES(?,?,?,?,?,?,?)",
		id, kind, c.merchantID, c.storeID, number, parent, string(text))
	return err
}

// loadRow reads one resource of the caller's store; anybody else's is errNotFound.
func loadRow(tx *sql.Tx, c caller, kind, id string, into any) error {
	var text string
	err := tx.QueryRow("SELECT body FROM mpac_row WHERE id = ? AND kind = ? AND merchant_id = ? AND store_id = ?", id, kind, c.merchantID, c.storeID).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotFound
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), into)
}

func saveRow(tx *sql.Tx, id string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("emulator: row: %w", err)
	}
	_, err = tx.Exec("UPDATE mpac_row SET body = ? WHERE id = ?", string(text), id)
	return err
}

// listRows gives the bodies of a kind in the caller's store, newest first.
func listRows(tx *sql.Tx, c caller, kind string, limit int) ([]json.RawMessage, error) {
	return queryBodies(tx, "SELECT body FROM mpac_row WHERE kind = ? AND merchant_id = ? AND store_id = ? ORDER BY number DESC LIMIT ?",
		kind, c.merchantID, c.storeID, limit)
}

// paymentsOf gives all payments of a bill, oldest first.
func paymentsOf(tx *sql.Tx, billID string) ([]payment, error) {
	bodies, err := queryBodies(tx, "SELECT body FROM mpac_row WHERE parent = ? AND kind = ? ORDER BY number", billID, kindPayment)
	if err != nil {
		return nil, err
	}
	list := make([]payment, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal(body, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func queryBodies(tx *sql.Tx, query string, args ...any) ([]json.RawMessage, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	list := []json.RawMessage{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, json.RawMessage(text))
	}
	return list, rows.Err()
}
